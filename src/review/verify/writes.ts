/** Checks of what a query writes: it prepares, and would fail when it is run. */

import type { ManifestQuery } from '../../generate/manifest-file.js'
import type { Variant } from '../../generate/variants.js'
import type { CheckContext } from './check-query.js'
import type { Severity, Suspicion } from './finding.js'
import { type Write, writesOf } from './inserts.js'
import { type ColumnChange, wordsOf } from './schema-changes.js'

const MET_BY_WRITES: ReadonlySet<ColumnChange['kind']> = new Set(['required', 'not-null', 'narrower', 'no-default'])

/** Finds columns that an INSERT must give now and does not, and NULLs that are not taken any more. */
export async function checkWrites(
  context: CheckContext,
  query: ManifestQuery,
  variants: readonly Variant[],
): Promise<readonly Suspicion[]> {
  const { changes, parse } = context
  const wanted = changes.columns.filter(
    ({ kind, table }) => MET_BY_WRITES.has(kind) && query.tables.written.includes(table),
  )
  if (wanted.length === 0) return []
  const found = new Map<string, Suspicion>()
  for (const { statement, given } of variants) {
    // What cannot be parsed does not prepare either.
    const writes = writesOf(await parse(statement.text).catch(() => null))
    for (const change of wanted) {
      for (const suspicion of checkChange(context, query, writes, change, given)) {
        const key = `${suspicion.severity} ${suspicion.change}`
        if (!found.has(key)) found.set(key, suspicion)
      }
    }
  }
  return [...found.values()]
}

function* checkChange(
  context: CheckContext,
  query: ManifestQuery,
  writes: readonly Write[],
  change: ColumnChange,
  given: string | null,
): Iterable<Suspicion> {
  const { table, column, kind } = change
  const own = writes.filter((write) => write.table === table || write.table === table.split('.').at(-1))
  const when = given === null || given === '' ? '' : ` (when this is given: ${given})`
  if (kind === 'required' && own.some((write) => write.kind === 'insert' && !gives(context, write, change))) {
    const isFilled = context.isFilled(table, column)
    yield suspicion(query, change, isFilled ? 'notice' : 'breaks', {
      message: isFilled
        ? `inserts without ${column}${when}: ${change.what}, unless a trigger fills it, and one names it`
        : `inserts without ${column}${when}: ${change.what}, so the INSERT fails`,
      advice: isFilled
        ? 'see that the trigger gives every row a value'
        : 'give the column a default, or add NOT NULL when no process of the previous release runs',
    })
  }
  if (kind === 'no-default' && own.some((write) => write.kind === 'insert' && !gives(context, write, change))) {
    yield suspicion(query, change, 'notice', {
      message: `inserts without ${column}${when}, which is NULL then: ${change.what}`,
      advice: 'keep the default until no process of the previous release runs, or see that NULL is right there',
    })
  }
  if (kind === 'narrower' && own.some((write) => gives(context, write, change))) {
    yield suspicion(query, change, 'notice', {
      message: `writes ${column}: ${change.what}, which refuses or rounds what does not fit`,
      advice: 'see that the previous release sends nothing that does not fit',
    })
  }
  if (kind !== 'required' && kind !== 'not-null') return
  const wasNotNull = context.before.tables[table]?.columns[column]?.isNotNull ?? true
  if (!wasNotNull && own.some((write) => gives(context, write, change))) {
    yield suspicion(query, change, 'notice', {
      message: `writes ${column}, and may write NULL: ${change.what}`,
      advice: 'see that the previous release never sends NULL for it, or add NOT NULL when none of its processes runs',
    })
  }
}

function gives({ now }: CheckContext, { columns }: Write, { table, column }: ColumnChange): boolean {
  if (typeof columns !== 'number') return columns.includes(column)
  return Object.keys(now.tables[table]?.columns ?? {}).indexOf(column) < columns
}

const RULES: Readonly<Partial<Record<ColumnChange['kind'], string>>> = { narrower: 'limit', 'no-default': 'default' }

function suspicion(
  query: ManifestQuery,
  change: ColumnChange,
  severity: Severity,
  texts: Pick<Suspicion, 'message' | 'advice'>,
): Suspicion {
  return {
    rule: RULES[change.kind] ?? 'not-null',
    severity,
    file: query.file,
    subject: query.name,
    queries: [query.name],
    change: `${change.table}.${change.column}`,
    words: wordsOf(change),
    ...texts,
  }
}
