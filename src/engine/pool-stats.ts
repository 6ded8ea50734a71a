import type { PoolSizes } from '../errors.js'

/** Sizes of the pool now, and counters since it was made. */
export interface PoolStats extends PoolSizes {
  /** Connections that are kept open. */
  readonly min: number
  /** Connections that are being opened; some of those that wait do so for them. */
  readonly opening: number
  /** Places of `max` that are kept for the connection of all listeners: 1 while anybody listens. It is not among the
   *  `open` ones. */
  readonly listening: number
  /** Most that may be borrowed at a time: `max`, less one for shared reads where there are lanes, and one for listeners. */
  readonly maxBorrowed: number
  /** How long the first of those that wait has been waiting, in ms; null when nobody waits. */
  readonly longestWaitMs: number | null
  /** How long the one that is borrowed for longest has been, in ms; null when none is. */
  readonly longestHeldMs: number | null
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
