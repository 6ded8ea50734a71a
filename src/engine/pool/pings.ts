/** Asks idle connections for a sign of life before they are lent. */

import { answers, DOUBT_MS, PING_MS } from './ping.js'
import type { PooledConnection } from './pooled-connection.js'

interface PingsOptions {
  /** A connection that was idle for longer is asked; null: none is. In ms. */
  readonly afterIdleMs: number | null
  /** Takes all idle connections that a condition names. */
  readonly takeAllIdle: (isMeant: (connection: PooledConnection) => boolean) => readonly PooledConnection[]
  /** Gets a connection that has answered, or has not; nobody has it. */
  readonly onAnswered: (connection: PooledConnection, isAlive: boolean) => void
  /** Called when one has not answered at once: whoever counted on it is to be served otherwise. */
  readonly onDoubt: () => void
}

export class Pings {
  readonly #options: PingsOptions
  /** Connections that are asked, and counted on. */
  #expected = 0
  /** Those that have not answered at once: nobody counts on them. */
  #doubted = 0

  constructor(options: PingsOptions) {
    this.#options = options
  }

  get expected(): number {
    return this.#expected
  }

  /** All that are asked. */
  get count(): number {
    return this.#expected + this.#doubted
  }

  needs({ idleSince }: PooledConnection): boolean {
    const { afterIdleMs } = this.#options
    return afterIdleMs !== null && performance.now() - idleSince > afterIdleMs
  }

  /** Asks a connection. When the answer does not come at once, all others that were idle are asked too: a network that is
   *  gone is gone for all of them, and one after the other they would keep a caller for longer than it waits. */
  async ask(connection: PooledConnection): Promise<void> {
    this.#expected += 1
    let isDoubted = false
    const doubt = setTimeout(() => {
      isDoubted = true
      this.#expected -= 1
      this.#doubted += 1
      this.askIdle((each) => this.needs(each))
      this.#options.onDoubt()
    }, DOUBT_MS)
    const isAlive = await answers(connection.wire, PING_MS)
    clearTimeout(doubt)
    if (isDoubted) this.#doubted -= 1
    else this.#expected -= 1
    this.#options.onAnswered(connection, isAlive)
  }

  /** Asks idle connections, all at once; nobody counts on one of them. */
  askIdle(isMeant: (connection: PooledConnection) => boolean): void {
    for (const connection of this.#options.takeAllIdle(isMeant)) void this.#askDoubted(connection)
  }

  async #askDoubted(connection: PooledConnection): Promise<void> {
    this.#doubted += 1
    const isAlive = await answers(connection.wire, PING_MS)
    this.#doubted -= 1
    this.#options.onAnswered(connection, isAlive)
  }
}
