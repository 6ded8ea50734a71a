/** What a program can have done at moments of a connection's life. Types only, so that configuration and engine share them. */

import type { Executor } from './executor.js'

/** Prepares or looks at one connection. */
export type ConnectionHook = (connection: Pick<Executor, 'query'>) => Promise<unknown>

/** A connection that has been borrowed for longer than `pool.leakThresholdMs`. */
export interface Leak {
  /** The name of the query that it was last sent, `query` for raw text; null when it was sent none. */
  readonly query: string | null
  /** How long it has been borrowed, in ms. */
  readonly heldMs: number
  /** Where it was borrowed. */
  readonly stack: string
}

/** Is told of a leak. */
export type LeakHook = (leak: Leak) => void
