/** What of the schema a release relies on beyond what its queries name: written into its manifest, and compared with the
 *  schema that it meets later. */

import type { Client } from 'pg'

/** A column of a table. */
export interface ColumnFacts {
  /** PostgreSQL's type. */
  readonly type: string
  /** The type with its length, precision or scale, where it has one: `character varying(20)`. */
  readonly limit?: string
  readonly isNotNull: boolean
  /** Whether an INSERT may leave it out: it has a default, is an identity, or is generated. */
  readonly hasDefault: boolean
}

/** A table that queries read or write. Definitions are SQL, by name. */
export interface TableFacts {
  readonly columns: Readonly<Record<string, ColumnFacts>>
  /** CHECKs, also those of its columns' domains, keys, exclusions, unique indexes and row level security. */
  readonly constraints: Readonly<Record<string, string>>
  /** Foreign keys of other tables that keep its rows from being deleted. A manifest may not tell. */
  readonly references?: Readonly<Record<string, string>>
  /** Triggers, with a fingerprint of what they run, and rewrite rules. */
  readonly triggers: Readonly<Record<string, string>>
}

/** What is known of the schema. */
export interface SchemaFacts {
  /** By name with its schema. */
  readonly tables: Readonly<Record<string, TableFacts>>
  /** The values of the enums that parameters and columns have, in their order. */
  readonly enums: Readonly<Record<string, readonly string[]>>
}

/** What facts are wanted of. */
export interface FactsWanted {
  readonly tables: ReadonlySet<string>
  /** Names of types, as the manifest has them; which of them are enums need not be known. */
  readonly types: ReadonlySet<string>
}

const COLUMNS = `
  SELECT
    n.nspname || '.' || r.relname AS table,
    a.attname AS name,
    a.atttypid::int8::text::float8 AS type,
    CASE WHEN a.atttypmod <> -1 THEN format_type(a.atttypid, a.atttypmod) END AS limit,
    a.attnotnull OR t.typnotnull AS "isNotNull",
    a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL AS "hasDefault"
  FROM pg_class AS r
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = r.oid
    JOIN pg_type AS t ON t.oid = a.atttypid
  WHERE n.nspname || '.' || r.relname = ANY ($1)
    AND r.relkind IN ('r', 'p', 'f', 'm', 'v')
    AND a.attnum > 0
    AND NOT a.attisdropped
  ORDER BY
    r.oid,
    a.attnum`

/** NOT NULL is told by the columns; the index of a key is told by the key. */
const CONSTRAINTS = `
  SELECT
    n.nspname || '.' || r.relname AS table,
    found.name,
    found.definition
  FROM pg_class AS r
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
    CROSS JOIN LATERAL (
      SELECT conname AS name, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint
      WHERE conrelid = r.oid AND contype IN ('c', 'p', 'u', 'x', 'f')
      UNION ALL
      SELECT i.relname, pg_get_indexdef(i.oid)
      FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
      WHERE x.indrelid = r.oid
        AND x.indisunique
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid AND conrelid = r.oid)
      UNION ALL
      SELECT DISTINCT conname, pg_get_constraintdef(c.oid)
      FROM pg_constraint AS c JOIN pg_attribute AS a ON a.atttypid = c.contypid
      WHERE a.attrelid = r.oid AND c.contype = 'c' AND NOT a.attisdropped
      UNION ALL
      SELECT 'row level security', 'ENABLE ROW LEVEL SECURITY'
      WHERE r.relrowsecurity
    ) AS found
  WHERE n.nspname || '.' || r.relname = ANY ($1)
  ORDER BY
    1,
    2`

const REFERENCES = `
  SELECT
    n.nspname || '.' || r.relname AS table,
    c.conname AS name,
    pg_get_constraintdef(c.oid) || ' of ' || c.conrelid::regclass AS definition
  FROM pg_constraint AS c
    JOIN pg_class AS r ON r.oid = c.confrelid
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
  WHERE n.nspname || '.' || r.relname = ANY ($1)
    AND c.contype = 'f'
    -- NO ACTION and RESTRICT.
    AND c.confdeltype IN ('a', 'r')
    AND c.conparentid = 0
  ORDER BY
    1,
    2`

const TRIGGERS = `
  SELECT
    n.nspname || '.' || r.relname AS table,
    t.tgname AS name,
    pg_get_triggerdef(t.oid)
      || (SELECT ' -- body ' || left(md5(replace(prosrc, E'\\r', '')), 8) FROM pg_proc WHERE pg_proc.oid = t.tgfoid) AS definition
  FROM pg_trigger AS t
    JOIN pg_class AS r ON r.oid = t.tgrelid
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
  WHERE n.nspname || '.' || r.relname = ANY ($1)
    AND NOT t.tgisinternal
    AND t.tgparentid = 0
  UNION ALL
  SELECT
    n.nspname || '.' || r.relname,
    w.rulename,
    pg_get_ruledef(w.oid)
  FROM pg_rewrite AS w
    JOIN pg_class AS r ON r.oid = w.ev_class
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
  WHERE n.nspname || '.' || r.relname = ANY ($1)
    AND w.rulename <> '_RETURN'
  ORDER BY
    1,
    2`

const ENUMS = `
  SELECT
    t.oid::int8::text::float8 AS type,
    array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels
  FROM pg_type AS t JOIN pg_enum AS e ON e.enumtypid = t.oid
  GROUP BY t.oid
  ORDER BY t.oid`

interface Named {
  readonly table: string
  readonly name: string
}

interface ColumnRow extends Named, Omit<ColumnFacts, 'type' | 'limit'> {
  readonly type: number
  readonly limit: string | null
}

/** Reads the facts of those tables and types that there are. */
export async function readSchemaFacts(
  client: Client,
  { tables, types }: FactsWanted,
  typeName: (oid: number) => string,
): Promise<SchemaFacts> {
  const names = [[...tables]]
  // Definitions leave out the schemas that the role's search path finds.
  await client.query("BEGIN; SET LOCAL search_path = ''")
  const columns = await client.query<ColumnRow>(COLUMNS, names)
  const constraints = await client.query<Named & { definition: string }>(CONSTRAINTS, names)
  const references = await client.query<Named & { definition: string }>(REFERENCES, names)
  const triggers = await client.query<Named & { definition: string }>(TRIGGERS, names)
  const enums = await client.query<{ type: number; labels: string[] }>(ENUMS)
  await client.query('ROLLBACK')
  const definitionsOf = (rows: readonly (Named & { definition: string })[], table: string) =>
    Object.fromEntries(rows.filter((row) => row.table === table).map(({ name, definition }) => [name, definition]))
  const factsOf = (table: string): TableFacts => ({
    columns: Object.fromEntries(
      columns.rows
        .filter((row) => row.table === table)
        .map(({ name, type, limit, isNotNull, hasDefault }) => [
          name,
          { type: typeName(type), ...(limit === null ? {} : { limit }), isNotNull, hasDefault },
        ]),
    ),
    constraints: definitionsOf(constraints.rows, table),
    references: definitionsOf(references.rows, table),
    triggers: definitionsOf(triggers.rows, table),
  })
  const present = [...new Set(columns.rows.map(({ table }) => table))].sort()
  const wanted = new Set([...types].map((type) => type.replace(/(\[\])+$/, '')))
  return {
    tables: Object.fromEntries(present.map((table) => [table, factsOf(table)])),
    enums: Object.fromEntries(
      enums.rows
        .map(({ type, labels }) => [typeName(type), labels] as const)
        .filter(([name]) => wanted.has(name))
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    ),
  }
}

/** Gives what the facts of a release are wanted of: all that its queries name. */
export function factsWanted(
  queries: readonly {
    readonly tables: { readonly read: readonly string[]; readonly written: readonly string[] }
    readonly parameterTypes: Readonly<Record<string, string>>
    readonly columns: readonly { readonly type: string }[]
  }[],
): FactsWanted {
  return {
    tables: new Set(queries.flatMap(({ tables }) => [...tables.read, ...tables.written])),
    types: new Set(
      queries.flatMap(({ parameterTypes, columns }) => [
        ...Object.values(parameterTypes),
        ...columns.map(({ type }) => type),
      ]),
    ),
  }
}
