/** The pool: shared lanes for reads and exclusive connections for the rest, `max` of both together. */

import type { ServerConfig, ServerTarget } from '../../config.js'
import {
  AcquireTimeoutError,
  type ConnectionHolder,
  PoolClosedError,
  PoolOverloadedError,
  type PoolSizes,
} from '../../errors.js'
import { connecting, mapError } from '../map-error.js'
import { Monitor } from '../monitor/monitor.js'
import type { PoolStats } from '../pool-stats.js'
import { Retrier } from '../retry/retrier.js'
import { Apart } from './apart.js'
import { Census } from './census.js'
import { Closing } from './closing.js'
import { Connections } from './connections.js'
import type { LaneCall } from './lane-call.js'
import { Lanes } from './lanes.js'
import { borrowerOf } from './leak-watch.js'
import { type Lease, lease } from './lease.js'
import { Pings } from './pings.js'
import { type PooledConnection, setImpatient } from './pooled-connection.js'
import { isClean, reset } from './reset.js'
import { type Place, WaitedTooLong, Waiters } from './waiters.js'
import { Watchdog } from './watchdog.js'

/** A lane that nobody has used for so long becomes an idle connection like others, in ms. */
const LANE_IDLE_MS = 1_000
/** Of many calls that are refused at once, each names so many holders. */
const SHOWN_HOLDERS = 3

export class Pool {
  readonly config: ServerConfig
  readonly monitor = new Monitor()
  readonly retrier: Retrier
  /** The connection of all listeners. */
  readonly apart: Apart
  readonly #connections: Connections
  readonly #lanes: Lanes | null
  readonly #waiters: Waiters
  readonly #borrowed = new Set<PooledConnection>()
  /** Most connections that may be borrowed: with lanes, one is left for reads. */
  #maxBorrowed = 0
  /** Whether reads share connections now. */
  #shares = false
  readonly #census: Census
  readonly #watchdog: Watchdog | null
  readonly #pings: Pings
  /** Connections that are made clean. */
  #cleaning = 0
  #closing: Closing | null = null
  /** Called for each call with an operation id. */
  onOperation: () => void = () => {}
  readonly counts = { statements: 0, failures: 0, shed: 0, cancels: 0, reruns: 0 }

  constructor(config: ServerConfig) {
    const { keepsConnections, max, lanes, laneDepth, laneBytes, acquireTimeoutMs, pingAfterIdleMs, onBorrow } =
      config.pool
    const { watchdogMs } = config.pool
    this.config = config
    this.retrier = new Retrier(config.retry, this.monitor, { acquireTimeoutMs, suspectRole: () => this.suspectRole() })
    this.#connections = new Connections(config, {
      monitor: this.monitor,
      onPrepare: () => this.#watchdog?.wake(),
      onOpened: (connection) => this.#place(connection),
      onUpkeep: () => this.#serve(),
      onFailed: (error) => {
        this.#refuse(error)
        this.#serve()
      },
      onGone: (connection) => {
        this.#lanes?.forget(connection)
        this.#serve()
      },
      onMoved: () => {
        this.#connections.dropSpent()
        this.#replaceSpent()
        this.apart.renew('writer-changed')
      },
      onReleased: () => this.#serve(),
    })
    this.#pings = new Pings({
      afterIdleMs: pingAfterIdleMs,
      takeAllIdle: (isMeant) => this.#connections.takeAllIdle(isMeant),
      onAnswered: (connection, isAlive) => this.#answered(connection, isAlive),
      onDoubt: () => this.#serve(),
    })
    this.#waiters = new Waiters(acquireTimeoutMs)
    // What a borrower's hook has set must not decide what a read sees.
    const hasLanes = keepsConnections && lanes !== null && max > 1 && onBorrow === null
    this.#lanes = hasLanes
      ? new Lanes({
          max: Math.min(lanes, Math.ceil(max / 2)),
          maxUneven: max,
          maxDepth: laneDepth,
          maxBytes: laneBytes,
          acquireTimeoutMs,
          idleMs: Math.min(LANE_IDLE_MS, pingAfterIdleMs ?? LANE_IDLE_MS),
          recruit: () => this.#recruit(),
          dismiss: (connection) => void this.#takeBack(connection),
          onIdle: () => this.#notice(),
          isSpent: (connection) => this.#connections.isSpent(connection),
          timedOut: (query, waitedMs) => this.#timedOut(query, waitedMs),
        })
      : null
    this.apart = new Apart({
      connections: this.#connections,
      isClosing: () => this.#closing !== null,
      onCall: () => this.#watchdog?.wake(),
      take: () => this.#takeFresh(),
      wait: (query, onPlaced) => this.#wait(query, onPlaced),
      onTaken: (connection) => {
        this.#borrowed.delete(connection)
        this.#resize()
      },
      onFreed: () => {
        this.#resize()
        this.#serve()
      },
    })
    this.#census = new Census({
      config,
      connections: this.#connections,
      lanes: this.#lanes,
      waiters: this.#waiters,
      borrowed: this.#borrowed,
    })
    this.#resize()
    this.#watchdog =
      watchdogMs === null
        ? null
        : new Watchdog({
            config,
            limitMs: watchdogMs,
            connections: () => this.#connections,
            isInUse: () => this.#isBusy,
            onSilent: ({ borrower }, silentMs) =>
              this.monitor.tell({ type: 'connection-silent', query: borrower, silentMs }),
            // What has killed these may have killed others.
            onCut: () => this.#pings.askIdle(() => true),
          })
  }

  get hasLanes(): boolean {
    return this.#shares
  }

  /** Sends a read on a lane, or lets it wait for a place on one. Only where there are lanes.
   *  @throws {PoolClosedError}
   *  @throws {PoolOverloadedError} when too many wait already */
  share(call: LaneCall): void {
    const lanes = this.#lanes as Lanes
    if (this.#closing !== null) throw new PoolClosedError()
    this.#watchdog?.wake()
    if (lanes.send(call)) return
    this.#refuseOverload(call.query, true)
    lanes.enqueue(call)
  }

  /** Borrows a connection.
   *  @throws {ConnectionError} when none can be made, none becomes free in time, too many wait, or the pool is closed */
  async acquire(query: string, onPlaced?: (place: Place) => void): Promise<Lease> {
    const borrower = this.config.pool.leakThresholdMs === null ? null : borrowerOf()
    const askedAt = this.monitor.leases === null ? 0 : performance.now()
    this.#watchdog?.wake()
    const connection = this.#takeFresh() ?? (await this.#wait(query, onPlaced))
    if (askedAt > 0) this.monitor.waited(performance.now() - askedAt)
    return lease({
      connection,
      query,
      borrower,
      options: this.config.pool,
      monitor: this.monitor,
      takeBack: (each, isBroken) => {
        if (this.monitor.leases !== null) this.monitor.used(performance.now() - each.borrowedAt)
        return this.#takeBack(each, isBroken)
      },
    })
  }

  /** Opens the first connection, and others up to `min` in the background.
   *  @throws {ConnectionError} when it cannot be opened */
  async start(): Promise<void> {
    // Its limit is that of connecting: there is no other caller yet that could keep it waiting.
    const connection = await this.#wait(connecting.query, undefined, this.config.pool.connectTimeoutMs)
    await this.#takeBack(connection)
    this.#connections.fill()
  }

  /** Renews all connections: each when it is free. */
  expire(): void {
    this.#connections.expire()
    this.#replaceSpent()
    this.apart.renew('expired')
  }

  /** Shares out the places that callers have. One alone cannot be left for reads: others would wait for it in vain. */
  #resize(): void {
    const max = this.config.pool.max - this.#connections.placesApart
    this.#shares = this.#lanes !== null && max > 1
    this.#maxBorrowed = this.#shares ? max - 1 : max
    if (!this.#shares) this.#lanes?.retire(() => true)
  }

  #replaceSpent(): void {
    this.#lanes?.retire((connection) => this.#connections.isSpent(connection))
    this.#connections.fill()
  }

  /** Has all connections prepare a statement anew when they run it next; without a name, every statement. */
  forgetPrepared(name?: string): void {
    this.#connections.forgetPrepared(name)
  }

  /** The server that connections are opened to now. */
  get server(): ServerTarget {
    return this.#connections.server
  }

  /** The server that we are on has refused a write: is it still what was asked for? Has all hosts looked at; exclusive
   *  connections are handed out when that is done, and renewed where the writer is elsewhere. False where nothing would come
   *  of it: one host, or none that must take writes. */
  suspectRole(): boolean {
    return this.#connections.suspect()
  }

  sizes(): PoolSizes {
    return this.#census.sizes()
  }

  stats(): PoolStats {
    return this.#census.stats({ maxBorrowed: this.#maxBorrowed, ...this.counts })
  }

  /** Who has had a connection for longest; null when nobody has one. */
  longestHolder(): ConnectionHolder | null {
    return this.#census.longestHolder()
  }

  /** Takes no more calls, waits for those under way, for `closeTimeoutMs` at the most, and closes all connections. */
  close(): Promise<void> {
    this.#closing ??= new Closing({
      timeoutMs: this.config.pool.closeTimeoutMs,
      connections: this.#connections,
      lanes: this.#lanes,
      waiters: this.#waiters,
      watchdog: this.#watchdog,
      borrowed: this.#borrowed,
      isBusy: () => this.#isBusy,
      freeApart: () => this.apart.free(),
      onCancel: (count) => {
        this.counts.cancels += count
      },
    })
    return this.#closing.done
  }

  get #isBusy(): boolean {
    return (
      this.#waiters.size > 0 ||
      this.#borrowed.size > 0 ||
      this.#connections.placesApart > 0 ||
      this.#cleaning + this.#pings.count > 0 ||
      (this.#lanes?.isBusy ?? false)
    )
  }

  /** An idle connection that needs no sign of life; those that turn out to be spent are closed on the way. */
  #takeFresh(): PooledConnection | undefined {
    if (this.#closing !== null) throw new PoolClosedError()
    if (this.#connections.isHeld) return undefined
    if (this.#waiters.size > 0 || this.#borrowed.size + this.#inBetween >= this.#maxBorrowed) return undefined
    const connection = this.#connections.takeIdle()
    if (connection === undefined) return undefined
    if (this.#pings.needs(connection)) {
      void this.#pings.ask(connection)
      return undefined
    }
    return this.#lent(connection)
  }

  async #wait(query: string, onPlaced?: (place: Place) => void, graceMs = 0): Promise<PooledConnection> {
    this.#refuseOverload(query, false)
    const waiting = this.#waiters.wait(onPlaced, graceMs)
    this.#serve()
    try {
      return await waiting
    } catch (error) {
      // Made here and not where the waiting ended, so that its stack leads back to the caller.
      throw error instanceof WaitedTooLong ? this.#timedOut(query, error.waitedMs) : mapError(error, connecting)
    } finally {
      this.#notice()
    }
  }

  /** Those for whom a connection is on its way, or will be, do not count. */
  #refuseOverload(query: string, isRead: boolean): void {
    const { maxWaiting } = this.config.pool
    const willOpen = isRead ? this.#lanes?.count === 0 : this.#connections.hasRoom
    const coming = this.#connections.opening + (willOpen ? 1 : 0)
    if (this.#census.waiting - coming < maxWaiting) return
    this.counts.shed += 1
    this.monitor.tell({ type: 'overloaded', query, waiting: this.#census.waiting })
    throw new PoolOverloadedError(maxWaiting, this.sizes(), this.#census.holders(SHOWN_HOLDERS))
  }

  /** Connections that are asked for a sign of life, or made clean: somebody has them, or will have them soon. */
  get #inBetween(): number {
    return this.#pings.expected + this.#cleaning
  }

  /** Gives connections to those who wait, and opens what is missing. */
  #serve(): void {
    if (this.#connections.isHeld) return
    while (this.#waiters.size > this.#inBetween && this.#borrowed.size + this.#inBetween < this.#maxBorrowed) {
      const connection =
        this.#connections.takeIdle() ??
        (this.#connections.hasRoom ? undefined : this.#lanes?.giveUp(this.#waiters.size))
      if (connection === undefined) break
      if (this.#pings.needs(connection)) void this.#pings.ask(connection)
      else this.#lend(connection)
    }
    const { opening } = this.#connections
    const free = this.#maxBorrowed - this.#borrowed.size - this.#inBetween
    const unserved = this.#waiters.size - this.#inBetween
    const wanted = Math.min(unserved, free) + (this.#lanes?.isWanting ? 1 : 0) - opening
    for (let each = 0; each < wanted && this.#connections.hasRoom && !this.#mustRest; each += 1) {
      this.#connections.openOne()
    }
    this.#notice()
  }

  #lend(connection: PooledConnection): void {
    this.#lent(connection)
    if (this.#waiters.serve(connection)) return
    this.#borrowed.delete(connection)
    this.#keep(connection)
  }

  #lent(connection: PooledConnection): PooledConnection {
    this.#borrowed.add(connection)
    setImpatient(connection, false)
    return connection
  }

  /** A connection for one more lane: an idle one, or one that is opened for it and comes later. */
  #recruit(): PooledConnection | undefined {
    const connection = this.#connections.takeIdle()
    if (connection !== undefined) {
      if (!this.#pings.needs(connection)) return connection
      // It comes back by itself when it answers.
      void this.#pings.ask(connection)
      return undefined
    }
    const mayOpen = this.#connections.hasRoom && this.#connections.opening + this.#inBetween <= this.#waiters.size
    if (mayOpen && !this.#mustRest) this.#connections.openOne()
    return undefined
  }

  /** Gives a free connection to whom it serves best: who waits, a lane that is wanted, or else nobody for now. */
  #place(connection: PooledConnection): void {
    if (this.#lanes?.isStarving) {
      this.#lanes.add(connection)
      return
    }
    const isFree = !this.#connections.isHeld && this.#borrowed.size + this.#inBetween < this.#maxBorrowed
    const mayLend = this.#waiters.size > 0 && isFree
    if (mayLend) this.#lend(connection)
    else this.#keep(connection)
    this.#notice()
  }

  #keep(connection: PooledConnection): void {
    if (this.#lanes?.isWanting) this.#lanes.add(connection)
    else if (this.#connections.isSpent(connection)) void this.#connections.close(connection, false)
    else this.#connections.putIdle(connection)
  }

  /** Takes back a connection from a borrower or a lane. */
  async #takeBack(connection: PooledConnection, isBroken = false): Promise<void> {
    if (this.#borrowed.delete(connection)) connection.idleSince = performance.now()
    connection.isCommitting = false
    this.#cleaning += 1
    const isUsable = !isBroken && (isClean(connection) || (await reset(connection, this.config.pool.onConnect)))
    this.#cleaning -= 1
    if (isUsable && !this.#connections.isSpent(connection)) {
      this.#place(connection)
    } else {
      await this.#connections.close(connection, !isUsable)
      this.#connections.fill()
    }
    this.#notice()
  }

  /** It was asked for a sign of life. */
  #answered(connection: PooledConnection, isAlive: boolean): void {
    // Another server may have taken over in the meantime.
    if (isAlive && !this.#connections.isSpent(connection)) this.#place(connection)
    else void this.#connections.close(connection, !isAlive)
  }

  /** Whether opening has failed just now, and there are others to wait for. */
  get #mustRest(): boolean {
    return this.#connections.open > 0 && this.#connections.hasJustFailed
  }

  /** A connection could not be opened: who waits for it gets the reason, unless there are others to wait for. */
  #refuse(error: unknown): void {
    if (this.#connections.open > 0) return
    if (this.#waiters.size > 0) this.#waiters.refuse(error)
    else if (this.#lanes?.count === 0) this.#lanes.refuseWaiting(mapError(error, connecting))
  }

  #timedOut(query: string, waitedMs: number): AcquireTimeoutError {
    this.monitor.tell({ type: 'acquire-timeout', query, waitedMs })
    return new AcquireTimeoutError(waitedMs, this.sizes(), this.#census.holders())
  }

  #notice(): void {
    this.#closing?.notice()
  }
}
