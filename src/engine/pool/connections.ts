/** The connections of a pool: opened, kept idle, renewed and closed; never more than `max` in all. */

import { DatabaseError } from 'pg'
import type { ServerConfig, ServerTarget } from '../../config.js'
import { PoolClosedError } from '../../errors.js'
import { closeClient, hangUp, type LimitedClient } from '../client.js'
import { Opener } from '../hosts/opener.js'
import { connecting, mapError } from '../map-error.js'
import type { Monitor } from '../monitor/monitor.js'
import { reasonOf } from '../monitor/reason.js'
import { runHook } from './hooks.js'
import { introduce } from './inquiry.js'
import { OpeningPace } from './opening-pace.js'
import { type PooledConnection, pooled } from './pooled-connection.js'
import { Standstill } from './standstill.js'
import { UpkeepTimer } from './upkeep-timer.js'

/** A connection that is being opened: its client, as soon as it is known where to. */
interface Opening {
  client: LimitedClient | null
}

interface ConnectionsOptions {
  readonly monitor: Monitor
  /** Called before something is sent on a connection that nobody has yet. */
  readonly onPrepare: () => void
  /** Called when a connection is there for whoever wants one. */
  readonly onOpened: (connection: PooledConnection) => void
  /** Called now and then: what could not be opened may be by now. */
  readonly onUpkeep: () => void
  /** Called when one could not be opened that somebody asked for. */
  readonly onFailed: (error: unknown) => void
  /** Called when a connection is gone, and there may be room for another. */
  readonly onGone: (connection: PooledConnection) => void
  /** Called when connections that stand have become spent, because another server has taken over. */
  readonly onMoved: () => void
  /** Called when {@link Connections.isHeld} is over. */
  readonly onReleased: () => void
}

export class Connections {
  readonly #config: ServerConfig
  readonly #opener: Opener
  readonly #options: ConnectionsOptions
  readonly #all = new Set<PooledConnection>()
  /** The last is the one that came back last: the others grow old, and those that are not needed go. */
  readonly #idle: PooledConnection[] = []
  readonly #opening = new Set<Opening>()
  readonly #standstill = new Standstill()
  /** Those that a program's hook has before anybody else. */
  readonly #prepared = new Set<PooledConnection>()
  readonly #closing = new Set<Promise<void>>()
  /** What stands apart: nobody borrows it. */
  #apart: PooledConnection | null = null
  #openingApart: Opening | null = null
  #keepsPlaceApart = false
  #generation = 0
  #isEnding = false
  readonly #pace = new OpeningPace()
  readonly #upkeep = new UpkeepTimer(() => this.#sweep())
  connects = 0

  /** @throws {ConfigError} when a certificate cannot be used */
  constructor(config: ServerConfig, options: ConnectionsOptions) {
    this.#config = config
    this.#options = options
    this.#opener = new Opener(config, {
      monitor: options.monitor,
      onMoved: (isSilent) => {
        // What is under way there ends only when the network gives up.
        for (const { server, wire } of this) if (isSilent(server)) wire.destroy()
        options.onMoved()
      },
      onReleased: options.onReleased,
      isUsed: (withinMs) => this.#isUsed(withinMs),
      isHeldUp: () => this.#standstill.look(this.#all, this.#opening),
    })
  }

  /** The server that connections are opened to now. */
  get server(): ServerTarget {
    return this.#opener.server
  }

  /** Whether those that stand are not to be used yet: see {@link Connections.suspect}. */
  get isHeld(): boolean {
    return this.#opener.isHeld
  }

  /** A server has refused a write: has it looked for the one that takes them. False where nothing would come of it. */
  suspect(): boolean {
    return this.#opener.suspect()
  }

  /** Those that stand, are being opened, or are being closed, and the place of the one that stands apart. */
  get count(): number {
    return this.#all.size + this.#opening.size + this.#closing.size + this.placesApart
  }

  /** Places that are kept for a connection apart, whether or not it stands. */
  get placesApart(): 0 | 1 {
    return this.#keepsPlaceApart ? 1 : 0
  }

  /** Whether the connection apart is to be renewed. Its age does not matter: it has no callers to share out anew. */
  get isApartSpent(): boolean {
    return this.#apart !== null && this.#isOutdated(this.#apart)
  }

  /** All that stand, and those that are being prepared. */
  *[Symbol.iterator](): Iterator<PooledConnection> {
    yield* this.#all
    yield* this.#prepared
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
    return this.#pace.hasJustFailed
  }

  get hasRoom(): boolean {
    return this.count < this.#config.pool.max && !this.#isEnding
  }

  /** Opens one in the background. */
  openOne(): void {
    const opening: Opening = { client: null }
    this.#opening.add(opening)
    this.#open(opening).catch((error: unknown) => {
      this.#opening.delete(opening)
      this.#pace.noteFailure()
      this.#options.onFailed(error)
      this.#upkeep.retryIn(this.#pace.retryMs)
      this.#keepUp()
    })
  }

  async #open(opening: Opening): Promise<void> {
    const connection = await this.#make(opening)
    this.#opening.delete(opening)
    if (connection === null) return
    this.#all.add(connection)
    const { hasFailed: hadFailed } = this.#pace
    this.#pace.noteSuccess()
    this.#options.onOpened(connection)
    if (hadFailed) this.fill()
  }

  /** Makes a connection to the server that is to be used; null when it has come too late. */
  async #make(opening: Opening): Promise<PooledConnection | null> {
    const opened = await this.#opener.open((client) => {
      opening.client = client
    })
    const { client } = opened
    this.connects += 1
    const connection = pooled(opened, this.#generation, this.#config.pool.maxLifetimeMs)
    client.once('end', () => this.#ended(connection))
    const { onConnect, watchdogMs } = this.#config.pool
    if (watchdogMs !== null && this.#config.preparedStatements) introduce(connection)
    this.#prepared.add(connection)
    this.#options.onPrepare()
    try {
      if (onConnect !== null) await runHook(onConnect, 'onConnect', connection)
    } catch (error) {
      connection.isClosing = true
      hangUp(client)
      throw error
    } finally {
      this.#prepared.delete(connection)
    }
    // Another host may have taken over while the hook was at work.
    if (this.#opener.isCurrent(connection) && !this.#isEnding) return connection
    connection.isClosing = true
    hangUp(client)
    return this.#isEnding ? null : this.#make(opening)
  }

  /** Sets a connection apart that nobody has, and keeps its place until {@link Connections.freeApart}. */
  setApart(connection: PooledConnection): void {
    this.#all.delete(connection)
    this.#apart = connection
    this.#keepsPlaceApart = true
  }

  /** Opens another one in the place that is kept.
   *  @throws {ConnectionError} when it cannot be opened, or was given up */
  async openApart(): Promise<PooledConnection> {
    const opening: Opening = { client: null }
    this.#openingApart = opening
    try {
      const connection = await this.#make(opening)
      if (connection === null) throw new PoolClosedError()
      this.#apart = connection
      return connection
    } finally {
      this.#openingApart = null
    }
  }

  /** Gives up the one that is being opened. */
  abandonApart(): void {
    const client = this.#openingApart?.client
    if (client) hangUp(client)
  }

  /** Closes the one that stands apart, in good order unless it is lost; its place is kept. */
  async closeApart(connection: PooledConnection): Promise<void> {
    connection.isClosing = true
    await closeClient(connection.client)
    if (this.#apart === connection) this.#apart = null
  }

  /** Gives up the place. */
  freeApart(): void {
    this.#keepsPlaceApart = false
    this.fill()
  }

  /** Opens in the background what is missing of `min`; while that fails, one at a time. */
  fill(): void {
    const { keepsConnections, min } = this.#config.pool
    if (!keepsConnections) return
    if (this.#pace.hasFailed && this.#isShort && this.hasRoom) {
      if (this.#opening.size === 0) this.openOne()
      return
    }
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

  /** Takes all that are idle and that a condition names. */
  takeAllIdle(isMeant: (connection: PooledConnection) => boolean): readonly PooledConnection[] {
    const taken = this.#idle.filter(isMeant)
    for (const connection of taken) this.#idle.splice(this.#idle.indexOf(connection), 1)
    return taken
  }

  /** Keeps a connection for whoever comes next. */
  putIdle(connection: PooledConnection): void {
    this.#idle.push(connection)
    if (this.#dueOf(connection) < this.#upkeep.dueAt) this.#keepUp()
  }

  /** Tells whether a connection is to be renewed, at a moment when nobody has it. */
  isSpent(connection: PooledConnection): boolean {
    const { wire, uses, expiresAt } = connection
    const { maxUses, keepsConnections } = this.#config.pool
    return (
      wire.isLost ||
      !keepsConnections ||
      (maxUses !== null && uses >= maxUses) ||
      performance.now() >= expiresAt ||
      this.#isOutdated(connection)
    )
  }

  /** Tells whether it is from before the last `expire()`, or to a server that is not to be used any more. */
  #isOutdated(connection: PooledConnection): boolean {
    return connection.generation !== this.#generation || !this.#opener.isCurrent(connection)
  }

  /** From now on every connection that stands counts as spent. */
  expire(): void {
    this.#generation += 1
    this.#sweep()
  }

  /** Gives up a prepared statement, or all, on every connection: each prepares it anew when it runs it next. */
  forgetPrepared(name?: string): void {
    for (const { wire } of this.#all) wire.prepared.giveUp(name)
  }

  /** Closes those that are spent and that nobody has. */
  dropSpent(): void {
    this.#sweep()
  }

  /** Closes a connection in good order; `isBroken`: cuts it. Resolves when nothing of it is left open. */
  async close(connection: PooledConnection, isBroken: boolean): Promise<void> {
    // Its socket may be black-holed: waiting for its end would keep the place from those who wait.
    if (isBroken) {
      this.#opener.doubt()
      connection.wire.destroy()
    }
    connection.isClosing = true
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
    this.#upkeep.stop()
    this.#opener.close()
    for (const { client } of this.#opening) if (client !== null) hangUp(client)
    this.abandonApart()
    for (const connection of this.#idle.splice(0)) void this.close(connection, false)
    await Promise.all(this.#closing)
  }

  /** Cuts all that still stand. */
  cutAll(): void {
    for (const { wire } of this.#all) wire.destroy()
    this.#apart?.wire.destroy()
  }

  /** Its socket is closed, by whomever. */
  #ended(connection: PooledConnection): void {
    const { wire, isClosing, borrower } = connection
    if (connection === this.#apart) {
      // Whoever has it tells of it.
      this.#apart = null
      if (!isClosing) this.#opener.doubt()
      return
    }
    const loss = wire.loss
    // Where the server has said so, it is lost also when that was read first and the connection was let go.
    if (!isClosing || loss instanceof DatabaseError) {
      this.#opener.doubt()
      if (loss !== null) {
        const reason = reasonOf(loss instanceof DatabaseError ? loss : mapError(loss, connecting))
        this.#options.monitor.tell({ type: 'connection-lost', query: borrower, reason })
      }
    }
    this.#forget(connection)
  }

  #isUsed(withinMs: number): boolean {
    // Nothing arrives by itself from a server that was replaced and lives on.
    if (this.#keepsPlaceApart) return true
    const since = performance.now() - withinMs
    for (const { wire, idleSince, borrowedAt } of this.#all) {
      if (wire.depth > 0 || idleSince > since || borrowedAt > since) return true
    }
    return false
  }

  #forget(connection: PooledConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#options.onGone(connection)
    if (this.#isShort) this.#upkeep.retryIn(this.#pace.retryMs, { isFirst: true })
    this.#keepUp()
  }

  get #isShort(): boolean {
    const { keepsConnections, min } = this.#config.pool
    return keepsConnections && this.#all.size + this.#opening.size < min
  }

  /** Looks after the idle ones when the next of them is due, and after what could not be opened. */
  #keepUp(): void {
    this.#upkeep.plan(Math.min(...this.#idle.map((connection) => this.#dueOf(connection))))
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
