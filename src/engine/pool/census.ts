/** Who has connections and who waits for them, in figures and by name. */

import type { ServerConfig } from '../../config.js'
import type { ConnectionHolder, PoolSizes } from '../../errors.js'
import type { PoolStats } from '../pool-stats.js'
import type { Connections } from './connections.js'
import type { Lanes } from './lanes.js'
import { stackOf } from './leak-watch.js'
import type { PooledConnection } from './pooled-connection.js'
import type { Waiters } from './waiters.js'

interface CensusParts {
  readonly config: ServerConfig
  readonly connections: Connections
  readonly lanes: Lanes | null
  readonly waiters: Waiters
  /** In the order in which they were borrowed. */
  readonly borrowed: ReadonlySet<PooledConnection>
}

/** What the pool itself knows and counts. */
type OwnStats = Pick<PoolStats, 'maxBorrowed' | 'statements' | 'failures' | 'shed' | 'cancels' | 'reruns'>

export class Census {
  readonly #parts: CensusParts

  constructor(parts: CensusParts) {
    this.#parts = parts
  }

  /** Calls that wait, for a connection or for a place on a lane. */
  get waiting(): number {
    return this.#parts.waiters.size + (this.#parts.lanes?.waiting ?? 0)
  }

  sizes(): PoolSizes {
    const { config, connections, lanes, borrowed } = this.#parts
    const { open, idle } = connections
    const { size } = borrowed
    return { max: config.pool.max, open, idle, borrowed: size, lanes: lanes?.count ?? 0, waiting: this.waiting }
  }

  stats({ maxBorrowed, ...counts }: OwnStats): PoolStats {
    const { config, connections, lanes } = this.#parts
    return {
      ...this.sizes(),
      min: config.pool.keepsConnections ? config.pool.min : 0,
      opening: connections.opening,
      listening: connections.placesApart,
      maxBorrowed,
      longestWaitMs: this.#longestWaitMs,
      longestHeldMs: this.longestHolder()?.heldMs ?? null,
      inFlight: lanes?.depth ?? 0,
      connects: connections.connects,
      ...counts,
      moved: lanes?.moved ?? 0,
    }
  }

  /** Who has had a connection for longest; null when nobody has one. */
  longestHolder(): ConnectionHolder | null {
    return this.holders(1)[0] ?? null
  }

  /** Who has borrowed connections: those that have them for longest first, in which order they stand. */
  holders(atMost = this.#parts.config.pool.max): readonly ConnectionHolder[] {
    const now = performance.now()
    return [...this.#parts.borrowed].slice(0, atMost).map(({ borrower, borrowedAt, borrowedBy }) => ({
      query: borrower,
      heldMs: Math.round(now - borrowedAt),
      stack: borrowedBy === null ? null : stackOf(borrowedBy),
    }))
  }

  get #longestWaitMs(): number | null {
    const { waiters, lanes } = this.#parts
    const since = Math.min(waiters.waitsSince ?? Infinity, lanes?.waitsSince ?? Infinity)
    // Who has a time of grace waits since a moment that is still to come.
    return since === Infinity ? null : Math.max(0, Math.round(performance.now() - since))
  }
}
