/** Functions, operators and types as rules must know them. */

import type { Client } from 'pg'

/** What is known of all functions or operators of a name; what the search path would find is not known. */
export interface Routines {
  /** Whether each function of that name gives NULL when an argument is NULL. */
  isStrictFunction(name: string): boolean
  /** Whether each operator of that name gives NULL when an operand is NULL. */
  isStrictOperator(name: string): boolean
  isAggregate(name: string): boolean
  /** Whether some function of that name gives a set of rows. */
  isSetReturning(name: string): boolean
  /** Whether some function of that name is not one of PostgreSQL's own. */
  isCustom(name: string): boolean
  /** Whether the type has few values: an enum or boolean. */
  isEnumerable(typeOid: number): boolean
}

const FUNCTIONS = `
SELECT
  p.proname AS name,
  bool_and(p.proisstrict) AS is_strict,
  bool_or(p.prokind = 'a') AS is_aggregate,
  bool_or(p.proretset) AS is_set_returning,
  bool_or(n.nspname <> 'pg_catalog') AS is_custom
FROM pg_proc AS p
  JOIN pg_namespace AS n ON n.oid = p.pronamespace
GROUP BY p.proname`

const OPERATORS = `
SELECT o.oprname AS name
FROM pg_operator AS o
  JOIN pg_proc AS p ON p.oid = o.oprcode
GROUP BY o.oprname
HAVING bool_and(p.proisstrict)`

const ENUMERABLES = `SELECT oid::int8::text::float8 AS oid FROM pg_type WHERE typtype = 'e' OR typname = 'bool'`

interface FunctionRow {
  readonly name: string
  readonly is_strict: boolean
  readonly is_aggregate: boolean
  readonly is_set_returning: boolean
  readonly is_custom: boolean
}

/** Reads what the catalogue says of functions, operators and types. */
export async function readRoutines(client: Client): Promise<Routines> {
  const { rows } = await client.query<FunctionRow>(FUNCTIONS)
  const functions = new Map(rows.map((row) => [row.name, row]))
  const operators = new Set((await client.query<{ name: string }>(OPERATORS)).rows.map(({ name }) => name))
  const enumerables = new Set((await client.query<{ oid: number }>(ENUMERABLES)).rows.map(({ oid }) => oid))
  return {
    isStrictFunction: (name) => {
      const row = functions.get(name)
      return row?.is_strict === true && !row.is_aggregate
    },
    isStrictOperator: (name) => operators.has(name),
    isAggregate: (name) => functions.get(name)?.is_aggregate ?? false,
    isSetReturning: (name) => functions.get(name)?.is_set_returning ?? false,
    isCustom: (name) => functions.get(name)?.is_custom ?? true,
    isEnumerable: (typeOid) => enumerables.has(typeOid),
  }
}
