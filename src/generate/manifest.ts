/** Writes the manifest of a project's queries. */

import { propertyName } from '../engine/row-shape.js'
import type { DescribedColumn } from './describe.js'
import { FORMAT, type Manifest, type ManifestColumn, type ManifestQuery } from './manifest-file.js'
import type { QueryFacts } from './rewrite.js'
import type { Tables } from './tables.js'

/** What was learnt about a query. */
export interface ManifestFacts extends QueryFacts {
  readonly tables: Tables
  readonly columns: readonly ManifestColumn[]
}

/** What a manifest says of the whole release. */
export type ReleaseFacts = Pick<Manifest, 'release' | 'migrations' | 'schema'>

/** Gives the text of the manifest, a line for each query where nothing formats it. */
export function manifestText(facts: readonly ManifestFacts[], release: ReleaseFacts): string {
  const { queries, ...head }: Manifest = { format: FORMAT, ...release, queries: facts.map(entryOf) }
  const lines = queries.map((query) => JSON.stringify(query))
  return `${JSON.stringify(head).slice(0, -1)},"queries":[\n${lines.join(',\n')}\n]}\n`
}

function entryOf({
  source: { name, file, ir },
  isRead,
  tables,
  parameterTypes,
  columns,
}: ManifestFacts): ManifestQuery {
  return { name, file, isRead, tables, parameterTypes, columns, ir }
}

/** What the catalogue says of columns. */
export interface Columns {
  typeName(oid: number): string
  /** Whether it is a table's column that holds no NULL. */
  isNotNull(table: number, column: number): boolean
}

/** Gives the columns of rows, nullable as pgtyped's types have them: a hint decides (`"exists!"`, `"score?"`), then the
 *  table's column that it is; what is computed is nullable. */
export function manifestColumns(columns: readonly DescribedColumn[], catalogue: Columns): readonly ManifestColumn[] {
  return columns.map(({ name, dataTypeID, tableID, columnID }) => ({
    name: propertyName(name),
    type: catalogue.typeName(dataTypeID),
    isNullable: !name.endsWith('!') && (name.endsWith('?') || !catalogue.isNotNull(tableID, columnID)),
  }))
}
