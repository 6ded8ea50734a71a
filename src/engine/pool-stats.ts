import type { PoolSizes } from '../errors.js'

/** Sizes of the pool now, and counters since it was made. */
export interface PoolStats extends PoolSizes {
  /** Connections that are kept open. */
  readonly min: number
  /** Reads in flight on the lanes. */
  readonly inFlight: number
  /** Connections opened. */
  readonly connects: number
  /** Statements sent outside transactions. */
  readonly statements: number
  /** Statements of those that failed. */
  readonly failures: number
  /** Calls refused because too many waited. */
  readonly shed: number
  /** Cancel requests sent. */
  readonly cancels: number
  /** Reads that met a lock on a lane, and were run again on an exclusive connection. */
  readonly reruns: number
  /** Reads that stood behind a slow one on a lane, and were sent on another as well. */
  readonly moved: number
}
