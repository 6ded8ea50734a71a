/** Limits and options that a caller sets to one call. */

import { ValidationError } from '../errors.js'

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
}

export const NO_LIMITS: CallLimits = Object.freeze({})

const CALL_OPTIONS: readonly string[] = ['signal', 'timeoutMs', 'coalesce']

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
  const { signal, timeoutMs, coalesce } = options
  if (coalesce !== undefined && typeof coalesce !== 'boolean') {
    throw new ValidationError(query, [{ path: 'coalesce', message: 'must be true or false' }])
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ValidationError(query, [{ path: 'signal', message: 'must be an AbortSignal' }])
  }
  if (timeoutMs === undefined) return
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw new ValidationError(query, [{ path: 'timeoutMs', message: `must be an integer from 1 to ${MAX_TIMEOUT_MS}` }])
  }
}

/** Tells whether there is anything that limits a call. */
export function isLimited({ signal, timeoutMs }: CallLimits = NO_LIMITS): boolean {
  return signal !== undefined || timeoutMs !== undefined
}
