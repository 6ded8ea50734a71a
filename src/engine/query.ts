/** A query as generated code holds it: pgtyped's intermediate representation and what the generator learnt about it. */

/** The part of pgtyped's intermediate representation that the engine reads (`@pgtyped/parser`). */
export interface QueryIR {
  readonly statement: string
  readonly params: readonly {
    readonly name: string
    readonly required: boolean
    readonly transform: { readonly type: string }
    /** Offsets into `statement` of `:name` or `:name!`, both ends inclusive. */
    readonly locs: readonly { readonly a: number; readonly b: number }[]
  }[]
}

/** What the generator found out by parsing and preparing the query. */
export interface QueryTraits {
  /** A SELECT or VALUES that changes nothing and takes no lock. Absent: treated as a write. */
  readonly read?: true
  /** PostgreSQL's type for each parameter (`text`, `int8`, `jsonb`, `text[]`), so that values are encoded exactly. */
  readonly parameterTypes?: Readonly<Record<string, string>>
}

/** A named, typed query. Made by `ashlar generate`, run by an `Executor`. */
export class Query<Params, Result> {
  /** Only for the compiler: what `run` takes and gives. */
  declare readonly types?: { readonly params: Params; readonly result: Result }
  readonly name: string
  readonly ir: QueryIR
  readonly isRead: boolean
  readonly parameterTypes: Readonly<Record<string, string>>

  constructor(name: string, ir: QueryIR, traits: QueryTraits = {}) {
    this.name = name
    this.ir = ir
    this.isRead = traits.read ?? false
    this.parameterTypes = traits.parameterTypes ?? {}
  }
}

/** A query as plain pgtyped emits it (`PreparedQuery`). It runs too, as a write, with values encoded as pg does. */
export interface PgtypedQuery<Params, Result> {
  run(params: Params, connection: never): Promise<Result[]>
}

/** What an `Executor` runs. */
export type AnyQuery<Params, Result> = Query<Params, Result> | PgtypedQuery<Params, Result>

const NO_QUERY = 'expected a query that pgtyped or ashlar generated'

const adopted = new WeakMap<object, Query<unknown, unknown>>()

/** Gives the engine's form of any query; plain pgtyped queries are wrapped once.
 *  @throws {TypeError} when the argument is no query at all */
export function asQuery(query: AnyQuery<never, unknown>): Query<unknown, unknown> {
  if (query instanceof Query) return query as Query<unknown, unknown>
  if (typeof query !== 'object' || query === null) throw new TypeError(NO_QUERY)
  const known = adopted.get(query)
  if (known !== undefined) return known
  // pgtyped declares the field private; it is its only way to the statement's text.
  const ir = (query as unknown as { readonly queryIR?: QueryIR }).queryIR
  if (typeof ir?.statement !== 'string') throw new TypeError(NO_QUERY)
  const wrapped = new Query<unknown, unknown>('pgtyped', ir)
  adopted.set(query, wrapped)
  return wrapped
}
