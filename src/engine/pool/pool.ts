/** The pool: shared lanes for reads and exclusive connections for the rest, `max` of both together. */

import type { ServerConfig } from '../../config.js'
import {
  AcquireTimeoutError,
  type ConnectionHolder,
  PoolClosedError,
  PoolOverloadedError,
  type PoolSizes,
} from '../../errors.js'
import { connecting, mapError } from '../map-error.js'
import type { PoolStats } from '../pool-stats.js'
import { cancelOn } from './cancel.js'
import { Connections } from './connections.js'
import type { LaneCall } from './lane-call.js'
import { Lanes } from './lanes.js'
import { borrowerOf } from './leak-watch.js'
import { type Lease, lease } from './lease.js'
import { answers } from './ping.js'
import { type PooledConnection, setImpatient } from './pooled-connection.js'
import { isClean, reset } from './reset.js'
import { type Place, WaitedTooLong, Waiters } from './waiters.js'

/** A lane that nobody has used for so long becomes an idle connection like others, in ms. */
const LANE_IDLE_MS = 1_000
/** How long the server may take to cancel what runs, in ms. */
const CUT_MS = 1_000

export class Pool {
  readonly config: ServerConfig
  readonly #connections: Connections
  readonly #lanes: Lanes | null
  readonly #waiters: Waiters
  readonly #borrowed = new Set<PooledConnection>()
  /** Most connections that may be borrowed: with lanes, one is left for reads. */
  readonly #maxBorrowed: number
  /** Connections that are asked for a sign of life, or made clean. */
  #inBetween = 0
  #closing: Promise<void> | null = null
  #onQuiet = (): void => {}
  readonly counts = { statements: 0, failures: 0, shed: 0, cancels: 0, reruns: 0 }

  constructor(config: ServerConfig) {
    const { keepsConnections, max, lanes, laneDepth, laneBytes, acquireTimeoutMs, pingAfterIdleMs, onBorrow } =
      config.pool
    this.config = config
    this.#connections = new Connections(config, {
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
    })
    this.#waiters = new Waiters(acquireTimeoutMs)
    // What a borrower's hook has set must not decide what a read sees.
    const hasLanes = keepsConnections && lanes !== null && max > 1 && onBorrow === null
    this.#maxBorrowed = hasLanes ? max - 1 : max
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
          timedOut: (waitedMs) => this.#timedOut(waitedMs),
        })
      : null
  }

  get hasLanes(): boolean {
    return this.#lanes !== null
  }

  /** Sends a read on a lane, or lets it wait for a place on one. Only where there are lanes.
   *  @throws {PoolClosedError}
   *  @throws {PoolOverloadedError} when too many wait already */
  share(call: LaneCall): void {
    const lanes = this.#lanes as Lanes
    if (this.#closing !== null) throw new PoolClosedError()
    if (lanes.send(call)) return
    this.#refuseOverload(true)
    lanes.enqueue(call)
  }

  /** Borrows a connection.
   *  @throws {ConnectionError} when none can be made, none becomes free in time, too many wait, or the pool is closed */
  async acquire(query: string, onPlaced?: (place: Place) => void): Promise<Lease> {
    const borrower = this.config.pool.leakThresholdMs === null ? null : borrowerOf()
    const connection = this.#takeFresh() ?? (await this.#wait(onPlaced))
    return lease({
      connection,
      query,
      borrower,
      options: this.config.pool,
      takeBack: (each, isBroken) => this.#takeBack(each, isBroken),
    })
  }

  /** Opens the first connection, and others up to `min` in the background.
   *  @throws {ConnectionError} when it cannot be opened */
  async start(): Promise<void> {
    // Its limit is that of connecting: there is no other caller yet that could keep it waiting.
    const connection = await this.#wait(undefined, this.config.pool.connectTimeoutMs)
    await this.#takeBack(connection)
    this.#connections.fill()
  }

  /** Renews all connections: each when it is free. */
  expire(): void {
    this.#connections.expire()
    this.#lanes?.retire((connection) => this.#connections.isSpent(connection))
    this.#connections.fill()
  }

  sizes(): PoolSizes {
    const { open, idle } = this.#connections
    const borrowed = this.#borrowed.size
    const lanes = this.#lanes?.count ?? 0
    return { max: this.config.pool.max, open, idle, borrowed, lanes, waiting: this.#waiting }
  }

  stats(): PoolStats {
    return {
      ...this.sizes(),
      min: this.config.pool.keepsConnections ? this.config.pool.min : 0,
      inFlight: this.#lanes?.depth ?? 0,
      connects: this.#connections.connects,
      ...this.counts,
      moved: this.#lanes?.moved ?? 0,
    }
  }

  /** Takes no more calls, waits for those under way, for `closeTimeoutMs` at the most, and closes all connections. */
  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    const { closeTimeoutMs } = this.config.pool
    const timer = closeTimeoutMs === null ? null : setTimeout(() => void this.#cut(), closeTimeoutMs)
    await this.#quiet()
    this.#lanes?.retire(() => true)
    await this.#quiet()
    if (timer !== null) clearTimeout(timer)
    await this.#connections.end()
  }

  async #quiet(): Promise<void> {
    while (this.#isBusy) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve
      })
    }
  }

  get #isBusy(): boolean {
    return this.#waiters.size > 0 || this.#borrowed.size > 0 || this.#inBetween > 0 || (this.#lanes?.isBusy ?? false)
  }

  /** The deadline of `close`: what waits is refused, what runs is cancelled on the server, so that it does not run on
   *  there and its caller knows, and what then still is not done is lost. */
  async #cut(): Promise<void> {
    const closed = new PoolClosedError()
    this.#lanes?.refuseWaiting(closed)
    while (this.#waiters.size > 0) this.#waiters.refuse(closed)
    const busy = [...this.#borrowed, ...(this.#lanes?.connections ?? [])].filter(
      ({ wire, isCommitting }) => wire.depth > 0 && !isCommitting,
    )
    this.counts.cancels += busy.length
    await Promise.all(busy.map((connection) => cancelOn(connection, this.config, CUT_MS)))
    this.#connections.cutAll()
    // Who still has one may never give it back.
    this.#borrowed.clear()
    this.#notice()
  }

  /** An idle connection that needs no sign of life; those that turn out to be spent are closed on the way. */
  #takeFresh(): PooledConnection | undefined {
    if (this.#closing !== null) throw new PoolClosedError()
    if (this.#waiters.size > 0 || this.#borrowed.size + this.#inBetween >= this.#maxBorrowed) return undefined
    const connection = this.#connections.takeIdle()
    if (connection === undefined) return undefined
    if (this.#needsPing(connection)) {
      void this.#ping(connection)
      return undefined
    }
    return this.#lent(connection)
  }

  async #wait(onPlaced?: (place: Place) => void, graceMs = 0): Promise<PooledConnection> {
    this.#refuseOverload(false)
    const waiting = this.#waiters.wait(onPlaced, graceMs)
    this.#serve()
    try {
      return await waiting
    } catch (error) {
      // Made here and not where the waiting ended, so that its stack leads back to the caller.
      throw error instanceof WaitedTooLong ? this.#timedOut(error.waitedMs) : mapError(error, connecting)
    } finally {
      this.#notice()
    }
  }

  /** Those for whom a connection is on its way, or will be, do not count. */
  #refuseOverload(isRead: boolean): void {
    const { maxWaiting } = this.config.pool
    const willOpen = isRead ? this.#lanes?.count === 0 : this.#connections.hasRoom
    const coming = this.#connections.opening + (willOpen ? 1 : 0)
    if (this.#waiting - coming < maxWaiting) return
    this.counts.shed += 1
    throw new PoolOverloadedError(maxWaiting, this.sizes())
  }

  get #waiting(): number {
    return this.#waiters.size + (this.#lanes?.waiting ?? 0)
  }

  /** Gives connections to those who wait, and opens what is missing. */
  #serve(): void {
    while (this.#waiters.size > this.#inBetween && this.#borrowed.size + this.#inBetween < this.#maxBorrowed) {
      const connection =
        this.#connections.takeIdle() ??
        (this.#connections.hasRoom ? undefined : this.#lanes?.giveUp(this.#waiters.size))
      if (connection === undefined) break
      if (this.#needsPing(connection)) void this.#ping(connection)
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
      if (!this.#needsPing(connection)) return connection
      // It comes back by itself when it answers.
      void this.#ping(connection)
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
    const mayLend = this.#waiters.size > 0 && this.#borrowed.size + this.#inBetween < this.#maxBorrowed
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
    this.#inBetween += 1
    const isUsable = !isBroken && (isClean(connection) || (await reset(connection, this.config.pool.onConnect)))
    this.#inBetween -= 1
    if (isUsable && !this.#connections.isSpent(connection)) {
      this.#place(connection)
    } else {
      await this.#connections.close(connection, !isUsable)
      this.#connections.fill()
    }
    this.#notice()
  }

  #needsPing({ idleSince }: PooledConnection): boolean {
    const { pingAfterIdleMs } = this.config.pool
    return pingAfterIdleMs !== null && performance.now() - idleSince > pingAfterIdleMs
  }

  /** Asks for a sign of life; the connection comes back by {@link #place}, or is replaced. */
  async #ping(connection: PooledConnection): Promise<void> {
    this.#inBetween += 1
    const isAlive = await answers(connection.wire, this.config.pool.connectTimeoutMs)
    this.#inBetween -= 1
    if (isAlive) this.#place(connection)
    else await this.#connections.close(connection, true)
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

  #timedOut(waitedMs: number): AcquireTimeoutError {
    return new AcquireTimeoutError(waitedMs, this.sizes(), this.#holders())
  }

  #holders(): readonly ConnectionHolder[] {
    const now = performance.now()
    return [...this.#borrowed].map(({ borrower, borrowedAt }) => ({
      query: borrower,
      heldMs: Math.round(now - borrowedAt),
    }))
  }

  #notice(): void {
    if (this.#closing !== null && !this.#isBusy) this.#onQuiet()
  }
}
