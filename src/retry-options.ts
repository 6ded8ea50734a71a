/** What a program may say of retries, and what of it the engine gets. Ranges stand in settings.ts, defaults in config.ts. */

/** Time as retries see it; a test may give its own. */
export interface RetryClock {
  /** A time in ms that never goes back. */
  now(): number
  /** Resolves after so many ms, and at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** How often, and after which pauses, a call is tried again where that is safe. Between two attempts it waits for a random
 *  time from 0 to `baseDelayMs`, doubled with each attempt, up to `maxDelayMs` (full jitter). A call's own time limit ends it
 *  earlier. */
export interface RetryOptions {
  /** Attempts of a call that met no connection, or lost the one it had; the first is one of them, 1 to 100. Default 4.
   *  Environment: ASHLAR_RETRY_MAX_ATTEMPTS. */
  readonly maxAttempts?: number
  /** Attempts of a call that the server gave up in favour of others (serialization failure, deadlock), 1 to 1,000. Default
   *  50: in a storm of 16 callers on one row, one call of 1,000 runs out of 10, and one of 5,000 out of 20. Environment: ASHLAR_RETRY_MAX_CONFLICT_ATTEMPTS. */
  readonly maxConflictAttempts?: number
  /** Longest pause behind the first attempt, in ms, 1 to 60,000. Default 20. Environment: ASHLAR_RETRY_BASE_DELAY_MS. */
  readonly baseDelayMs?: number
  /** Longest pause of all, in ms, 1 to 600,000. Default 1,000. Environment: ASHLAR_RETRY_MAX_DELAY_MS. */
  readonly maxDelayMs?: number
  /** Where the randomness of the pauses comes from: numbers from 0 up to 1. Default `Math.random`. No variable. */
  readonly random?: () => number
  /** Default: `performance.now` and timers. No variable. */
  readonly clock?: RetryClock
}

/** The options of retries, all known; null for `clock` and `random`: their defaults. */
export interface RetryConfig extends Required<Omit<RetryOptions, 'random' | 'clock'>> {
  /** false: no call is tried again. */
  readonly isOn: boolean
  readonly random: (() => number) | null
  readonly clock: RetryClock | null
}
