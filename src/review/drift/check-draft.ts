/** Proves what a draft does: it is run as a migration would be, and what it yields is compared. */

import { compareCatalogues } from '../catalogue/compare-catalogues.js'
import type { SchemaObject } from '../catalogue/object.js'
import type { Session } from '../catalogue/session.js'
import type { Draft } from './draft.js'
import { describeRemaining } from './draft-text.js'
import { inWordsOfIdle } from './printed.js'

/** What the sections of a draft leave, in words. Empty: the one yields the schema, the other takes it back. */
export interface DraftCheck {
  readonly uncovered: readonly string[]
  readonly uncoveredDown: readonly string[]
}

/** A section that is run, what it should yield, and what the draft of it said it leaves. */
export interface SectionRun {
  readonly sql: string
  readonly target: readonly SchemaObject[]
  readonly draft: Draft
  /** Whether the target is in the words of another server's version. Default false. */
  readonly isOtherVersion?: boolean
}

/** Runs a section in one transaction. Gives what is left of the differences, or why it fails. */
export async function checkSection(
  scratch: Session,
  { sql, target, draft, isOtherVersion = false }: SectionRun,
  read: () => Promise<readonly SchemaObject[]>,
): Promise<readonly string[]> {
  try {
    // A session as a migration has it.
    await scratch.query('RESET ALL')
    await scratch.query(`BEGIN;${sql};COMMIT`)
  } catch (error) {
    await scratch.query('ROLLBACK')
    return [`the section fails: ${error instanceof Error ? error.message : String(error)}`]
  }
  const refusals = new Map(
    draft.remaining.map(({ difference, refusal }) => [`${difference.kind} ${difference.name}`, refusal]),
  )
  const yielded = await read()
  const left = await compareCatalogues(
    yielded,
    isOtherVersion ? await inWordsOfIdle(scratch, yielded, target, read) : target,
  )
  return left.map((difference) =>
    describeRemaining({ difference, refusal: refusals.get(`${difference.kind} ${difference.name}`) ?? null }),
  )
}
