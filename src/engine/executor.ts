/** Executors run queries: the database as a whole, and each transaction. */

import { RowCountError, ValidationError } from '../errors.js'
import { type Acting, type ActorOptions, actorOf } from './actor.js'
import { gather, gatherRaw, type Params } from './binding.js'
import { type CallOptions, checkOptions, NO_LIMITS } from './call-limits.js'
import { Coalescer, inOrder } from './coalescer.js'
import { COPY_INTO, COPY_OPTIONS, type CopyOptions, toLoad } from './copy/load.js'
import type { CopyRows } from './copy/row-source.js'
import { leadingWord } from './leading-word.js'
import { notificationOf, type Outlet } from './listen/channel.js'
import { asLookup, type Lookup } from './lookup.js'
import { ownError } from './own-error.js'
import { type AnyQuery, asQuery } from './query.js'
import { readable, runForOne, runQuery } from './run-query.js'
import type { RawResult, TransactionalSession } from './session.js'
import { sessionSql } from './session-sql.js'
import { rawStatement, statementFor } from './statement.js'
import { batchSizeOf, STREAM_OPTIONS, type StreamOptions } from './stream-options.js'
import { refuseModes, TRANSACTION_OPTIONS, type TransactionOptions } from './transaction-options.js'
import { OwnFailure } from './wire/copy-exchange.js'

/** Runs queries. Implemented by the database and by a transaction, so that repositories serve both. A Buffer among the
 *  parameters is not copied before it is sent: leave it as it is while the call is pending. */
export interface Executor {
  /** Whether its calls are part of a transaction. */
  readonly isInTransaction: boolean
  /** Whether its calls have an `operationId`, by {@link with}: a write must be one call then. */
  readonly isOnce: boolean

  /** Runs a generated query and gives its rows, property names in camelCase.
   *  @throws {ValidationError} when a parameter is missing or its type cannot hold the value
   *  @throws {QueryError} when the server refuses it
   *  @throws {ConnectionError} when it could not be sent
   *  @throws {OutcomeUnknownError} when it is a write and its answer was lost */
  run<P, R>(query: AnyQuery<P, R>, params: P, limits?: CallOptions): Promise<R[]>

  /** Runs a query that gives exactly one row.
   *  @throws {RowCountError} when it gives another number; what a write outside a transaction did stays done */
  one<P, R>(query: AnyQuery<P, R>, params: P, limits?: CallOptions): Promise<R>

  /** Runs a query that gives one row or none, which is null.
   *  @throws {RowCountError} when it gives more; what a write outside a transaction did stays done */
  maybeOne<P, R>(query: AnyQuery<P, R>, params: P, limits?: CallOptions): Promise<R | null>

  /** Finds the row of a key, or null; see {@link defineLookup}. With `coalesce`, the lookups of one tick are one statement,
   *  and each caller has a row or error of its own. Within a transaction it keeps its place among the other statements.
   *  @throws {RowCountError} when there are several */
  lookup<Key, R>(lookup: Lookup<Key, R>, key: Key, options?: CallOptions): Promise<R | null>

  /** Runs a query and gives the number of rows it changed (for a SELECT: that it found). */
  execute<P>(query: AnyQuery<P, unknown>, params: P, limits?: CallOptions): Promise<number>

  /** Gives the rows of a generated query one by one, fetched in batches: memory stays flat however many there are, and the
   *  next batch is on its way while you work on one. Parameters are taken now, Buffers copied; nothing is sent before the first row is
   *  asked for, and each `for await` over what is given runs the query anew.
   *
   *  Outside of a transaction it has one of its own, on a connection of its own, which it holds until the last row, an error
   *  or the end of the loop; a program that stops asking without `return()` (which `break` and `throw` do) keeps it, and is
   *  found by `pool.leakThresholdMs`. What a write does is committed when you ask for more behind the last row, and rolled
   *  back when you stop before. A read is committed when its last rows have arrived, and its connection is given back.
   *
   *  On a transaction its rows may be mixed with other statements. An error of the server's fails the transaction when the
   *  batch is fetched, which is up to one batch before `next()` tells of it.
   *
   *  The server runs it without parallel workers, and plans it for all its rows.
   *  @throws {ValidationError} at once, when a parameter or option is not what it must be
   *  @throws {QueryError} from `next()`, when the server refuses it, at whatever row; the rows of that batch are not given
   *  @throws {CancelledError} from `next()`, when `signal` was aborted; on a transaction, while a batch was being fetched,
   *    the transaction has failed
   *  @throws {TimeoutError} from `next()`, when the stream was not at its end after `timeoutMs`, or a batch took longer than
   *    `commandTimeoutMs`
   *  @throws {ConnectionError} from `next()`, when there is no connection, or it was lost
   *  @throws {TransactionError} from `next()`, when the transaction has ended, or a nested one is open
   *  @throws {OutcomeUnknownError} from `next()`, when the connection was lost at the COMMIT of a write */
  stream<P, R>(query: AnyQuery<P, R>, params: P, options?: StreamOptions): AsyncIterable<R>

  /** Runs SQL text with values for `$1`, `$2` ..., and gives its rows, property names in camelCase. One statement
   *  only, and no COPY, for which there is {@link copyInto}; it counts as a write. The type of the rows is the caller's word. What it sets for its session
   *  (SET) may reach other callers of the pool: use SET LOCAL in a transaction.
   *  @throws {ValidationError} when text or values cannot be sent; nothing was */
  query<R = Record<string, unknown>>(text: string, values?: readonly unknown[], limits?: CallOptions): Promise<R[]>

  /** Notifies those who listen to a channel, also in other processes and other programs: at COMMIT, in a transaction. Equal
   *  notifications of one transaction are one. By a channel with a `format`, the payload is of its type; by a name it is text,
   *  by default none. It counts as a write.
   *  @throws {ValidationError} when the name is not of 1 to 63 bytes, or the payload of more than 7,999
   *  @throws whatever `format` throws, as it is */
  notify(channel: string, payload?: string, limits?: CallOptions): Promise<void>
  notify<T>(channel: Outlet<T>, payload: T, limits?: CallOptions): Promise<void>

  /** Loads rows into a table by COPY, all or none, and gives their number: twice as fast as the best INSERT. `table` is
   *  `'table'` or `'schema.table'`, `columns` are named as in SQL; both are quoted. Each row is an array with a value for
   *  each column, encoded by the column's type; null is NULL, and `undefined` is refused. Rows are pulled only as fast as the
   *  server takes them, in flat memory. Triggers and constraints work as for INSERT, and there is no ON CONFLICT. When the
   *  load ends early, the iterator's `return()` is called, and waited for unless it owes a row. `timeoutMs` may be
   *  longer than `commandTimeoutMs`, which holds where none is given; in a transaction the shorter of them counts, and the
   *  transaction takes no other call until the load is over.
   *  @throws {ValidationError} when a name, a row or a value cannot be sent; its path tells which: `rows[41].name`
   *  @throws {QueryError} when the server refuses it; `row` tells which row that was, where the server says so (of a
   *    foreign key it does not)
   *  @throws {ConnectionError} when the connection was lost before all rows were sent: nothing was kept
   *  @throws {OutcomeUnknownError} when it was lost behind them, outside of a transaction
   *  @throws whatever `rows` or `onProgress` throw, as it is: nothing was kept */
  copyInto(
    table: string,
    columns: readonly string[],
    rows: CopyRows,
    options?: CopyOptions,
  ): Promise<{ readonly rows: number }>

  /** Runs `work` in a transaction: committed when it resolves, rolled back when it rejects, whose error is passed
   *  on. BEGIN travels with the first statement, and statements that are not awaited one by one are sent at once. On a
   *  transaction: in a savepoint, which alone is rolled back; one at a time, and the outer transaction takes no statement
   *  while it is open; of the options it takes the limits only.
   *
   *  With an `operationId` the transaction is opened before `work` is called, which costs one round trip more: where it was
   *  committed before, `work` is not called at all, and what it gave then is given again.
   *  @throws {TransactionError} when the server rolled back at COMMIT, the transaction is used wrongly, or what `work` gives
   *    cannot be kept for its `operationId`; rolled back
   *  @throws {ValidationError} when an option is not what it must be, or the `operationId` is of another call
   *  @throws {CancelledError} when `signal` aborts before COMMIT is sent; rolled back
   *  @throws {TimeoutError} when `timeoutMs` is over before COMMIT is sent; rolled back
   *  @throws {OutcomeUnknownError} when the connection was lost at COMMIT */
  transaction<T>(work: (tx: Executor) => Promise<T>, options?: TransactionOptions): Promise<T>

  /** Gives the same executor with limits and options for each of its calls, those of its repositories too. */
  with(options: CallOptions): Executor

  /** Gives the same executor for someone who is at work: in each of its calls, reads and those of its repositories among
   *  them, SQL function `core.actor()` gives the `actorId`, which is the transaction's setting `ashlar.actor`. It costs no
   *  round trip. On a transaction it holds for the calls of what is given, and not for others. Lookups of several actors
   *  never become one statement. What must not be in a transaction, such as VACUUM, is refused, and so is the COMMIT of a
   *  procedure. From REPEATABLE READ on, a transaction has its snapshot from its first statement with an actor, also when
   *  that is LOCK TABLE: lock by an executor without one, and go on by `tx.as`. An
   *  `operationId` is no actor's own: whoever repeats the call gets what it gave first.
   *  @throws {ValidationError} when the `actorId` is not 1 to 255 characters that the server can store */
  as(options: ActorOptions): Executor
}

/** What an executor is made of. */
export interface ExecutorParts {
  readonly session: TransactionalSession
  /** Gathers the lookups of the session; shared by all executors on it. */
  readonly coalescer: Coalescer
  /** Gets each executor, of transactions too, to add repositories to it. */
  readonly extend: (executor: Executor) => Executor
  /** For each of its calls. */
  readonly options?: CallOptions & Acting
  readonly isInTransaction?: boolean
}

/** Makes an executor over a session. */
export function createExecutor(parts: ExecutorParts): Executor {
  const { session, coalescer, extend, isInTransaction = false } = parts
  const defaults: CallOptions & Acting = parts.options ?? NO_LIMITS

  function optionsOf(query: string, own: CallOptions | undefined, others?: readonly string[]): CallOptions & Acting {
    if (own === undefined) return defaults
    checkOptions(query, own, others)
    if (isInTransaction && own.operationId !== undefined) throw refuseOperationId(query, 'is of the whole transaction')
    if (defaults === NO_LIMITS) return own
    return { ...defaults, ...own, coalesce: own.coalesce ?? defaults.coalesce }
  }

  async function exchange<P>(query: AnyQuery<P, unknown>, params: P, own?: CallOptions): Promise<RawResult> {
    const known = asQuery(query as AnyQuery<never, unknown>)
    return runQuery(session, known, (params ?? {}) as Params, optionsOf(known.name, own))
  }

  async function atMostOne<P, R>(query: AnyQuery<P, R>, params: P, own?: CallOptions, expected?: string) {
    const known = asQuery(query as AnyQuery<never, unknown>)
    const row = await runForOne(session, known, (params ?? {}) as Params, optionsOf(known.name, own), expected)
    return row as R | undefined
  }

  return extend({
    isInTransaction,
    isOnce: defaults.operationId !== undefined,
    async run<P, R>(query: AnyQuery<P, R>, params: P, limits?: CallOptions) {
      return (await exchange(query, params, limits)).rows as R[]
    },
    async one(query, params, limits) {
      const row = await atMostOne(query, params, limits, 'exactly one row')
      if (row === undefined) throw new RowCountError(asQuery(query as never).name, 'exactly one row', 0)
      return row
    },
    async maybeOne(query, params, limits) {
      return (await atMostOne(query, params, limits)) ?? null
    },
    async lookup<Key, R>(given: Lookup<Key, R>, key: Key, own?: CallOptions) {
      const lookup = asLookup(given)
      const options = optionsOf(lookup.one.name, own)
      const keyText = isCoalesced(options) ? lookup.keyText(key) : null
      if (keyText === null) {
        const params = { [lookup.parameter]: key }
        return ((await runForOne(session, lookup.one, params, options)) ?? null) as R | null
      }
      try {
        return (await coalescer.find(lookup as Lookup<unknown, unknown>, key, keyText, options.actor)) as R | null
      } catch (error) {
        throw ownError(error)
      }
    },
    async execute(query, params, limits) {
      return (await exchange(query, params, limits)).rowCount ?? 0
    },
    stream<P, R>(query: AnyQuery<P, R>, params: P, options: StreamOptions = {}) {
      const values = (params ?? {}) as Params
      const statement = statementFor(asQuery(query as AnyQuery<never, unknown>), values)
      const limits = optionsOf(statement.query, options, STREAM_OPTIONS)
      if (limits.operationId !== undefined) throw refuseOperationId(statement.query, 'cannot be kept of a stream')
      const batchSize = batchSizeOf(statement.query, options)
      const encoded = gather(statement, values).map((value) => (Buffer.isBuffer(value) ? Buffer.from(value) : value))
      return {
        [Symbol.asyncIterator]: () => session.stream(statement, encoded, batchSize, limits) as AsyncIterableIterator<R>,
      }
    },
    async query<R>(text: string, values: readonly unknown[] = [], limits?: CallOptions) {
      const statement = rawStatement(text)
      refuseCopy(text)
      const sent = session.send(statement, gatherRaw(values), optionsOf('query', limits))
      return (await readable(statement, sent)).rows as R[]
    },
    async notify(channel: string | Outlet<never>, payload?: unknown, limits?: CallOptions) {
      const values = gatherRaw(notificationOf(channel, payload))
      await session.send(sessionSql.notify, values, optionsOf('notify', limits))
    },
    async copyInto(table, columns, rows, options = {}) {
      const limits = optionsOf(COPY_INTO, options, COPY_OPTIONS)
      const load = toLoad(table, columns, rows, options)
      try {
        const { rowCount } = await session.copy(load, limits)
        return { rows: rowCount ?? 0 }
      } catch (error) {
        await load.source.close()
        throw error instanceof OwnFailure ? error.reason : error
      }
    },
    async transaction(work, own = {}) {
      const options = { ...own, ...optionsOf('transaction', own, TRANSACTION_OPTIONS) }
      if (isInTransaction) refuseModes(options)
      return session.transaction((inner) => runWithin(inner, work, extend, options), options)
    },
    with(options) {
      return createExecutor({ ...parts, options: optionsOf('with', options) })
    },
    as(options) {
      return createExecutor({ ...parts, options: { ...defaults, actor: actorOf(options) } })
    },
  })
}

function refuseOperationId(query: string, message: string): ValidationError {
  return new ValidationError(query, [{ path: 'operationId', message }])
}

/** Never with those of others where it has limits of its own. */
function isCoalesced({ coalesce, signal, timeoutMs, retry }: CallOptions): boolean {
  return coalesce === true && signal === undefined && timeoutMs === undefined && retry !== false
}

/** Runs the work of a transaction, whose limits are the transaction's own. */
async function runWithin<T>(
  inner: TransactionalSession,
  work: (tx: Executor) => Promise<T>,
  extend: ExecutorParts['extend'],
  { coalesce, actor }: CallOptions & Acting,
): Promise<T> {
  const coalescer = new Coalescer(inner, { isInTransaction: true, lanes: 1 })
  const options = coalesce === undefined && actor === undefined ? NO_LIMITS : { coalesce, actor }
  try {
    const session = inOrder(inner, coalescer)
    return await work(createExecutor({ session, coalescer, extend, options, isInTransaction: true }))
  } finally {
    // What nobody waits for belongs to it all the same.
    coalescer.flush()
  }
}

const COPY = leadingWord('COPY')

/** A COPY speaks another protocol: pg would leave the connection waiting for ever.
 *  @throws {ValidationError} when the text is one */
function refuseCopy(text: string): void {
  if (COPY.test(text))
    throw new ValidationError('query', [{ path: 'text', message: 'must not be a COPY; use copyInto' }])
}
