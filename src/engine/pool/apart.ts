/** The connection that stands apart: nobody else borrows it, and its place is taken from those of the callers. */

import { PoolClosedError } from '../../errors.js'
import type { Connections } from './connections.js'
import type { PooledConnection } from './pooled-connection.js'
import type { Place } from './waiters.js'

interface ApartOptions {
  readonly connections: Connections
  /** Whether the pool takes no more calls. */
  readonly isClosing: () => boolean
  /** Told before it is asked for, as of any call. */
  readonly onCall: () => void
  /** Lends an idle connection at once, as to any caller. */
  readonly take: () => PooledConnection | undefined
  /** Lends one later; `onPlaced` gets the way to give up. */
  readonly wait: (query: string, onPlaced: (place: Place) => void) => Promise<PooledConnection>
  /** Told of a connection that was lent and is to stand apart. */
  readonly onTaken: (connection: PooledConnection) => void
  /** Told when the callers have its place again. */
  readonly onFreed: () => void
}

export class Apart {
  readonly #options: ApartOptions
  readonly #connections: Connections
  /** Of who waits for it. */
  #place: Place | null = null
  /** Called when it is to be renewed, with the reason. */
  onSpent: (reason: 'expired' | 'writer-changed') => void = () => {}

  constructor(options: ApartOptions) {
    this.#options = options
    this.#connections = options.connections
  }

  /** Gives the connection, for whoever has it until {@link close}. Its place is waited for once, like any caller's, and kept
   *  until {@link free}.
   *  @throws {ConnectionError} when none can be made, none becomes free in time, too many wait, or the pool is closed */
  async open(query: string): Promise<PooledConnection> {
    for (;;) {
      const connection = await this.#open(query)
      // Whoever called `expire` while it was opened would wait for its end in vain.
      if (!this.#connections.isApartSpent) return connection
      await this.close(connection)
    }
  }

  async #open(query: string): Promise<PooledConnection> {
    const { isClosing, onCall, take, wait, onTaken } = this.#options
    if (isClosing()) throw new PoolClosedError()
    if (this.#connections.placesApart > 0) return this.#connections.openApart()
    onCall()
    const onPlaced = (place: Place): void => {
      this.#place = place
    }
    const connection = take() ?? (await wait(query, onPlaced))
    this.#connections.setApart(connection)
    onTaken(connection)
    return connection
  }

  /** Has {@link open} reject soon. */
  abandon(): void {
    this.#place?.leave(new PoolClosedError())
    this.#connections.abandonApart()
  }

  /** Closes it; resolves when nothing of it is left open. */
  async close(connection: PooledConnection): Promise<void> {
    await this.#connections.closeApart(connection)
  }

  /** Gives its place back to the callers. */
  free(): void {
    if (this.#connections.placesApart === 0) return
    this.#connections.freeApart()
    this.#options.onFreed()
  }

  /** Tells whoever has it when it is to be renewed. */
  renew(reason: 'expired' | 'writer-changed'): void {
    if (this.#connections.isApartSpent) this.onSpent(reason)
  }
}
