/** Statements outside of transactions: reads on a shared lane, all else on a connection of its own. */

import { DatabaseError } from 'pg'
import type { ServerConfig } from '../../config.js'
import { TransactionError } from '../../errors.js'
import type { Acting, Actor } from '../actor.js'
import { type CallOptions, NO_LIMITS } from '../call-limits.js'
import { sendOn } from '../connection.js'
import type { CopyLoad } from '../copy/load.js'
import { startCopy } from '../copy/running-copy.js'
import { maySplit } from '../leading-word.js'
import { mapError, spoilsConnection } from '../map-error.js'
import { loadOnce, writeOnce } from '../operation/single-write.js'
import type { RawResult, Session } from '../session.js'
import { sessionSql } from '../session-sql.js'
import type { Statement } from '../statement.js'
import { turnNow } from '../turn-clock.js'
import type { WireValue } from '../wire/message-writer.js'
import { NO_PREFIX, type Prefix } from '../wire/prefix.js'
import { LaneCall } from './lane-call.js'
import type { Lease } from './lease.js'
import type { Pool } from './pool.js'
import type { PooledConnection } from './pooled-connection.js'
import { noteUse } from './session-changes.js'
import { repaired } from './stale-plan.js'
import { aborted, late, type Stop, stopOf, stoppable } from './stoppable.js'

/** Gives the pool as something to send statements on. */
export function poolSession(pool: Pool): Session {
  return {
    send(statement, values, limits = NO_LIMITS) {
      const { query, isRead } = statement
      const stop = stopOf(limits, { isServerAware: true })
      // A deadline is the server's to keep, and on a lane it would be set for all.
      const isShared = isRead && !statement.isSlow && pool.hasLanes && limits.timeoutMs === undefined
      const send = (sent: Statement): Promise<RawResult> =>
        isShared ? sendShared(pool, sent, values, stop, limits.actor) : sendAlone(pool, sent, values, stop, limits)
      return observed(pool, { query, work: isRead ? 'read' : 'write', stop, limits }, statement, send)
    },
    copy(load, limits = NO_LIMITS) {
      const stop = stopOf(limits, { isServerAware: true })
      // Rows that were taken from their source are not there to be sent again.
      const call = { query: load.query, work: 'write', stop, limits: { ...limits, retry: false } } as const
      return observed(pool, call, load, () => copyAlone(pool, load, stop, limits))
    },
  }
}

/** A call as it is observed and tried again. */
interface PoolCall {
  readonly query: string
  readonly work: 'read' | 'write'
  readonly stop: Stop | null
  readonly limits: CallOptions & Acting
}

/** Runs a call, and again where that is safe; notes how long it took and what became of it. */
async function observed<S extends Statement | CopyLoad>(
  pool: Pool,
  { query, work, stop, limits }: PoolCall,
  what: S,
  run: (what: S) => Promise<RawResult>,
): Promise<RawResult> {
  const { monitor } = pool
  pool.counts.statements += 1
  const startedAt = turnNow()
  const observed = monitor.begin(query, startedAt, 'text' in what ? what.text : 'COPY')
  try {
    const result = await run(what)
    monitor.end(query, startedAt, observed, null)
    return result
  } catch (error) {
    const { operationId, retry } = limits
    const isRepeatable = operationId !== undefined
    // With an operation id it is in a transaction, which what commits by itself is refused in.
    const isAtomic = isRepeatable || !('text' in what && maySplit(what))
    const call = { query, work, startedAt, stop, isRepeatable, isAtomic, retry, observed }
    try {
      const result = await pool.retrier.again(error, call, (met) => run(repaired(pool, what, met, observed)))
      monitor.end(query, startedAt, observed, null)
      return result
    } catch (final) {
      pool.counts.failures += 1
      monitor.end(query, startedAt, observed, final)
      throw final
    }
  }
}

async function sendShared(
  pool: Pool,
  statement: Statement,
  values: readonly WireValue[],
  stop: Stop | null,
  actor: Actor | undefined,
): Promise<RawResult> {
  try {
    return await share(pool, statement, values, stop?.signal, actor?.prefix)
  } catch (error) {
    if (needsOwnConnection(error)) {
      pool.counts.reruns += 1
      return sendAlone(pool, statement, values, stop, { actor })
    }
    throw mapError(error, { query: statement.query, isOutcomeAtStake: false, actorId: actor?.id }, values)
  }
}

/** It met a lock, for which others on the lane cannot wait. */
function needsOwnConnection(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '55P03'
}

function share(
  pool: Pool,
  statement: Statement,
  values: readonly WireValue[],
  signal: AbortSignal | undefined,
  prefix: readonly Prefix[] | undefined,
): Promise<RawResult> {
  if (signal === undefined) {
    return new Promise((resolve, reject) => pool.share(new LaneCall(statement, values, resolve, reject, prefix)))
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
    const call = new LaneCall(statement, values, settled(resolve), settled(reject), prefix)
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
  stop: Stop | null,
  { operationId, actor }: CallOptions & Acting,
): Promise<RawResult> {
  return onBorrowed(pool, statement.query, stop, async (connection) => {
    const settings = withActor(timeLimitOf(pool, stop), actor)
    const actorId = actor?.id
    if (operationId !== undefined && !statement.isRead) {
      return writeOnce({ pool, connection, stop, settings, actorId }, operationId, statement, values)
    }
    const context = { query: statement.query, isOutcomeAtStake: !statement.isRead, actorId }
    const answer = sendOn(connection.wire, statement, values, context, settings)
    const result = await (stop === null ? answer : stoppable(answer, connection, pool, stop, { context }))
    noteUse(connection, statement, result)
    if (result.status !== 'I') throw leftOpen(statement.query)
    return result
  })
}

function copyAlone(
  pool: Pool,
  load: CopyLoad,
  stop: Stop | null,
  { operationId, actor }: CallOptions & Acting,
): Promise<RawResult> {
  return onBorrowed(pool, load.query, stop, (connection) => {
    const settings = withActor(timeLimit(stop), actor)
    const actorId = actor?.id
    const ownStop = stopLoad(stop, pool.config)
    if (operationId !== undefined) {
      return loadOnce({ pool, connection, stop: ownStop, settings, actorId }, operationId, load)
    }
    connection.uses += 1
    const copy = startCopy(connection.wire, load, { isInTransaction: false, prefix: settings, actorId })
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
    isBroken = spoilsConnection(error)
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
function timeLimitOf({ config }: Pool, stop: Stop | null): readonly Prefix[] {
  const leftMs = leftOf(stop)
  const ownMs = config.preparedStatements ? config.commandTimeoutMs : null
  if (leftMs === null || (ownMs !== null && ownMs <= leftMs)) return NO_PREFIX
  return timeLimit(stop)
}

/** The server's own limit, instead of the one that the session has. */
function timeLimit(stop: Stop | null): readonly Prefix[] {
  const leftMs = leftOf(stop)
  if (leftMs === null) return NO_PREFIX
  return [{ statement: sessionSql.statementTimeout, values: [String(leftMs)], isBrief: true }]
}

function withActor(prefix: readonly Prefix[], actor: Actor | undefined): readonly Prefix[] {
  if (actor === undefined) return prefix
  return prefix.length === 0 ? actor.prefix : [...prefix, ...actor.prefix]
}

function leftOf(stop: Stop | null): number | null {
  return stop === null || stop.deadline === null ? null : Math.max(1, Math.ceil(stop.deadline.at - performance.now()))
}

/** A statement that opened a transaction outside `transaction()`: giving the connection back rolls it back. */
function leftOpen(query: string): TransactionError {
  return new TransactionError(`${query}: the statement opened a transaction, which was rolled back; use transaction()`)
}
