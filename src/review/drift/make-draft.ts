/** The draft of a migration for what differs, in both directions, tried on copies of the migrated database. */

import type { ServerTarget } from '../../config.js'
import type { SchemaObject } from '../catalogue/object.js'
import { type CatalogueOptions, readCatalogue } from '../catalogue/read-catalogue.js'
import type { Session } from '../catalogue/session.js'
import { checkSection, type DraftCheck } from './check-draft.js'
import { type Draft, draftChanges } from './draft.js'
import { draftText, sectionText, undoText } from './draft-text.js'
import { isLedger, readMonths } from './left-out.js'
import { migraStatements } from './migra.js'
import { copyRoles, openScratch, withScratch } from './scratch.js'

/** SQL to review. */
export interface SchemaDraft extends DraftCheck {
  /** A migration in the two-marker form; of an undo a script in one transaction. */
  readonly sql: string
}

/** What a draft is made from. */
export interface DraftSides {
  /** The migrated database on a server of its own, to which nobody else is connected. */
  readonly own: ServerTarget
  readonly wanted: readonly SchemaObject[]
  readonly live: Session
  readonly found: readonly SchemaObject[]
  readonly scope: CatalogueOptions
  /** What the draft calls the live database. */
  readonly database: string
  /** Whether the draft takes the database back, as a script for it, and is no migration. */
  readonly isUndo: boolean
  /** Whether the live server prints definitions otherwise than this one. */
  readonly isOtherVersion: boolean
}

interface Sections {
  readonly up: Draft
  readonly down: Draft
}

/** Drafts what makes the migrations yield the live schema, and what takes that back; with `isUndo` only the latter.
 *  Each is run once more on a new copy, as it is written, and compared. */
export async function makeDraft(sides: DraftSides): Promise<SchemaDraft> {
  const admin = await openScratch({ ...sides.own, database: 'postgres' })
  try {
    await copyRoles(sides.live, admin)
    const sections = await withScratch({ server: sides.own, admin }, (scratch) => tryBoth(scratch, sides))
    const check = await withScratch({ server: sides.own, admin }, (scratch) => checkBoth(scratch, sections, sides))
    const { database, isUndo } = sides
    return isUndo
      ? { sql: undoText(sections.down, database), uncovered: check.uncoveredDown, uncoveredDown: [] }
      : { sql: draftText(sections, database), ...check }
  } finally {
    await admin.close()
  }
}

async function tryBoth(
  scratch: Session,
  { own, wanted, live, found, scope, isOtherVersion }: DraftSides,
): Promise<Sections> {
  const { ignoredSchemas = [], keptTables = [] } = scope
  const months = await readMonths(live, keptTables)
  const isLeftOut = (schema: string, relation: string): boolean =>
    isLedger(schema, relation) || months.has(`${schema}.${relation}`)
  const toward = (target: readonly SchemaObject[], other: Session): Promise<Draft> =>
    draftChanges({
      scratch,
      target,
      isOtherVersion: isOtherVersion && target === found,
      read: () => readCatalogue(scratch, scope),
      statements: () => migraStatements(scratch, other, { ignoredSchemas, isLeftOut }),
    })
  const up = await toward(found, live)
  const fresh = await openScratch(own)
  try {
    // migra reads definitions with names as this session has them.
    await readCatalogue(fresh, scope)
    return { up, down: await toward(wanted, fresh) }
  } finally {
    await fresh.close()
  }
}

async function checkBoth(
  scratch: Session,
  { up, down }: Sections,
  { wanted, found, scope, isOtherVersion }: DraftSides,
): Promise<DraftCheck> {
  const read = () => readCatalogue(scratch, scope)
  return {
    uncovered: await checkSection(scratch, { sql: sectionText(up), target: found, draft: up, isOtherVersion }, read),
    uncoveredDown: await checkSection(scratch, { sql: sectionText(down), target: wanted, draft: down }, read),
  }
}
