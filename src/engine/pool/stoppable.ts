/** Statements on a borrowed connection that an abort or a deadline can stop. */

import { CancelledError, OutcomeUnknownError, TimeoutError } from '../../errors.js'
import type { CallLimits } from '../call-limits.js'
import type { FailureContext } from '../map-error.js'
import { cancelOn } from './cancel.js'
import type { Pool } from './pool.js'
import type { PooledConnection } from './pooled-connection.js'

/** How long the server may take to say what became of a statement that it was told to cancel, in ms. */
const VERDICT_MS = 900
/** How much later than the server's own time limit this side steps in, in ms. */
const SERVER_AHEAD_MS = 100
/** What a timer of Node can hold, in ms: a longer one would be over at once. */
const MAX_TIMER_MS = 2_147_483_647

/** What may stop a call. */
export interface Stop {
  readonly signal: AbortSignal | undefined
  /** `performance.now()` of the deadline, and the limit it comes from; null for none. */
  readonly deadline: { readonly at: number; readonly limitMs: number } | null
  /** Whether the server watches the deadline too. */
  readonly isServerAware: boolean
}

/** What is stopped. */
export interface Stoppable {
  readonly context: FailureContext
  /** Called before the server is told to cancel it. */
  giveUp?(): void
}

const nothing = (): void => {}

/** Waits for an answer on a connection. When the call is aborted or late, has the server cancel it, and tells what the
 *  server said; the connection is cut when the server says nothing. */
export async function stoppable<T>(
  answer: Promise<T>,
  connection: PooledConnection,
  pool: Pick<Pool, 'counts'>,
  { signal, deadline, isServerAware }: Stop,
  { context, giveUp = nothing }: Stoppable,
): Promise<T> {
  let why: (() => Error) | null = null
  let timer: NodeJS.Timeout | undefined
  let settleBy: (error: Error) => void = () => {}
  const gaveUp = new Promise<never>((_, reject) => {
    settleBy = reject
  })
  const stop = (reason: () => Error): void => {
    if (why !== null) return
    why = reason
    clearTimeout(timer)
    giveUp()
    pool.counts.cancels += 1
    connection.cancelling = cancelOn(connection, VERDICT_MS)
    timer = setTimeout(() => {
      settleBy(context.isOutcomeAtStake ? unknown(context.query) : reason())
      connection.wire.destroy()
    }, VERDICT_MS)
  }
  const onAbort = (): void => stop(() => aborted(context.query))
  signal?.addEventListener('abort', onAbort, { once: true })
  // It may have been aborted since the connection was obtained, and does not tell again.
  if (signal?.aborted) onAbort()
  if (deadline !== null && why === null) {
    connection.watchedUntil = deadline.at + SERVER_AHEAD_MS + VERDICT_MS
    const leftMs = deadline.at - performance.now() + (isServerAware ? SERVER_AHEAD_MS : 0)
    const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, leftMs))
    timer = setTimeout(() => stop(() => late(context.query, deadline.limitMs)), waitMs)
  }
  try {
    return await Promise.race([answer, gaveUp])
  } catch (error) {
    // Read through a function: the compiler does not see that `stop` has set it.
    const reason = reasonOf()
    // What may have committed a part of its work says so itself.
    if (error instanceof CancelledError && error.outcome === 'not-executed' && reason !== null) throw reason()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }

  function reasonOf(): (() => Error) | null {
    return why
  }
}

/** Gives what may stop a call with these limits, the time counted from now; null for nothing. */
export function stopOf({ signal, timeoutMs }: CallLimits, { isServerAware }: Pick<Stop, 'isServerAware'>): Stop | null {
  if (signal === undefined && timeoutMs === undefined) return null
  const deadline = timeoutMs === undefined ? null : { at: performance.now() + timeoutMs, limitMs: timeoutMs }
  return { signal, deadline, isServerAware }
}

/** What a call gets that its signal has aborted. */
export function aborted(query: string): CancelledError {
  return new CancelledError('aborted by its signal; nothing of it was kept', { query, sqlState: null })
}

/** What a call gets that has run into its time limit. */
export function late(query: string, limitMs: number): TimeoutError {
  return new TimeoutError(`not done within its time limit of ${limitMs} ms; nothing of it was kept`, {
    query,
    sqlState: null,
  })
}

function unknown(query: string): OutcomeUnknownError {
  return new OutcomeUnknownError(
    query,
    undefined,
    'it was stopped, and the server did not tell in time what became of it',
  )
}
