import type { PoolSizes } from '../errors.js'

/** Counters since the pool was made, and its sizes now. */
export interface PoolStats extends PoolSizes {
  /** Connections opened. */
  readonly connects: number
  /** Statements sent outside transactions. */
  readonly statements: number
  /** Statements of those that failed. */
  readonly failures: number
}
