/** What the server's catalogue says of types, functions, operators and relations. */

import type { Client } from 'pg'
import type { QualifiedName } from './tables.js'

/** What must be known of names to tell whether a query only reads. An unqualified name (schema null) stands for every
 *  object of that name: what the search path would find is not known. */
export interface Volatility {
  isVolatileFunction(name: string, schema: string | null): boolean
  isVolatileOperator(name: string, schema: string | null): boolean
  /** Whether a cast to the type, or its input function, is volatile. */
  isVolatileCast(type: string, schema: string | null): boolean
  /** Whether the name is a table, a partitioned or foreign table or a materialized view, and nothing else as well. */
  isTable(name: string, schema: string | null): boolean
}

const NAMES = {
  functions: `
    SELECT n.nspname AS schema, p.proname AS name
    FROM pg_proc AS p
      JOIN pg_namespace AS n ON n.oid = p.pronamespace
      LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid
      LEFT JOIN pg_proc AS part ON part.oid IN (a.aggtransfn, a.aggfinalfn, a.aggmtransfn, a.aggmfinalfn)
    WHERE 'v' IN (p.provolatile, part.provolatile)`,
  operators: `
    SELECT n.nspname AS schema, o.oprname AS name
    FROM pg_operator AS o
      JOIN pg_namespace AS n ON n.oid = o.oprnamespace
      JOIN pg_proc AS p ON p.oid = o.oprcode
    WHERE p.provolatile = 'v'`,
  casts: `
    SELECT n.nspname AS schema, t.typname AS name
    FROM pg_type AS t
      JOIN pg_namespace AS n ON n.oid = t.typnamespace
      LEFT JOIN pg_cast AS c ON c.casttarget = t.oid
      JOIN pg_proc AS p ON p.oid IN (t.typinput, c.castfunc)
    WHERE p.provolatile = 'v'`,
  tables: `
    SELECT n.nspname AS schema, r.relname AS name
    FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace
    WHERE r.relkind IN ('r', 'p', 'f', 'm')`,
  otherRelations: `
    SELECT n.nspname AS schema, r.relname AS name
    FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace
    WHERE r.relkind NOT IN ('r', 'p', 'f', 'm')`,
} as const

/** Reads the names of all that is volatile, and of all relations. */
export async function readVolatility(client: Client): Promise<Volatility> {
  const read = async (text: string) => {
    const { rows } = await client.query<{ schema: string; name: string }>(text)
    const names = new Set(rows.flatMap(({ schema, name }) => [name, `${schema}.${name}`]))
    return (name: string, schema: string | null): boolean => names.has(schema === null ? name : `${schema}.${name}`)
  }
  const isTable = await read(NAMES.tables)
  const isOtherRelation = await read(NAMES.otherRelations)
  return {
    isVolatileFunction: await read(NAMES.functions),
    isVolatileOperator: await read(NAMES.operators),
    isVolatileCast: await read(NAMES.casts),
    isTable: (name, schema) => isTable(name, schema) && !isOtherRelation(name, schema),
  }
}

/** Reads which relations the search path finds, to give names their schemas; what is not there stays as it is. */
export async function readQualifiedNames(client: Client): Promise<QualifiedName> {
  const { rows } = await client.query<{ schema: string; name: string }>(`
    SELECT n.nspname AS schema, r.relname AS name
    FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace
    WHERE r.relkind IN ('r', 'p', 'f', 'm', 'v') AND pg_table_is_visible(r.oid)`)
  const schemas = new Map(rows.map(({ schema, name }) => [name, schema]))
  return (name, schema) => {
    const found = schema ?? schemas.get(name)
    return found === undefined ? name : `${found}.${name}`
  }
}

/** Reads which columns hold no NULL. */
export async function readNotNull(client: Client): Promise<(table: number, column: number) => boolean> {
  const { rows } = await client.query<{ key: string }>(`
    SELECT attrelid::int8 || ' ' || attnum AS key
    FROM pg_attribute
    WHERE attnotnull`)
  const keys = new Set(rows.map(({ key }) => key))
  return (table, column) => keys.has(`${table} ${column}`)
}

interface TypeRow {
  readonly oid: number
  readonly name: string
  /** The element's type for a real array, else 0. */
  readonly element: number
  /** The type below a domain, else 0. */
  readonly base: number
}

/** Reads how types are called: PostgreSQL's internal name (`int8`), with `[]` for arrays; a domain by what it is based
 *  on; types outside pg_catalog with their schema, as SQL writes it (`agent.project_context_status`). */
export async function readTypeNames(client: Client): Promise<(oid: number) => string> {
  const { rows } = await client.query<TypeRow>(`
    SELECT
      t.oid::int8::text::float8 AS oid,
      CASE n.nspname
        WHEN 'pg_catalog' THEN t.typname
        ELSE quote_ident(n.nspname) || '.' || quote_ident(t.typname)
      END AS name,
      CASE WHEN t.typcategory = 'A' AND t.typtype = 'b' THEN t.typelem ELSE 0 END::int8::text::float8 AS element,
      t.typbasetype::int8::text::float8 AS base
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace`)
  const types = new Map(rows.map((row) => [row.oid, row]))
  const nameOf = (oid: number): string => {
    const type = types.get(oid)
    if (type === undefined) return 'unknown'
    if (type.base !== 0) return nameOf(type.base)
    if (type.element !== 0) return `${nameOf(type.element)}[]`
    return type.name
  }
  return nameOf
}
