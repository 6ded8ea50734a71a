/** Lookups: a query that finds one row by a key, and its sibling that finds the rows of many keys. */

import { QueryError } from '../errors.js'
import { copyRow } from './copy-row.js'
import type { Executor } from './executor.js'
import { type KeyText, keyTextOf } from './lookup-key.js'
import type { Query } from './query.js'

/** Names of the parameters that an array of keys can be given to. */
type ArrayOf<Params, Key> = {
  [Name in keyof Params]-?: NonNullable<Params[Name]> extends readonly (infer Element)[]
    ? Key extends Element
      ? Name
      : never
    : never
}[keyof Params]

/** Names of the columns that can hold a key. */
type ColumnOf<Row, Key> = { [Name in keyof Row]-?: NonNullable<Row[Name]> extends Key ? Name : never }[keyof Row]

/** The name, if the query can do without its other parameters. */
type Sole<Params, Name extends keyof Params> = Record<never, never> extends Omit<Params, Name> ? Name : never

/** What {@link defineLookup} takes. */
export interface LookupDefinition<
  One,
  Many,
  Row,
  ManyRow extends Row,
  Parameter extends keyof One,
  ManyParameter extends keyof Many,
  Column extends keyof Row,
> {
  /** Finds the row of one key: `WHERE key = :id!`. A read. */
  readonly one: Query<One, Row>
  /** Finds the rows of many keys: `WHERE key = ANY(:ids!)`. A read, with the columns of `one`. */
  readonly many: Query<Many, ManyRow>
  /** The parameter of `one` that is the key. */
  readonly parameter: Parameter & Sole<One, Parameter>
  /** The parameter of `many` that is the array of keys. */
  readonly manyParameter: ManyParameter & ArrayOf<Many, NonNullable<One[Parameter]>> & Sole<Many, ManyParameter>
  /** The property of a row that holds its key, as the two compare it. */
  readonly column: Column & ColumnOf<Row, NonNullable<One[Parameter]>>
}

/** A lookup by key, made by {@link defineLookup} and run by `Executor.lookup`. */
export interface Lookup<Key, Row> {
  /** Only for the compiler: what `lookup` takes and gives. */
  readonly types?: { readonly key: Key; readonly row: Row }
  readonly one: Query<never, Row>
  readonly many: Query<never, Row>
  readonly parameter: string
  readonly manyParameter: string
  readonly column: string
  /** Gives what tells a key from others; null for one that must be looked up alone. */
  readonly keyText: KeyText
}

/** Makes a lookup of two generated queries. It tells keys apart as PostgreSQL does, so they must be of type uuid, text,
 *  varchar, name, smallint, integer or bigint; of a text, the column's collation must be deterministic, as all are that
 *  are not made otherwise.
 *  @throws {QueryError} when a query is no read, lacks the parameter, or takes keys of another type */
export function defineLookup<
  One,
  Many,
  Row,
  ManyRow extends Row,
  Parameter extends keyof One & string,
  ManyParameter extends keyof Many & string,
  Column extends keyof Row & string,
>(
  definition: LookupDefinition<One, Many, Row, ManyRow, Parameter, ManyParameter, Column>,
): Lookup<One[Parameter], Row> {
  const { one, many, parameter, manyParameter, column } = definition
  const type = keyTypeOf(one, parameter)
  const keyText = keyTextOf(type)
  if (keyText === null) {
    throw refuse(one, `parameter ${parameter} is of type ${type}, whose values cannot be told apart as the server does`)
  }
  const manyType = keyTypeOf(many, manyParameter)
  if (familyOf(manyType) !== `${familyOf(type)}[]`) {
    throw refuse(many, `parameter ${manyParameter} is of type ${manyType}, but must be ${type}[]`)
  }
  return Object.freeze({
    one: one as unknown as Query<never, Row>,
    many: many as unknown as Query<never, Row>,
    parameter,
    manyParameter,
    column,
    keyText,
  })
}

/** @throws {TypeError} when the argument is no lookup */
export function asLookup<Key, Row>(lookup: Lookup<Key, Row>): Lookup<Key, Row> {
  if (typeof lookup?.keyText === 'function') return lookup
  throw new TypeError('expected a lookup that defineLookup() made')
}

function keyTypeOf(query: Query<unknown, unknown>, parameter: string): string {
  if (!query.isRead) throw refuse(query, 'is not marked as a read, and a lookup runs nothing else')
  const type = query.parameterTypes[parameter]
  if (type === undefined) throw refuse(query, `has no parameter ${parameter} of a known type`)
  return type
}

/** PostgreSQL compares a varchar as a text. */
function familyOf(type: string): string {
  return type.replace(/^varchar/, 'text')
}

function refuse(query: Query<unknown, unknown>, message: string): QueryError {
  return new QueryError(message, { query: query.name, sqlState: null })
}

/** Finds the rows of many keys in one statement: for each key, in their order, its row, or null where there is none. A key
 *  that is asked for twice gets a row object each.
 *  @throws {ValidationError} when a key's type cannot hold it */
export async function lookupMany<Key, Row>(
  db: Executor,
  { many, manyParameter, column, keyText }: Lookup<Key, Row>,
  keys: readonly Key[],
): Promise<(Row | null)[]> {
  if (keys.length === 0) return []
  const rows = await db.run(many, { [manyParameter]: keys } as never)
  const byKey = new Map(rows.map((row) => [String(row[column as keyof Row]), row]))
  const taken = new Set<Row>()
  return keys.map((key) => {
    const row = byKey.get(keyText(key) ?? '')
    if (row === undefined) return null
    if (taken.has(row)) return copyRow(row)
    taken.add(row)
    return row
  })
}
