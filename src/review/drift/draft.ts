/** Finds statements that turn one schema into another, by trying them. */

import { findMarkers } from '../../migrate/sections.js'
import { compareCatalogues, type Difference } from '../catalogue/compare-catalogues.js'
import type { ObjectKind, SchemaObject } from '../catalogue/object.js'
import type { Session } from '../catalogue/session.js'
import { mend, type Step } from './mend.js'
import { MIGRA_HINT } from './migra.js'
import { inWordsOf } from './printed.js'
import { mayBeMade } from './why-left.js'

/** A database that is there to be tried on, and the one that it is to become like. */
export interface Bench {
  readonly scratch: Session
  /** What it is to become. */
  readonly target: readonly SchemaObject[]
  /** Whether the target is in the words of another server's version. Default false. */
  readonly isOtherVersion?: boolean
  /** Describes the scratch database as it is by now. */
  read(): Promise<readonly SchemaObject[]>
  /** What @pgkit/migra would do; null where it is not installed. */
  statements(): Promise<Step | null>
}

/** What turns one schema into the other, as far as it goes. */
export interface Draft {
  readonly statements: readonly string[]
  readonly remaining: readonly Remaining[]
}

/** A difference that the statements leave, and what the server said to the last that was tried, null when none was. */
export interface Remaining {
  readonly difference: Difference
  readonly refusal: string | null
}

/** Enough for what depends on what depends on what; each ends sooner when it changes nothing. */
const MOST_PASSES = 10

/** Drops come first, in this order; then it is made from the last to the first. */
const DROP_ORDER: readonly ObjectKind[] = [
  'policy',
  'rule',
  'trigger',
  'view',
  'materialized view',
  'statistics',
  'index',
  'constraint',
  'aggregate',
  'procedure',
  'function',
  'column',
  'foreign table',
  'table',
  'sequence',
  'domain',
  'type',
  'enum',
  'extension',
  'schema',
]

/** Tries statements on the scratch database, in one transaction as a migration would run, and keeps those that work:
 *  first the plain ones for each difference, over again as long as that leaves fewer, then those of @pgkit/migra for the
 *  rest. The transaction is committed. */
export async function draftChanges(bench: Bench): Promise<Draft> {
  const { scratch } = bench
  await scratch.query('BEGIN')
  const trial = new Trial(bench)
  await trial.repeat()
  // It takes seconds.
  if (trial.remaining.some(mayBeMade) && (await trial.migrate())) await trial.repeat()
  await scratch.query('COMMIT')
  return {
    statements: trial.statements,
    remaining: trial.remaining.map((difference) => ({ difference, refusal: trial.refusalOf(difference) })),
  }
}

/** How @pgkit/migra takes values from an enum. Where checks or triggers know the type it leaves the old one behind. */
const ENUM_MADE_ANEW = /__old_version_to_be_dropped|^create type .* as enum|using \S+::text::/is

class Trial {
  readonly #bench: Bench
  readonly #refusals = new Map<string, string>()
  /** What was left each time: when it comes again, trying goes in a circle. */
  readonly #seen = new Set<string>()
  readonly #done = new Set<string>()
  #isMigraMissing = false
  statements: readonly string[] = []
  remaining: readonly Difference[] = []

  constructor(bench: Bench) {
    this.#bench = bench
  }

  refusalOf(difference: Difference): string | null {
    const refusal = this.#refusals.get(`${difference.kind} ${difference.name}`) ?? null
    if (!this.#isMigraMissing || !mayBeMade(difference) || refusal === HOLDS_MARKER) return refusal
    return refusal === null ? MIGRA_HINT : `${refusal}; ${MIGRA_HINT}`
  }

  async repeat(): Promise<void> {
    this.remaining = await this.#compare()
    this.#seen.add(fingerprint(this.remaining))
    for (let pass = 0; pass < MOST_PASSES && this.remaining.length > 0; pass += 1) {
      if (!(await this.#keepIfNew(() => this.#pass()))) return
    }
  }

  /** Takes the statements of @pgkit/migra together, or, where one of them fails, those that work if that is for the good. */
  async migrate(): Promise<boolean> {
    const statements = await this.#bench.statements()
    this.#isMigraMissing = statements === null
    if (statements === null) return false
    const others = statements.filter((statement) => !ENUM_MADE_ANEW.test(statement))
    for (const step of [statements, others]) {
      if (await this.#keepIfFewer(async () => ((await this.#try(step)) === null ? step : []))) return true
    }
    return this.#keepIfFewer(async () => {
      const done: string[] = []
      for (const statement of others) if ((await this.#try([statement])) === null) done.push(statement)
      return done
    })
  }

  async #pass(): Promise<Step> {
    const done: string[] = []
    for (const difference of [...this.remaining].sort(byOrder)) {
      for (const ways of mend(difference, this.#bench.target)) {
        for (const step of ways) {
          // What worked, and left the very same difference, is not done again.
          const attempt = `${fingerprint([difference])} ${step.join()}`
          if (this.#done.has(attempt)) continue
          const refusal = await this.#try(step)
          if (refusal === null) {
            this.#done.add(attempt)
            done.push(...step)
            break
          }
          this.#refusals.set(`${difference.kind} ${difference.name}`, refusal)
        }
      }
    }
    return done
  }

  /** Keeps what was done when it leaves other differences than ever before: new ones may show when a table is there. */
  #keepIfNew(work: () => Promise<Step>): Promise<boolean> {
    return this.#keepIf(work, (left) => !this.#seen.has(fingerprint(left)))
  }

  #keepIfFewer(work: () => Promise<Step>): Promise<boolean> {
    return this.#keepIf(work, (left) => left.length < this.remaining.length)
  }

  async #keepIf(work: () => Promise<Step>, isGood: (left: readonly Difference[]) => boolean): Promise<boolean> {
    const { scratch } = this.#bench
    await scratch.query('SAVEPOINT attempt')
    const done = await work()
    const left = done.length === 0 ? this.remaining : await this.#compare()
    const isKept = isGood(left)
    await scratch.query(isKept ? 'RELEASE SAVEPOINT attempt' : 'ROLLBACK TO SAVEPOINT attempt')
    if (!isKept) return false
    this.#seen.add(fingerprint(left))
    this.remaining = left
    this.statements = [...this.statements, ...done]
    return true
  }

  /** Gives what the server said against it, or null when it works. */
  async #try(step: Step): Promise<string | null> {
    const { scratch } = this.#bench
    if (step.some(holdsMarker)) return HOLDS_MARKER
    await scratch.query('SAVEPOINT step')
    try {
      for (const statement of step) await scratch.query(statement)
      await scratch.query('RELEASE SAVEPOINT step')
      return null
    } catch (error) {
      await scratch.query('ROLLBACK TO SAVEPOINT step')
      return error instanceof Error ? error.message : String(error)
    }
  }

  async #compare(): Promise<readonly Difference[]> {
    const { scratch, target, isOtherVersion = false, read } = this.#bench
    const own = await read()
    const wanted = isOtherVersion ? await inWordsOf(scratch, own, target, read) : target
    return compareCatalogues(own, wanted, { isBySchema: false })
  }
}

const HOLDS_MARKER = 'it has a line at which a migration file would be cut: change that line, and write it by hand'

/** node-pg-migrate knows nothing of strings and comments. */
function holdsMarker(statement: string): boolean {
  return findMarkers(statement, 'up').length + findMarkers(statement, 'down').length > 0
}

function fingerprint(differences: readonly Difference[]): string {
  return JSON.stringify(differences.map(({ change, kind, name, parts }) => [change, kind, name, parts]))
}

function byOrder(one: Difference, other: Difference): number {
  return placeOf(one) - placeOf(other)
}

/** Of a scratch database, what is missing in the target is to be dropped. */
function placeOf({ change, kind }: Difference): number {
  const place = DROP_ORDER.indexOf(kind)
  return change === 'missing' ? place : 2 * DROP_ORDER.length - place
}
