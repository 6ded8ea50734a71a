/** The indexes of the schema, as reviews need them. */

import type { Client } from 'pg'
import { LEDGER_SCHEMA } from '../../../migrate/ledger-sql.js'

/** A key of an index. */
export interface IndexKey {
  /** As SQL writes it, or null for an expression. */
  readonly column: string | null
  /** All that tells this key from another one: what it holds, its operator class, collation and direction. */
  readonly definition: string
}

/** An index of a table. Of a partitioned one the index of the whole, not those of its parts. */
export interface SchemaIndex {
  /** With its schema. */
  readonly name: string
  readonly table: string
  readonly method: string
  readonly keys: readonly IndexKey[]
  /** The columns that it holds beside its keys. */
  readonly included: readonly string[]
  readonly isUnique: boolean
  /** Whether it takes NULLs for equal: NULLS NOT DISTINCT. */
  readonly hasEqualNulls: boolean
  /** Whether it belongs to a constraint: primary key, UNIQUE, EXCLUDE. */
  readonly isConstraint: boolean
  /** The condition of a partial index, or null. */
  readonly condition: string | null
  readonly comment: string | null
}

/** What is known of the indexes. */
export interface IndexCatalogue {
  readonly indexes: readonly SchemaIndex[]
  /** Finds the index of a plan's node: that of the whole table where the node reads a partition's. */
  find(schema: string, name: string): SchemaIndex | undefined
}

const INDEXES = `
  SELECT
    index_schema.nspname || '.' || index_class.relname AS own_name,
    root_schema.nspname || '.' || root_class.relname AS name,
    table_schema.nspname || '.' || table_class.relname AS "table",
    pg_am.amname AS method,
    keys.keys,
    keys.included,
    i.indisunique AS "isUnique",
    i.indnullsnotdistinct AS "hasEqualNulls",
    EXISTS (SELECT FROM pg_constraint WHERE conindid = root.oid AND contype IN ('p', 'u', 'x')) AS "isConstraint",
    pg_get_expr(i.indpred, i.indrelid) AS condition,
    obj_description(root.oid, 'pg_class') AS comment
  FROM
    pg_index AS i
    JOIN pg_class AS index_class ON index_class.oid = i.indexrelid
    JOIN pg_namespace AS index_schema ON index_schema.oid = index_class.relnamespace
    JOIN pg_am ON pg_am.oid = index_class.relam
    CROSS JOIN LATERAL (
      SELECT coalesce(
        (SELECT relid FROM pg_partition_ancestors(i.indexrelid) WITH ORDINALITY ORDER BY ordinality DESC LIMIT 1),
        i.indexrelid
      ) AS oid
    ) AS root
    JOIN pg_class AS root_class ON root_class.oid = root.oid
    JOIN pg_namespace AS root_schema ON root_schema.oid = root_class.relnamespace
    JOIN pg_index AS root_index ON root_index.indexrelid = root.oid
    JOIN pg_class AS table_class ON table_class.oid = root_index.indrelid
    JOIN pg_namespace AS table_schema ON table_schema.oid = table_class.relnamespace
    CROSS JOIN LATERAL (
      SELECT
        json_agg(
          json_build_object(
            'column', quote_ident(attname),
            'definition',
            concat_ws(' ', pg_get_indexdef(i.indexrelid, n, false), i.indclass[n - 1], i.indcollation[n - 1], i.indoption[n - 1])
          )
          ORDER BY n
        ) FILTER (WHERE n <= i.indnkeyatts) AS keys,
        coalesce(json_agg(quote_ident(attname) ORDER BY n) FILTER (WHERE n > i.indnkeyatts), '[]') AS included
      FROM
        generate_series(1, i.indnatts) AS n
        LEFT JOIN pg_attribute ON attrelid = i.indrelid AND attnum = i.indkey[n - 1] AND attnum <> 0
    ) AS keys
  WHERE
    i.indisvalid
    AND i.indislive
    AND table_schema.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', '${LEDGER_SCHEMA}')
  ORDER BY root.oid = i.indexrelid DESC, i.indexrelid`

interface IndexRow extends SchemaIndex {
  readonly own_name: string
}

/** Reads the indexes of all schemas but PostgreSQL's own. */
export async function readIndexes(client: Client): Promise<IndexCatalogue> {
  const { rows } = await client.query<IndexRow>(INDEXES)
  const byName = new Map<string, SchemaIndex>()
  const indexes: SchemaIndex[] = []
  for (const { own_name, ...index } of rows) {
    // Those of whole tables come first.
    byName.set(own_name, byName.get(index.name) ?? index)
    if (own_name === index.name) indexes.push(index)
  }
  return { indexes, find: (schema, name) => byName.get(`${schema}.${name}`) }
}
