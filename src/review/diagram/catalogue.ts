/** Tables, their columns, keys and relations, and enum types, as the catalogue has them. */

/** A column. */
export interface DiagramColumn {
  readonly name: string
  /** As format_type gives it, with modifier. */
  readonly type: string
  readonly isNullable: boolean
  readonly comment: string | null
}

/** A foreign key. */
export interface DiagramReference {
  readonly name: string
  readonly columns: readonly string[]
  readonly toSchema: string
  readonly toTable: string
}

/** A table; partitions are not among them, their parents are. */
export interface DiagramTable {
  readonly schema: string
  readonly name: string
  readonly comment: string | null
  readonly columns: readonly DiagramColumn[]
  readonly primaryKey: readonly string[]
  /** The columns of each unique constraint and index that holds for all rows, and has no expression. */
  readonly uniqueKeys: readonly (readonly string[])[]
  readonly references: readonly DiagramReference[]
}

/** An enum type. */
export interface DiagramEnum {
  readonly schema: string
  readonly name: string
  readonly values: readonly string[]
  readonly comment: string | null
}

/** A domain: a schema and what it holds. */
export interface DiagramSchema {
  readonly name: string
  readonly comment: string | null
}

/** What the diagrams show. */
export interface DiagramCatalogue {
  readonly schemas: readonly DiagramSchema[]
  readonly tables: readonly DiagramTable[]
  readonly enums: readonly DiagramEnum[]
}

/** The part of a client that is used: PGlite's, or pg's. */
interface Client {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** Reads schemas by their names, in order of the alphabet. */
export async function readDiagramCatalogue(client: Client, schemas: readonly string[]): Promise<DiagramCatalogue> {
  const read = async <T>(text: string): Promise<readonly T[]> => {
    const { rows } = await client.query(text, [schemas])
    return rows as readonly T[]
  }
  return {
    schemas: await read<DiagramSchema>(SCHEMAS),
    tables: await read<DiagramTable>(TABLES),
    enums: await read<DiagramEnum>(ENUMS),
  }
}

const SCHEMAS = `
SELECT
  nspname AS name,
  obj_description(oid, 'pg_namespace') AS comment
FROM pg_namespace
WHERE nspname = ANY($1::text[])
ORDER BY nspname COLLATE "C"`

const TABLES = `
SELECT
  n.nspname AS schema,
  c.relname AS name,
  obj_description(c.oid, 'pg_class') AS comment,
  coalesce(attributes.columns, '[]') AS columns,
  coalesce(keys."primaryKey", '[]') AS "primaryKey",
  coalesce(keys."uniqueKeys", '[]') AS "uniqueKeys",
  coalesce(foreign_keys."references", '[]') AS "references"
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT
    json_agg(
      json_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'isNullable', NOT a.attnotnull,
        'comment', col_description(c.oid, a.attnum)
      )
      ORDER BY a.attnum
    ) AS columns
  FROM pg_attribute a
  WHERE
    a.attrelid = c.oid
    AND a.attnum > 0
    AND NOT a.attisdropped
) AS attributes
CROSS JOIN LATERAL (
  SELECT
    (json_agg(key.columns) FILTER (WHERE i.indisprimary)) -> 0 AS "primaryKey",
    json_agg(key.columns ORDER BY key.columns::text COLLATE "C") FILTER (WHERE NOT i.indisprimary) AS "uniqueKeys"
  FROM pg_index i
  CROSS JOIN LATERAL (
    SELECT json_agg(a.attname ORDER BY k.place) AS columns
    FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
    WHERE k.place <= i.indnkeyatts
  ) AS key
  WHERE
    i.indrelid = c.oid
    AND i.indisunique
    AND i.indpred IS NULL
    AND i.indexprs IS NULL
) AS keys
CROSS JOIN LATERAL (
  SELECT
    json_agg(
      json_build_object(
        'name', f.conname,
        'columns', (
          SELECT json_agg(a.attname ORDER BY k.place)
          FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, place)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
        ),
        'toSchema', target_schema.nspname,
        'toTable', target.relname
      )
      ORDER BY f.conname COLLATE "C"
    ) AS "references"
  FROM pg_constraint f
  JOIN pg_class target ON target.oid = f.confrelid
  JOIN pg_namespace target_schema ON target_schema.oid = target.relnamespace
  WHERE
    f.conrelid = c.oid
    AND f.contype = 'f'
    AND NOT target.relispartition
) AS foreign_keys
WHERE
  c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND n.nspname = ANY($1::text[])
ORDER BY
  n.nspname COLLATE "C",
  c.relname COLLATE "C"`

const ENUMS = `
SELECT
  n.nspname AS schema,
  t.typname AS name,
  (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS values,
  obj_description(t.oid, 'pg_type') AS comment
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE
  t.typtype = 'e'
  AND n.nspname = ANY($1::text[])
ORDER BY
  n.nspname COLLATE "C",
  t.typname COLLATE "C"`
