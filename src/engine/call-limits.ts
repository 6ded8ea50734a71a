/** Limits and options that a caller sets to one call. */

import { ValidationError } from '../errors.js'
import { isStorableText, UNSTORABLE_TEXT } from './codec.js'

/** Longest time limit: what a timer of Node can hold, in ms. */
const MAX_TIMEOUT_MS = 2_147_483_647

/** How long a call may take, and what ends it early. */
export interface CallLimits {
  /** Aborts the call: it rejects with a `CancelledError`. A statement that has a connection of its own is cancelled on the
   *  server; a read on a shared lane runs to its end there, and its result is dropped. A write that was done before the
   *  server heard of it resolves all the same, and one whose fate the server does not tell within a second rejects with
   *  an `OutcomeUnknownError`. */
  readonly signal?: AbortSignal | undefined
  /** Longest time from call to answer, the wait for a connection included, in ms; 1 to 2,147,483,647. The server stops
   *  the statement, and the call rejects with a `TimeoutError`. Default: only `commandTimeoutMs` of the connection. */
  readonly timeoutMs?: number | undefined
}

/** How a call is run. */
export interface CallOptions extends CallLimits {
  /** Whether a lookup by key becomes one statement with the others of its tick that may, of the same database handle or the
   *  same transaction. A lookup with a `signal` or `timeoutMs` is always sent alone. Default: `coalesce` of `connect`. */
  readonly coalesce?: boolean | undefined
  /** Names this write or transaction for good, 1 to 255 characters: it takes effect once, however often a call with this
   *  name is made, also when connections are lost, the server restarts or a standby takes over. Who calls again gets what the
   *  first call got; while that is under way, or its lost connection still known to the server, after a wait that the time
   *  limits of the call bound. Another query or other values under the same name are refused; of a transaction, whose
   *  callback is not run again, the name is all that counts. The result, at most 1 MiB of JSON, is kept for
   *  `operationRetentionMs` of `connect`. What a transaction gives must be plain data: JSON, `undefined`, Date, Buffer, Map,
   *  Set, bigint; the order of keys within it is not kept. A call with a failure that is certain can be made again. A read
   *  takes no note of it; a call in a transaction, a nested or read-only transaction and a stream refuse it. Needs ashlar's
   *  migrations. */
  readonly operationId?: string | undefined
  /** Whether the call is tried again where that is safe. Default true, within the limits of `retry` of `connect`. */
  readonly retry?: boolean | undefined
}

/** Longest name of an operation or actor, in characters. */
const MAX_ID = 255

export const NO_LIMITS: CallOptions = Object.freeze({})

const CALL_OPTIONS: readonly string[] = ['signal', 'timeoutMs', 'coalesce', 'operationId', 'retry']

/** Checks the options of a call, which may have `others` beside those of every call.
 *  @throws {ValidationError} when a limit or option is not what it must be, or there is none of that name */
export function checkOptions(query: string, options: CallOptions, others: readonly string[] = []): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ValidationError(query, [{ path: 'options', message: 'must be an object' }])
  }
  for (const path of Object.keys(options)) {
    if (CALL_OPTIONS.includes(path) || others.includes(path)) continue
    const known = [...CALL_OPTIONS, ...others].join(', ')
    throw new ValidationError(query, [{ path, message: `is no option of this call; there are ${known}` }])
  }
  const { signal, timeoutMs, operationId } = options
  if (operationId !== undefined) checkId(query, 'operationId', operationId)
  for (const path of ['coalesce', 'retry'] as const) {
    const value = options[path]
    if (value === undefined || typeof value === 'boolean') continue
    throw new ValidationError(query, [{ path, message: 'must be true or false' }])
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ValidationError(query, [{ path: 'signal', message: 'must be an AbortSignal' }])
  }
  if (timeoutMs === undefined) return
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw new ValidationError(query, [{ path: 'timeoutMs', message: `must be an integer from 1 to ${MAX_TIMEOUT_MS}` }])
  }
}

/** Checks what names an operation or an actor.
 *  @throws {ValidationError} when it is not a text of 1 to 255 characters that the server can store */
export function checkId(query: string, path: string, id: unknown): void {
  const refuse = (message: string): ValidationError => new ValidationError(query, [{ path, message }])
  if (typeof id !== 'string') throw refuse('must be a string')
  if (!isStorableText(id)) throw refuse(UNSTORABLE_TEXT)
  // As PostgreSQL counts them.
  const isLong = id.length > MAX_ID && [...id].length > MAX_ID
  if (id === '' || isLong) throw refuse(`must have 1 to ${MAX_ID} characters`)
}

/** Tells whether there is anything that limits a call. */
export function isLimited({ signal, timeoutMs }: CallLimits = NO_LIMITS): boolean {
  return signal !== undefined || timeoutMs !== undefined
}
