/** What a failed attempt tells about the next one. */

import {
  AcquireTimeoutError,
  CancelledError,
  ConnectionError,
  type DataAccessError,
  OutcomeUnknownError,
  PoolClosedError,
  PoolOverloadedError,
  QueryError,
  ScrubbedCause,
  TimeoutError,
  TlsError,
} from '../../errors.js'

/** Kinds of failure that a later attempt may not meet.
 *  `connection`: none could be made, or it was lost, and nothing was executed; `conflict`: given up in favour of others;
 *  `stale-plan`: a table has changed under a prepared statement; `read-only`: the server is not the one that writes;
 *  `lock`: not to be had in time; `resources`: the server has no memory or disk space; `cancelled`: by the server's time limit
 *  or by somebody else; `unknown`: it may have been executed. */
export type Signal =
  | 'connection'
  | 'conflict'
  | 'stale-plan'
  | 'read-only'
  | 'lock'
  | 'resources'
  | 'cancelled'
  | 'unknown'

const signals: Readonly<Record<string, Signal>> = {
  '25006': 'read-only',
  '26000': 'stale-plan',
  '40001': 'conflict',
  '40P01': 'conflict',
  '42P05': 'stale-plan',
  '53100': 'resources',
  '53200': 'resources',
  '55P03': 'lock',
  '57014': 'cancelled',
}

/** SQLSTATEs with which a server or pooler ends or refuses a connection, and may take the next one. Of class 08 all. Not
 *  among them: a refused login (28), no such database (3D000), a database that was dropped (57P04). */
const connectionStates = new Set(['25P03', '25P04', '40001', '40003', '53300', '57P01', '57P02', '57P03', '57P05'])

/** Errors of pg and of sockets that have no code: the socket was closed, or connecting took too long. */
const CODELESS = /^(?:the connection was lost|the connection failed|Connection terminated|timeout expired)/

/** Tells what an error means for another attempt; null: that would meet the same. */
export function signalOf(error: unknown): Signal | null {
  if (error instanceof OutcomeUnknownError) return error.outcome === 'unknown' ? 'unknown' : null
  if (error instanceof ConnectionError) return isPassing(error) ? 'connection' : null
  if (!(error instanceof QueryError) || error.sqlState === null) return null
  if (isStalePlan(error)) return 'stale-plan'
  const signal = signals[error.sqlState] ?? null
  // A function may raise any SQLSTATE; the classes were made by what the server itself says.
  if (signal === 'cancelled') return error instanceof TimeoutError || error instanceof CancelledError ? signal : null
  return signal
}

/** Tells whether the server refused a prepared statement, because a table has changed since. */
function isStalePlan({ sqlState, cause }: QueryError): boolean {
  return sqlState === '0A000' && cause instanceof ScrubbedCause && cause.routine === 'RevalidateCachedQuery'
}

/** What the pool itself says is its last word: who waits was let wait for as long as configured. */
function isPassing(error: ConnectionError): boolean {
  if (error instanceof AcquireTimeoutError || error instanceof PoolOverloadedError) return false
  if (error instanceof PoolClosedError || error instanceof TlsError) return false
  const { cause } = error as DataAccessError & { readonly cause?: unknown }
  // Of several hosts none could be used: one of them for this reason.
  if (cause instanceof ConnectionError) return isPassing(cause)
  // A hook of the program's has rejected.
  if (!(cause instanceof ScrubbedCause)) return cause === undefined
  const { code, message } = cause
  if (code === null) return CODELESS.test(message)
  // Five characters: a SQLSTATE. All else are codes of sockets and name services.
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)
    ? code.startsWith('08') || connectionStates.has(code)
    : true
}
