/** One definition in the words of two servers. A server prints what it has read, not what was written: PostgreSQL 15 prints a
 *  view as `SELECT a`, and 18 as `SELECT t.a`. */

import { compareCatalogues, type Difference } from '../catalogue/compare-catalogues.js'
import type { SchemaObject } from '../catalogue/object.js'
import type { Session } from '../catalogue/session.js'
import { mend } from './mend.js'

/** The parts that hold SQL which a server prints. */
const PRINTED: ReadonlySet<string> = new Set([
  'definition',
  'arguments',
  'body',
  'default',
  'generated',
  'constraints',
  'using',
  'check',
])

/** Gives a description of another server in the words of this one: where texts of an object differ, this server reads
 *  the other's and prints it, in a transaction that is rolled back. What it cannot read stays as it is.
 *  @param read describes the session's database, with names as `own` and `other` have them */
export async function inWordsOf(
  session: Session,
  own: readonly SchemaObject[],
  other: readonly SchemaObject[],
  read: () => Promise<readonly SchemaObject[]>,
): Promise<readonly SchemaObject[]> {
  const differences = (await compareCatalogues(own, other, { isBySchema: false })).flatMap(onlyPrinted)
  if (differences.length === 0) return other
  const words = new Map<string, SchemaObject['parts']>()
  const replaced = new Map<string, readonly string[]>()
  await session.query('SAVEPOINT printed')
  try {
    for (const difference of differences) {
      const text = isView(difference) ? await printView(session, difference.found?.parts.definition ?? '') : null
      if (text !== null) words.set(keyOf(difference), { definition: text })
    }
    for (const difference of differences) {
      if (isView(difference) || !(await replaces(session, difference, other))) continue
      const parts = difference.parts.map(({ part }) => part)
      replaced.set(keyOf(difference), parts)
    }
    for (const object of replaced.size === 0 ? [] : await read()) {
      const parts = replaced.get(keyOf(object)) ?? []
      const texts = Object.entries(object.parts).filter(([part]) => parts.includes(part))
      if (texts.length > 0) words.set(keyOf(object), Object.fromEntries(texts))
    }
  } finally {
    await session.query('ROLLBACK TO SAVEPOINT printed')
  }
  return other.map((object) => ({ ...object, parts: { ...object.parts, ...words.get(keyOf(object)) } }))
}

/** As {@link inWordsOf}, of a session that is in no transaction. */
export async function inWordsOfIdle(...[session, ...rest]: Parameters<typeof inWordsOf>): ReturnType<typeof inWordsOf> {
  await session.query('BEGIN')
  try {
    return await inWordsOf(session, ...rest)
  } finally {
    await session.query('ROLLBACK')
  }
}

function keyOf({ kind, name }: Pick<SchemaObject, 'kind' | 'name'>): string {
  return `${kind} ${name}`
}

function onlyPrinted(difference: Difference): readonly Difference[] {
  const parts = difference.parts.filter(({ part, wanted, found }) => {
    return PRINTED.has(part) && wanted !== null && found !== null
  })
  return parts.length === 0 ? [] : [{ ...difference, parts }]
}

function isView({ kind }: Difference): boolean {
  return kind === 'view' || kind === 'materialized view'
}

/** Under another name: what depends on the view is not touched. */
async function printView(session: Session, definition: string): Promise<string | null> {
  const view = 'pg_temp.printed_view'
  if (!(await runs(session, [`CREATE VIEW ${view} AS ${definition}`]))) return null
  const [row] = await session.query<{ text: string }>(`SELECT pg_get_viewdef('${view}'::regclass) AS text`)
  await session.query(`DROP VIEW ${view}`)
  return row?.text ?? null
}

/** Puts the other's in place of its own. */
async function replaces(session: Session, difference: Difference, other: readonly SchemaObject[]): Promise<boolean> {
  const ways = mend(difference, other)
  for (const steps of ways) {
    let isDone = false
    for (const step of steps) isDone ||= await runs(session, step)
    if (!isDone) return false
  }
  return ways.length > 0
}

async function runs(session: Session, statements: readonly string[]): Promise<boolean> {
  await session.query('SAVEPOINT reading')
  try {
    for (const statement of statements) await session.query(statement)
    await session.query('RELEASE SAVEPOINT reading')
    return true
  } catch {
    await session.query('ROLLBACK TO SAVEPOINT reading')
    return false
  }
}
