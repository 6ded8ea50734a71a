/** Tables as rules must know them: their columns, and which of those tell rows apart. */

import type { Client } from 'pg'

/** A column of a table. */
export interface TableColumn {
  readonly number: number
  readonly name: string
  readonly isNotNull: boolean
  readonly typeOid: number
}

/** A table, view or materialized view. */
export interface Table {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly isView: boolean
  readonly columns: readonly TableColumn[]
  readonly uniqueKeys: readonly UniqueKey[]
}

/** A unique index without expressions. Of rows that hold NULL in a column of it there may be many. */
export interface UniqueKey {
  readonly columns: readonly string[]
  /** Its WHERE as SQL, in parentheses: only these rows does it tell apart; null: all. */
  readonly predicate: string | null
}

/** All tables of a database. */
export interface Tables {
  byOid(oid: number): Table | null
  /** `schema` is null for a name that the search path finds. */
  named(name: string, schema: string | null): Table | null
  /** The conditions of all partial unique indexes, as SQL. */
  readonly predicates: readonly string[]
}

/** `pg_index.indkey` counts from 0 and has 0 for an expression; what INCLUDE adds stands behind the key. */
const TABLES = `
SELECT
  r.oid::int8::text::float8 AS oid,
  n.nspname AS schema,
  r.relname AS name,
  r.relkind IN ('v', 'm') AS is_view,
  pg_table_is_visible(r.oid) AS is_visible,
  (
    SELECT json_agg(
      json_build_object(
        'number', a.attnum,
        'name', a.attname,
        'isNotNull', a.attnotnull,
        'typeOid', a.atttypid::int8
      )
      ORDER BY a.attnum
    )
    FROM pg_attribute AS a
    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS columns,
  (
    SELECT json_agg(
      json_build_object(
        'columns', (
          SELECT json_agg(a.attname ORDER BY a.attnum)
          FROM pg_attribute AS a
          WHERE a.attrelid = r.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        ),
        'predicate', pg_get_expr(i.indpred, i.indrelid)
      )
      ORDER BY i.indexrelid
    )
    FROM pg_index AS i
    WHERE i.indrelid = r.oid
      AND i.indisunique
      AND i.indisvalid
      AND NOT 0 = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
  ) AS unique_keys
FROM pg_class AS r
  JOIN pg_namespace AS n ON n.oid = r.relnamespace
WHERE r.relkind IN ('r', 'p', 'f', 'v', 'm')`

interface Row {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly is_view: boolean
  readonly is_visible: boolean
  readonly columns: readonly TableColumn[] | null
  readonly unique_keys: readonly UniqueKey[] | null
}

/** Reads the tables of a database, those of the server's own catalogue too. */
export async function readTables(client: Client): Promise<Tables> {
  const { rows } = await client.query<Row>(TABLES)
  const byOid = new Map<number, Table>()
  const byName = new Map<string, Table>()
  for (const { oid, schema, name, is_view: isView, is_visible: isVisible, columns, unique_keys: uniqueKeys } of rows) {
    const table: Table = { oid, schema, name, isView, columns: columns ?? [], uniqueKeys: uniqueKeys ?? [] }
    byOid.set(oid, table)
    byName.set(JSON.stringify([schema, name]), table)
    if (isVisible) byName.set(JSON.stringify([null, name]), table)
  }
  return {
    byOid: (oid) => byOid.get(oid) ?? null,
    predicates: [...byOid.values()].flatMap(({ uniqueKeys }) => uniqueKeys.flatMap(({ predicate }) => predicate ?? [])),
    named: (name, schema) => byName.get(JSON.stringify([schema, name])) ?? null,
  }
}
