/** Statements outside of transactions: reads on a shared lane, all else on a connection of its own. */

import { DatabaseError } from 'pg'
import type { ServerConfig } from '../../config.js'
import { type DataAccessError, TransactionError } from '../../errors.js'
import { type CallLimits, NO_LIMITS } from '../call-limits.js'
import { sendOn } from '../connection.js'
import type { CopyLoad } from '../copy/load.js'
import { startCopy } from '../copy/running-copy.js'
import { mapError, spoilsConnection } from '../map-error.js'
import type { RawResult, Session } from '../session.js'
import { sessionSql } from '../session-sql.js'
import type { Statement } from '../statement.js'
import type { WireValue } from '../wire/message-writer.js'
import { NO_PREFIX, type Prefix } from '../wire/statement-exchange.js'
import { LaneCall } from './lane-call.js'
import type { Lease } from './lease.js'
import type { Pool } from './pool.js'
import type { PooledConnection } from './pooled-connection.js'
import { noteUse } from './session-changes.js'
import { aborted, late, type Stop, stopOf, stoppable } from './stoppable.js'

/** Gives the pool as something to send statements on. */
export function poolSession(pool: Pool): Session {
  return {
    send(statement, values, limits = NO_LIMITS) {
      pool.counts.statements += 1
      // A deadline is the server's to keep, and on a lane it would be set for all.
      const isShared = statement.isRead && !statement.isSlow && pool.hasLanes && limits.timeoutMs === undefined
      return isShared ? sendShared(pool, statement, values, limits) : sendAlone(pool, statement, values, limits)
    },
    copy(load, limits = NO_LIMITS) {
      pool.counts.statements += 1
      return copyAlone(pool, load, limits)
    },
  }
}

async function sendShared(
  pool: Pool,
  statement: Statement,
  values: readonly WireValue[],
  limits: CallLimits,
): Promise<RawResult> {
  try {
    return await share(pool, statement, values, limits.signal)
  } catch (error) {
    if (needsOwnConnection(error)) {
      pool.counts.reruns += 1
      return sendAlone(pool, statement, values, limits)
    }
    pool.counts.failures += 1
    throw mapError(error, { query: statement.query, isOutcomeAtStake: false }, values)
  }
}

/** It met a lock, for which others on the lane cannot wait; or the statement was prepared in vain by a call before it. */
function needsOwnConnection(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '55P03' || error.code === '26000')
}

function share(
  pool: Pool,
  statement: Statement,
  values: readonly WireValue[],
  signal: AbortSignal | undefined,
): Promise<RawResult> {
  if (signal === undefined) {
    return new Promise((resolve, reject) => pool.share(new LaneCall(statement, values, resolve, reject)))
  }
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw aborted(statement.query)
    const onAbort = (): void => call.fail(aborted(statement.query))
    const settled =
      <T>(settle: (value: T) => void) =>
      (value: T): void => {
        signal.removeEventListener('abort', onAbort)
        settle(value)
      }
    const call = new LaneCall(statement, values, settled(resolve), settled(reject))
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      pool.share(call)
    } catch (error) {
      call.fail(error)
    }
  })
}

function sendAlone(
  pool: Pool,
  statement: Statement,
  values: readonly WireValue[],
  limits: CallLimits,
): Promise<RawResult> {
  const stop = stopOf(limits, { isServerAware: true })
  return onBorrowed(pool, statement.query, stop, async (connection) => {
    const context = { query: statement.query, isOutcomeAtStake: !statement.isRead }
    const answer = sendOn(connection.wire, statement, values, context, prefixOf(pool, stop))
    const result = await (stop === null ? answer : stoppable(answer, connection, pool, stop, { context }))
    noteUse(connection, statement, result)
    if (result.status !== 'I') throw leftOpen(statement.query)
    return result
  })
}

function copyAlone(pool: Pool, load: CopyLoad, limits: CallLimits): Promise<RawResult> {
  const stop = stopOf(limits, { isServerAware: true })
  return onBorrowed(pool, load.query, stop, (connection) => {
    connection.uses += 1
    const copy = startCopy(connection.wire, load, false, timeLimit(stop))
    const ownStop = stopLoad(stop, pool.config)
    return ownStop === null ? copy.result : stoppable(copy.result, connection, pool, ownStop, copy)
  })
}

/** Gives what stops a load: where the caller sets no time limit, that of any statement. The server alone could not keep it:
 *  it looks at its clock only when rows arrive. */
export function stopLoad(stop: Stop | null, { commandTimeoutMs }: ServerConfig): Stop | null {
  if (commandTimeoutMs === null || (stop !== null && stop.deadline !== null)) return stop
  const deadline = { at: performance.now() + commandTimeoutMs, limitMs: commandTimeoutMs }
  return { signal: stop?.signal, deadline, isServerAware: true }
}

/** Does something on a borrowed connection. */
async function onBorrowed<T>(
  pool: Pool,
  query: string,
  stop: Stop | null,
  work: (connection: PooledConnection) => Promise<T>,
): Promise<T> {
  let lease: Lease | null = null
  let isBroken = false
  try {
    lease = await borrow(pool, query, stop)
    return await work(lease.connection)
  } catch (error) {
    pool.counts.failures += 1
    isBroken = spoilsConnection(error as DataAccessError)
    throw error
  } finally {
    const released = lease?.release(isBroken)
    // Without a pool, nothing is left open when the caller goes on.
    if (!pool.config.pool.keepsConnections) await released
  }
}

/** Borrows a connection, or gives up when the call is aborted or late.
 *  @throws {CancelledError} @throws {TimeoutError} @throws {ConnectionError} */
export async function borrow(pool: Pool, query: string, stop: Stop | null): Promise<Lease> {
  if (stop === null) return pool.acquire(query)
  const { signal, deadline } = stop
  if (signal?.aborted) throw aborted(query)
  let timer: NodeJS.Timeout | undefined
  let onAbort = (): void => {}
  try {
    const lease = await pool.acquire(query, (place) => {
      onAbort = () => place.leave(aborted(query))
      signal?.addEventListener('abort', onAbort, { once: true })
      if (deadline === null) return
      timer = setTimeout(() => place.leave(late(query, deadline.limitMs)), deadline.at - performance.now())
    })
    if (!signal?.aborted) return lease
    void lease.release(false)
    throw aborted(query)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** The server's own limit, where it is shorter than the one that the session has. */
function prefixOf({ config }: Pool, stop: Stop | null): readonly Prefix[] {
  const leftMs = leftOf(stop)
  const ownMs = config.preparedStatements ? config.commandTimeoutMs : null
  if (leftMs === null || (ownMs !== null && ownMs <= leftMs)) return NO_PREFIX
  return timeLimit(stop)
}

/** The server's own limit, instead of the one that the session has. */
function timeLimit(stop: Stop | null): readonly Prefix[] {
  const leftMs = leftOf(stop)
  return leftMs === null ? NO_PREFIX : [{ statement: sessionSql.statementTimeout, values: [String(leftMs)] }]
}

function leftOf(stop: Stop | null): number | null {
  return stop === null || stop.deadline === null ? null : Math.max(1, Math.ceil(stop.deadline.at - performance.now()))
}

/** A statement that opened a transaction outside `transaction()`: giving the connection back rolls it back. */
function leftOpen(query: string): TransactionError {
  return new TransactionError(`${query}: the statement opened a transaction, which was rolled back; use transaction()`)
}
