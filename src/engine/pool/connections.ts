/** The connections of a pool: opened, kept idle, renewed and closed; never more than `max` in all. */

import type { ClientConfig } from 'pg'
import type { ServerConfig } from '../../config.js'
import { clientConfig, closeClient, hangUp, LimitedClient } from '../client.js'
import { runHook } from './hooks.js'
import { type PooledConnection, pooled } from './pooled-connection.js'

/** After a failure to open connections ahead, the next attempt comes after so long, in ms. */
const RETRY_MS = 1_000

interface ConnectionsOptions {
  /** Called when a connection is there for whoever wants one. */
  readonly onOpened: (connection: PooledConnection) => void
  /** Called now and then: what could not be opened may be by now. */
  readonly onUpkeep: () => void
  /** Called when one could not be opened that somebody asked for. */
  readonly onFailed: (error: unknown) => void
  /** Called when a connection is gone, and there may be room for another. */
  readonly onGone: (connection: PooledConnection) => void
}

export class Connections {
  readonly #config: ServerConfig
  readonly #clientConfig: ClientConfig
  readonly #options: ConnectionsOptions
  readonly #all = new Set<PooledConnection>()
  /** The last is the one that came back last: the others grow old, and those that are not needed go. */
  readonly #idle: PooledConnection[] = []
  readonly #opening = new Set<LimitedClient>()
  readonly #closing = new Set<Promise<void>>()
  #generation = 0
  #isEnding = false
  #upkeep: NodeJS.Timeout | null = null
  /** `performance.now()` at which the next idle connection is looked after. */
  #dueAt = Infinity
  #failedAt = -Infinity
  connects = 0

  /** @throws {ConfigError} when a certificate cannot be used */
  constructor(config: ServerConfig, options: ConnectionsOptions) {
    this.#config = config
    this.#clientConfig = clientConfig(config)
    this.#options = options
  }

  /** Those that stand, are being opened, or are being closed. */
  get count(): number {
    return this.#all.size + this.#opening.size + this.#closing.size
  }

  get open(): number {
    return this.#all.size
  }

  get idle(): number {
    return this.#idle.length
  }

  get opening(): number {
    return this.#opening.size
  }

  /** Whether one could not be opened, so shortly ago that the next is likely to fail too. */
  get hasJustFailed(): boolean {
    return performance.now() - this.#failedAt < RETRY_MS
  }

  get hasRoom(): boolean {
    return this.count < this.#config.pool.max && !this.#isEnding
  }

  /** Opens one in the background. */
  openOne(): void {
    const { pool, maxPreparedStatements, preparedStatements } = this.#config
    const client = new LimitedClient(this.#clientConfig, {
      connectTimeoutMs: pool.connectTimeoutMs,
      maxPrepared: preparedStatements ? maxPreparedStatements : 0,
      isPooled: !preparedStatements,
    })
    this.#opening.add(client)
    this.#open(client).catch((error: unknown) => {
      this.#opening.delete(client)
      this.#failedAt = performance.now()
      this.#options.onFailed(error)
      this.#keepUp(RETRY_MS)
    })
  }

  async #open(client: LimitedClient): Promise<void> {
    await client.connect()
    this.connects += 1
    const connection = pooled(client, this.#generation, this.#config.pool.maxLifetimeMs)
    client.once('end', () => this.#forget(connection))
    const { onConnect } = this.#config.pool
    try {
      if (onConnect !== null) await runHook(onConnect, 'onConnect', connection)
    } catch (error) {
      hangUp(client)
      throw error
    }
    this.#opening.delete(client)
    if (this.#isEnding) {
      hangUp(client)
      return
    }
    this.#all.add(connection)
    this.#options.onOpened(connection)
  }

  /** Opens in the background what is missing of `min`. */
  fill(): void {
    const { keepsConnections, min } = this.#config.pool
    if (!keepsConnections) return
    while (this.#all.size + this.#opening.size < min && this.hasRoom) this.openOne()
  }

  /** Takes the connection that came back last; undefined when none is idle. Those that are spent are closed. */
  takeIdle(): PooledConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined || !this.isSpent(connection)) return connection
      void this.close(connection, false)
    }
  }

  /** Keeps a connection for whoever comes next. */
  putIdle(connection: PooledConnection): void {
    this.#idle.push(connection)
    if (this.#dueOf(connection) < this.#dueAt) this.#keepUp()
  }

  /** Tells whether a connection is to be renewed, at a moment when nobody has it. */
  isSpent({ wire, uses, expiresAt, generation }: PooledConnection): boolean {
    const { maxUses, keepsConnections } = this.#config.pool
    return (
      wire.isLost ||
      !keepsConnections ||
      generation !== this.#generation ||
      (maxUses !== null && uses >= maxUses) ||
      performance.now() >= expiresAt
    )
  }

  /** From now on every connection that stands counts as spent. */
  expire(): void {
    this.#generation += 1
    this.#sweep()
  }

  /** Closes a connection in good order; `isBroken`: cuts it. Resolves when nothing of it is left open. */
  async close(connection: PooledConnection, isBroken: boolean): Promise<void> {
    // Its socket may be black-holed: waiting for its end would keep the place from those who wait.
    if (isBroken) connection.wire.destroy()
    this.#all.delete(connection)
    const closed = closeClient(connection.client)
    this.#closing.add(closed)
    await closed
    this.#closing.delete(closed)
    this.#forget(connection)
  }

  /** Opens no more, gives up what is being opened, and closes those that are idle. */
  async end(): Promise<void> {
    this.#isEnding = true
    if (this.#upkeep !== null) clearTimeout(this.#upkeep)
    for (const client of this.#opening) hangUp(client)
    for (const connection of this.#idle.splice(0)) void this.close(connection, false)
    await Promise.all(this.#closing)
  }

  /** Cuts all that still stand. */
  cutAll(): void {
    for (const { wire } of this.#all) wire.destroy()
  }

  #forget(connection: PooledConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#options.onGone(connection)
    this.#keepUp(this.#isShort ? RETRY_MS : Infinity)
  }

  get #isShort(): boolean {
    const { keepsConnections, min } = this.#config.pool
    return keepsConnections && this.#all.size + this.#opening.size < min
  }

  /** Looks after the idle ones when the next of them is due, or earlier. */
  #keepUp(atMostMs = Infinity): void {
    if (this.#isEnding) return
    if (this.#upkeep !== null) clearTimeout(this.#upkeep)
    this.#upkeep = null
    const now = performance.now()
    this.#dueAt = Math.min(now + atMostMs, ...this.#idle.map((connection) => this.#dueOf(connection)))
    if (this.#dueAt === Infinity) return
    this.#upkeep = setTimeout(() => this.#sweep(), Math.max(0, this.#dueAt - now))
    this.#upkeep.unref()
  }

  /** `performance.now()` from which on an idle connection is to be closed. */
  #dueOf({ idleSince, expiresAt }: PooledConnection): number {
    const { min, idleTimeoutMs } = this.#config.pool
    const isSpare = this.#all.size > min && idleTimeoutMs !== null
    return Math.min(expiresAt, isSpare ? idleSince + idleTimeoutMs : Infinity)
  }

  #sweep(): void {
    const { min, idleTimeoutMs } = this.#config.pool
    const now = performance.now()
    let spare = this.#all.size - min
    for (const connection of [...this.#idle]) {
      const isUnused = idleTimeoutMs !== null && now - connection.idleSince >= idleTimeoutMs && spare > 0
      if (!isUnused && !this.isSpent(connection)) continue
      spare -= 1
      this.#idle.splice(this.#idle.indexOf(connection), 1)
      void this.close(connection, false)
    }
    this.fill()
    this.#keepUp()
    this.#options.onUpkeep()
  }
}
