/** The end of the pool: what is under way may end first, for a while. */

import { PoolClosedError } from '../../errors.js'
import { cancelOn } from './cancel.js'
import type { Connections } from './connections.js'
import type { Lanes } from './lanes.js'
import type { PooledConnection } from './pooled-connection.js'
import type { Waiters } from './waiters.js'
import type { Watchdog } from './watchdog.js'

/** How long the server may take to cancel what runs, in ms. */
const CUT_MS = 1_000

interface ClosingParts {
  /** `pool.closeTimeoutMs`. */
  readonly timeoutMs: number | null
  readonly connections: Connections
  readonly lanes: Lanes | null
  readonly waiters: Waiters
  readonly watchdog: Watchdog | null
  readonly borrowed: Set<PooledConnection>
  /** Whether anything is under way; {@link Closing.notice} is called whenever that may be over. */
  readonly isBusy: () => boolean
  /** Gives up the place of the connection apart. */
  readonly freeApart: () => void
  /** Told how many statements are about to be cancelled. */
  readonly onCancel: (count: number) => void
}

export class Closing {
  readonly #parts: ClosingParts
  #onQuiet = (): void => {}
  /** Resolves when all connections are closed. */
  readonly done: Promise<void>

  /** Begins at once; the pool takes no more calls from then on. */
  constructor(parts: ClosingParts) {
    this.#parts = parts
    this.done = this.#drain()
  }

  /** Something may have been the last that was under way. */
  notice(): void {
    if (!this.#parts.isBusy()) this.#onQuiet()
  }

  async #drain(): Promise<void> {
    const { timeoutMs, connections, lanes, watchdog } = this.#parts
    const timer = timeoutMs === null ? null : setTimeout(() => void this.#cut(), timeoutMs)
    await this.#quiet()
    lanes?.retire(() => true)
    await this.#quiet()
    if (timer !== null) clearTimeout(timer)
    watchdog?.stop()
    await connections.end()
  }

  async #quiet(): Promise<void> {
    while (this.#parts.isBusy()) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve
      })
    }
  }

  /** The deadline: what waits is refused, what runs is cancelled on the server, so that it does not run on there and its
   *  caller knows, and what then still is not done is lost. */
  async #cut(): Promise<void> {
    const { connections, lanes, waiters, borrowed, freeApart, onCancel } = this.#parts
    const closed = new PoolClosedError()
    lanes?.refuseWaiting(closed)
    while (waiters.size > 0) waiters.refuse(closed)
    const busy = [...borrowed, ...(lanes?.connections ?? [])].filter(
      ({ wire, isCommitting }) => wire.depth > 0 && !isCommitting,
    )
    onCancel(busy.length)
    await Promise.all(busy.map((connection) => cancelOn(connection, CUT_MS)))
    connections.cutAll()
    freeApart()
    // Who still has one may never give it back.
    borrowed.clear()
    this.notice()
  }
}
