/** Transactions and savepoints over one borrowed connection. */

import { TransactionError } from '../errors.js'
import type { Acting } from './actor.js'
import { type CallLimits, isLimited } from './call-limits.js'
import { Channel, ended, stopIn } from './channel.js'
import type { Monitor } from './monitor/monitor.js'
import { transactionOnce } from './operation/whole-transaction.js'
import type { Pool } from './pool/pool.js'
import { borrow, poolSession } from './pool/pool-session.js'
import { PoolStream } from './pool/pool-stream.js'
import { aborted, late, type Stop, stopOf } from './pool/stoppable.js'
import { RowStream } from './row-stream.js'
import type { TransactionalSession } from './session.js'
import { savepointSql, sessionSql } from './session-sql.js'
import type { Statement } from './statement.js'
import { beginWith, type TransactionOptions } from './transaction-options.js'
import { TransactionStream } from './transaction-stream.js'
import { turnNow } from './turn-clock.js'
import { Cursor } from './wire/cursor.js'
import { NO_PREFIX, type Prefix } from './wire/prefix.js'

/** What a transaction as a whole is called among queries. */
const TRANSACTION = 'transaction'

/** Gives the pool as a session that can open transactions. */
export function transactional(pool: Pool): TransactionalSession {
  return {
    ...poolSession(pool),
    stream(statement, values, batchSize, limits) {
      const source = new PoolStream(pool, new Cursor(statement, values, batchSize), limits)
      return new RowStream(statement.query, source, () => stopIn(limits, null))
    },
    transaction: (work, options = {}) => runTransaction(pool, work, options),
  }
}

/** Runs a transaction, and its whole callback again where that is safe: nothing of the earlier attempt was kept. */
async function runTransaction<T>(pool: Pool, work: Work<T>, options: TransactionOptions & Acting): Promise<T> {
  const begin = beginWith(options)
  const stop = stopOf(options, { isServerAware: false })
  const { monitor } = pool
  const startedAt = turnNow()
  const observed = monitor.begin(TRANSACTION, startedAt)
  const own: Work<T> = observed === null ? work : (session) => observed.run(() => work(session))
  const run = (): Promise<T> => attempt(pool, own, begin, stop, options)
  try {
    const result = await run()
    monitor.end(TRANSACTION, startedAt, observed, null)
    return result
  } catch (error) {
    const isRepeatable = options.operationId !== undefined
    const { retry } = options
    const call = {
      query: TRANSACTION,
      work: TRANSACTION,
      startedAt,
      stop,
      isRepeatable,
      isAtomic: true,
      retry,
      observed,
    } as const
    try {
      const result = await pool.retrier.again(error, call, (met) => {
        // Which of its statements it was is not known here.
        if (met === 'stale-plan') pool.forgetPrepared()
        return run()
      })
      monitor.end(TRANSACTION, startedAt, observed, null)
      return result
    } catch (final) {
      monitor.end(TRANSACTION, startedAt, observed, final)
      throw final
    }
  }
}

async function attempt<T>(
  pool: Pool,
  work: Work<T>,
  begin: Statement,
  stop: Stop | null,
  options: TransactionOptions & Acting,
): Promise<T> {
  const lease = await borrow(pool, TRANSACTION, stop)
  const channel = new Channel(lease.connection, pool, begin, options.actor)
  const scope = createScope(channel, 1, stop, pool.monitor)
  const { connection } = lease
  const { operationId } = options
  const once =
    operationId === undefined ? null : transactionOnce(operationId, { pool, connection, channel }, begin, stop)
  try {
    const recalled = once === null ? null : await once.open()
    if (recalled !== null) return recalled.value as T
    const result = await work(scope.session)
    await scope.close()
    const prefix = once === null || connection.wire.status === 'E' ? NO_PREFIX : await once.keep(result)
    assertInTime(stop)
    if (channel.wasUsed) await commit(channel, options.readOnly !== true, prefix)
    return result
  } catch (error) {
    channel.endLoad()
    await scope.end()
    throw error
  } finally {
    channel.close()
    // Rolls back what was not committed.
    const released = lease.release(channel.isSpoiled)
    if (lease.connection.wire.status !== 'I' || !pool.config.pool.keepsConnections) await released
  }
}

/** @throws {CancelledError} @throws {TimeoutError} when the transaction must not be committed any more */
function assertInTime(stop: Stop | null): void {
  if (stop?.signal?.aborted) throw aborted(TRANSACTION)
  if (stop?.deadline && performance.now() >= stop.deadline.at) throw late(TRANSACTION, stop.deadline.limitMs)
}

async function commit(channel: Channel, isOutcomeAtStake: boolean, prefix: readonly Prefix[]): Promise<void> {
  const { command } = await channel.last(sessionSql.commit, isOutcomeAtStake, prefix)
  // After a failed statement whose error was swallowed, the server answers COMMIT with ROLLBACK, and no error.
  if (command === 'ROLLBACK') throw rolledBack('transaction', channel)
}

function rolledBack(scope: string, channel: Channel): TransactionError {
  return new TransactionError(`the ${scope} was rolled back: an earlier statement in it had failed`, {
    cause: channel.lastFailure,
  })
}

type Work<T> = (session: TransactionalSession) => Promise<T>

/** The life of one transaction or savepoint: open, waiting for a nested one, or ended. */
interface Scope {
  readonly session: TransactionalSession
  /** Ends it as resolved.
   *  @throws {TransactionError} when a nested one is still open: nobody waits for its outcome */
  close(): Promise<void>
  /** Ends it: refuses further use, of nested ones too, and waits for what is in flight. */
  end(): Promise<void>
  /** Ends it from outside: the outer one decides what becomes of it, and it must send nothing any more. */
  abandon(): Promise<void>
  isAbandoned(): boolean
}

function createScope(channel: Channel, depth: number, stop: Stop | null, monitor: Monitor): Scope {
  let isEnded = false
  let isAbandoned = false
  let child: Scope | null = null
  /** Those under way. */
  const streams = new Set<RowStream>()

  function assertOpen(): void {
    if (isEnded) throw ended()
    if (child !== null) throw new TransactionError('a nested transaction is open; use that one, or await it first')
    if (channel.isLoading) {
      throw new TransactionError(
        'a copyInto is under way in the transaction; await it first, and take its rows elsewhere',
      )
    }
  }

  async function nested<T>(work: Work<T>, limits: CallLimits = {}): Promise<T> {
    assertOpen()
    child = createScope(channel, depth + 1, stopIn(limits, stop), monitor)
    try {
      return await runSavepoint(channel, depth, child, work)
    } finally {
      child = null
    }
  }

  async function end(): Promise<void> {
    isEnded = true
    for (const rows of streams) rows.stop(ended())
    await child?.abandon()
    await channel.allSent()
    await channel.idle()
  }

  return {
    session: {
      async send(statement, values, limits) {
        assertOpen()
        return monitor.watch(statement.query, statement.text, () =>
          channel.send(statement, values, stopIn(limits, stop), limits?.actor ?? null),
        )
      },
      async copy(load, limits) {
        assertOpen()
        return monitor.watch(load.query, 'COPY', () => channel.copy(load, stopIn(limits, stop), limits?.actor ?? null))
      },
      transaction: nested,
      stream(statement, values, batchSize, limits) {
        const source = new TransactionStream(channel, new Cursor(statement, values, batchSize), {
          isLimited: stop !== null || isLimited(limits),
          actor: limits?.actor ?? null,
          mayFetchAhead: () => !isEnded && child === null,
          onFetch: () => {
            assertOpen()
            streams.add(rows)
          },
          onEnd: () => streams.delete(rows),
        })
        const rows = new RowStream(statement.query, source, () => stopIn(limits, stop))
        return rows
      },
    },
    async close() {
      const isChildOpen = child !== null
      await end()
      if (isChildOpen) throw new TransactionError('a nested transaction was still open; await it inside the callback')
    },
    end,
    async abandon() {
      isAbandoned = true
      channel.endLoad()
      await end()
    },
    isAbandoned: () => isAbandoned,
  }
}

async function runSavepoint<T>(channel: Channel, depth: number, scope: Scope, work: Work<T>): Promise<T> {
  const savepoint = savepointSql(depth)
  // What was called before belongs to the outer one, and must not take the savepoint along.
  await channel.allSent()
  channel.open(savepoint.open)
  try {
    const result = await work(scope.session)
    await scope.close()
    if (scope.isAbandoned()) throw ended()
    if (channel.takeBack(savepoint.open)) return result
    await channel.send(savepoint.release).catch((error: unknown) => {
      throw channel.isSpoiled ? error : rolledBack('nested transaction', channel)
    })
    return result
  } catch (error) {
    channel.endLoad()
    await scope.end()
    if (!scope.isAbandoned() && !channel.takeBack(savepoint.open)) {
      await channel.undo(savepoint.rollBack, savepoint.release)
    }
    throw error
  }
}
