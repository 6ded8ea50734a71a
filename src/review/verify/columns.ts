/** Checks of what a query gives. */

import type { DescribedColumn } from '../../generate/describe.js'
import { manifestColumns } from '../../generate/manifest.js'
import type { ManifestColumn, ManifestQuery } from '../../generate/manifest-file.js'
import type { CheckContext } from './check-query.js'
import type { Severity, Suspicion } from './finding.js'
import { wordsOf } from './schema-changes.js'
import { columnChange, typescriptOf } from './type-change.js'
import { hasWord } from './words.js'

const KEEP = 'until no process of the previous release runs'

/** Compares the columns that a query gives with those that it gave. Their order does not matter, rows are objects; new
 *  ones (of a star) are not looked at. */
export function checkColumns(
  context: CheckContext,
  query: ManifestQuery,
  described: readonly DescribedColumn[],
): readonly Suspicion[] {
  const now = manifestColumns(described, context)
  const found = query.columns.flatMap((before) => {
    const index = now.findIndex(({ name }) => name === before.name)
    const column = now[index]
    const source = described[index]
    if (column === undefined || source === undefined) return [missing(query, before)]
    return [...checkType(context, query, before, column), ...checkNull(context, query, before, column, source)]
  })
  return [...found, ...checkPromises(context, query, described)]
}

function suspicion(
  query: ManifestQuery,
  rule: string,
  severity: Severity,
  rest: Pick<Suspicion, 'message' | 'advice' | 'change' | 'words'>,
): Suspicion {
  return { rule, severity, file: query.file, subject: query.name, queries: [query.name], ...rest }
}

function missing(query: ManifestQuery, { name }: ManifestColumn): Suspicion {
  return suspicion(query, 'columns', 'breaks', {
    message: `gave a column ${name}, and gives none of that name now`,
    advice: `keep the column, ${KEEP}`,
    change: null,
    words: [name],
  })
}

function checkType(
  { before: facts, now: current }: CheckContext,
  query: ManifestQuery,
  before: ManifestColumn,
  column: ManifestColumn,
): readonly Suspicion[] {
  const isEnum = Object.hasOwn(facts.enums, before.type) && Object.hasOwn(current.enums, column.type)
  const severity = isEnum ? null : columnChange(before.type, column.type)
  if (severity === null) return []
  const [was, is] = [typescriptOf(before.type), typescriptOf(column.type)]
  const told =
    was === is ? `still a ${is} in TypeScript, written in another way` : `${was} in TypeScript, and now ${is}`
  return [
    suspicion(query, 'column-type', severity, {
      message: `gave ${before.name} as ${before.type} and gives ${column.type} now: ${told}`,
      advice:
        severity === 'breaks'
          ? `add a column of the new type beside it, write both, and keep the old one ${KEEP}`
          : 'see that the previous release can do with what it will read',
      change: null,
      words: [column.name, before.type, column.type],
    }),
  ]
}

function checkNull(
  { changes, placeOf }: CheckContext,
  query: ManifestQuery,
  before: ManifestColumn,
  column: ManifestColumn,
  { name, tableID, columnID }: DescribedColumn,
): readonly Suspicion[] {
  if (before.isNullable) return []
  const advice = `keep it NOT NULL ${KEEP}; then drop that, in the release that can read NULL`
  const place = placeOf(tableID, columnID)
  const lost = changes.columns.filter(({ kind }) => kind === 'nullable')
  const own = lost.find(({ table, column }) => table === place?.table && column === place.column)
  const isPromise = name.endsWith('!')
  if (own !== undefined) {
    const promise = isPromise ? ', whatever its `!` says' : ''
    return [
      suspicion(query, 'nullability', 'breaks', {
        message: `never gave NULL as ${before.name}, and may now${promise}: ${own.what}`,
        advice,
        change: `${own.table}.${own.column}`,
        words: wordsOf(own),
      }),
    ]
  }
  if (column.isNullable) {
    const isView = place?.isView === true
    return [
      suspicion(query, 'nullability', isView ? 'notice' : 'breaks', {
        message: isView
          ? `never gave NULL as ${before.name}, which comes from the view ${place.table} now, and that does not tell`
          : `never gave NULL as ${before.name}, and may now`,
        advice: isView ? 'see that no column below the view is NULL where it was not' : advice,
        change: place === null ? null : `${place.table}.${place.column}`,
        words: place === null ? [before.name] : [place.table.split('.').at(-1) ?? '', place.column],
      }),
    ]
  }
  return []
}

/** Columns that are computed and only said never to be NULL (`"x!"`), by an expression that may read NULL now. */
function checkPromises(
  { changes, placeOf }: CheckContext,
  query: ManifestQuery,
  described: readonly DescribedColumn[],
): readonly Suspicion[] {
  const promised = described.filter(
    ({ name, tableID, columnID }) => name.endsWith('!') && placeOf(tableID, columnID) === null,
  )
  if (promised.length === 0) return []
  const names = promised.map(({ name }) => name.slice(0, -1)).join(', ')
  return changes.columns
    .filter(
      ({ kind, table, column }) =>
        kind === 'nullable' && query.tables.read.includes(table) && hasWord(query.ir.statement, column),
    )
    .map((change) =>
      suspicion(query, 'nullability', 'notice', {
        message: `says that what it computes (${names}) is never NULL, and ${change.what}`,
        advice: 'see that the expression gives no NULL for a NULL',
        change: `${change.table}.${change.column}`,
        words: wordsOf(change),
      }),
    )
}
