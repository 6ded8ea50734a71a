/** Executors run queries: the database as a whole, and each transaction. */

import { QueryError, RowCountError, ValidationError } from '../errors.js'
import { gather, gatherRaw, type Params } from './binding.js'
import { DecodeError } from './codec.js'
import { type AnyQuery, asQuery } from './query.js'
import type { RawResult, TransactionalSession } from './session.js'
import { rawStatement, type Statement, statementFor } from './statement.js'

/** Runs queries. Implemented by the database and by a transaction, so that repositories serve both. */
export interface Executor {
  /** Runs a generated query and gives its rows, property names in camelCase.
   *  @throws {ValidationError} when a parameter is missing or its type cannot hold the value
   *  @throws {QueryError} when the server refuses it
   *  @throws {ConnectionError} when it could not be sent
   *  @throws {OutcomeUnknownError} when it is a write and its answer was lost */
  run<P, R>(query: AnyQuery<P, R>, params: P): Promise<R[]>

  /** Runs a query that gives exactly one row.
   *  @throws {RowCountError} when it gives another number; what a write outside a transaction did stays done */
  one<P, R>(query: AnyQuery<P, R>, params: P): Promise<R>

  /** Runs a query that gives one row or none, which is null.
   *  @throws {RowCountError} when it gives more; what a write outside a transaction did stays done */
  maybeOne<P, R>(query: AnyQuery<P, R>, params: P): Promise<R | null>

  /** Runs a query and gives the number of rows it changed (for a SELECT: that it found). */
  execute<P>(query: AnyQuery<P, unknown>, params: P): Promise<number>

  /** Runs SQL text with values for `$1`, `$2` ..., and gives its rows, property names in camelCase. One statement
   *  only, and no COPY; it counts as a write. The type of the rows is the caller's word. What it sets for its session
   *  (SET) may reach other callers of the pool: use SET LOCAL in a transaction. */
  query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<R[]>

  /** Runs `work` in a transaction: committed when it resolves, rolled back when it rejects, whose error is passed
   *  on. On a transaction: in a savepoint, which alone is rolled back; one at a time, and the outer transaction takes
   *  no statement while it is open.
   *  @throws {TransactionError} when the server rolled back at COMMIT, or the transaction is used wrongly
   *  @throws {OutcomeUnknownError} when the connection was lost at COMMIT */
  transaction<T>(work: (tx: Executor) => Promise<T>): Promise<T>
}

/** Makes an executor over a session. `extend` gets each executor, of transactions too, to add repositories to it. */
export function createExecutor(session: TransactionalSession, extend: (executor: Executor) => Executor): Executor {
  async function exchange<P>(query: AnyQuery<P, unknown>, params: P): Promise<[Statement, RawResult]> {
    const known = asQuery(query as AnyQuery<never, unknown>)
    const values = (params ?? {}) as Params
    const statement = statementFor(known, values)
    return [statement, await session.send(statement, gather(statement, values))]
  }

  async function run<P, R>(query: AnyQuery<P, R>, params: P): Promise<R[]> {
    return toRows<R>(...(await exchange(query, params)))
  }

  async function atMostOne<P, R>(query: AnyQuery<P, R>, params: P, expected: string): Promise<R | undefined> {
    const [statement, result] = await exchange(query, params)
    const rows = toRows<R>(statement, result)
    if (rows.length > 1) throw new RowCountError(statement.query, expected, rows.length)
    return rows[0]
  }

  return extend({
    run,
    async one(query, params) {
      const row = await atMostOne(query, params, 'exactly one row')
      if (row === undefined) throw new RowCountError(asQuery(query as never).name, 'exactly one row', 0)
      return row
    },
    async maybeOne(query, params) {
      return (await atMostOne(query, params, 'at most one row')) ?? null
    },
    async execute(query, params) {
      const [, result] = await exchange(query, params)
      return result.rowCount ?? 0
    },
    async query<R>(text: string, values: readonly unknown[] = []) {
      refuseCopy(text)
      const statement = rawStatement(text)
      return toRows<R>(statement, await session.send(statement, gatherRaw(values)))
    },
    transaction: (work) => session.transaction((inner) => work(createExecutor(inner, extend))),
  })
}

/** White space and comments, then the word. */
const COPY = /^(?:\s|--.*\n|\/\*[\s\S]*?\*\/)*COPY\b/i

/** A COPY speaks another protocol: pg would leave the connection waiting for ever.
 *  @throws {ValidationError} when the text is one */
function refuseCopy(text: string): void {
  if (COPY.test(text)) throw new ValidationError('query', [{ path: 'text', message: 'must not be a COPY' }])
}

function toRows<R>(statement: Statement, { fields, rows }: RawResult): R[] {
  try {
    return rows.map(statement.shape(fields)) as R[]
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError) throw unreadable(statement, error.message)
    throw error
  }
}

/** The server did its part by then: what a write did, it did. */
function unreadable({ query, isRead }: Statement, why: string): QueryError {
  const executed = isRead ? '' : '; the statement itself was executed'
  return new QueryError(`the result cannot be given: ${why}${executed}`, { query, sqlState: null })
}
