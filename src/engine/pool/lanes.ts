/** The shared lanes: reads of all callers over a few pipelined connections. A lane that is held up by one slow read gets
 *  no more, and what stands behind that read is sent elsewhere as well: reads may run twice, and the first answer counts. */

import { Fifo } from '../fifo.js'
import { turnNow } from '../turn-clock.js'
import { Lane } from './lane.js'
import type { LaneCall } from './lane-call.js'
import type { PooledConnection } from './pooled-connection.js'

/** How often lanes with reads in flight are looked at, in ms; and while some of them may take long. */
const WATCH_MS = 5
const UNEVEN_WATCH_MS = 1
/** Most reads in flight on a lane of which one may take long: those behind it would wait. */
const UNEVEN_DEPTH = 3

interface LanesOptions {
  /** Most lanes that are not stuck. */
  readonly max: number
  /** The same for reads that may take long. */
  readonly maxUneven: number
  readonly maxDepth: number
  readonly maxBytes: number
  readonly acquireTimeoutMs: number
  /** A lane that nobody has used for so long is given back. */
  readonly idleMs: number
  /** Gives a connection for one more lane at once, or undefined; may open one that comes by {@link Lanes.add}. */
  readonly recruit: () => PooledConnection | undefined
  /** Takes back a connection that is no lane any more. */
  readonly dismiss: (connection: PooledConnection) => void
  /** Told when a lane has nothing in flight any more. */
  readonly onIdle: () => void
  /** Tells whether a connection is to be renewed. */
  readonly isSpent: (connection: PooledConnection) => boolean
  /** Makes the error of a read that has waited too long. */
  readonly timedOut: (query: string, waitedMs: number) => unknown
}

export class Lanes {
  readonly #options: LanesOptions
  readonly #lanes: Lane[] = []
  /** Reads that found no place, in their order: those that stand behind a slow one, those that are quick, and those that
   *  may take long. */
  readonly #trapped = new Fifo<LaneCall>()
  readonly #quick = new Fifo<LaneCall>()
  readonly #uneven = new Fifo<LaneCall>()
  #watch: NodeJS.Timeout | null = null
  #rest: NodeJS.Timeout | null = null
  /** Reads that were sent a second time. */
  moved = 0

  constructor(options: LanesOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#lanes.length
  }

  get connections(): readonly PooledConnection[] {
    return this.#lanes.map((lane) => lane.connection)
  }

  /** Reads in flight. */
  get depth(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.depth, 0)
  }

  get waiting(): number {
    return this.#quick.size + this.#uneven.size
  }

  /** Since when the first of those that found no place has been waiting (`performance.now()`); null when none does. */
  get waitsSince(): number | null {
    const firsts = [this.#quick.peek(), this.#uneven.peek()].filter((call) => call !== undefined)
    return firsts.length === 0 ? null : Math.min(...firsts.map((call) => call.waitsSince))
  }

  get isBusy(): boolean {
    return this.waiting > 0 || this.#lanes.some((lane) => lane.depth > 0)
  }

  /** Sends a read on the lane with the fewest in flight; false when there is no place, and it was not taken. */
  send(call: LaneCall): boolean {
    const now = turnNow()
    const isUneven = call.isUneven(now)
    if ((isUneven ? this.#uneven : this.#quick).size > 0) return false
    const lane = this.#pick(now, isUneven)
    if (lane === undefined) return false
    lane.send(call, now)
    if (this.#watch === null) this.#startWatch()
    return true
  }

  /** Lets a read wait for a place. */
  enqueue(call: LaneCall): void {
    const now = performance.now()
    call.waitsSince = now
    const backlog = call.isUneven(now) ? this.#uneven : this.#quick
    backlog.push(call)
    if (this.#watch === null) this.#startWatch()
  }

  /** Makes a connection a lane. */
  add(connection: PooledConnection): void {
    this.#lanes.push(new Lane(connection, (lane) => this.#answered(lane)))
    this.#drainBacklog()
  }

  /** Tells whether one more lane would serve: all others are stuck, or have reads in flight. */
  get isWanting(): boolean {
    const moving = this.#moving
    if (moving.length >= this.#options.max) return false
    return moving.length === 0 ? this.isBusy : moving.every((lane) => lane.depth > 0)
  }

  /** Whether reads wait, and no lane moves. */
  get isStarving(): boolean {
    return (this.waiting > 0 || this.#trapped.size > 0) && this.#moving.length === 0
  }

  /** Gives up a lane that has nothing in flight, where more than one is left; else takes the least used one out of
   *  service, so that its connection comes by `dismiss`. No more than `wanted` are on their way out. */
  giveUp(wanted: number): PooledConnection | undefined {
    const inService = this.#lanes.filter((lane) => !lane.isRetiring)
    if (inService.length <= 1 || this.#lanes.length - inService.length >= wanted) return undefined
    const least = inService.reduce((one, other) => (other.depth < one.depth ? other : one))
    if (least.depth > 0) {
      least.isRetiring = true
      return undefined
    }
    return this.#remove(least)
  }

  /** Forgets a connection that is gone. */
  forget(connection: PooledConnection): void {
    const at = this.#lanes.findIndex((lane) => lane.connection === connection)
    if (at >= 0) this.#lanes.splice(at, 1)
    this.#drainBacklog()
  }

  /** Refuses all that wait for a place. */
  refuseWaiting(error: unknown): void {
    for (const backlog of [this.#quick, this.#uneven]) for (const call of backlog.clear()) call.fail(error)
  }

  /** Takes out of service what is to be renewed, and gives up what is idle. */
  retire(shouldGo: (connection: PooledConnection) => boolean, { onlyIdle = false } = {}): void {
    for (const lane of [...this.#lanes]) {
      if ((onlyIdle && lane.depth > 0) || !shouldGo(lane.connection)) continue
      lane.isRetiring = true
      if (lane.depth === 0) this.#options.dismiss(this.#remove(lane))
    }
  }

  get #moving(): readonly Lane[] {
    return this.#lanes.filter((lane) => !lane.isRetiring && !lane.isStuck)
  }

  /** The lane with the fewest in flight. Quick reads go where none is that may take long, if there is such a lane. */
  #pick(now: number, isUneven: boolean): Lane | undefined {
    const maxLanes = isUneven ? this.#options.maxUneven : this.#options.max
    const stuck = isUneven ? this.#lanes.reduce((sum, lane) => sum + (lane.isStuck ? 1 : 0), 0) : 0
    const maxDepth = isUneven ? (stuck * 3 >= this.#options.maxUneven * 2 ? 1 : UNEVEN_DEPTH) : this.#options.maxDepth
    let best: Lane | undefined
    let bestDepth = Infinity
    let moving = 0
    for (const lane of this.#lanes) {
      if (lane.isRetiring || lane.isStuck || lane.connection.wire.isLost) continue
      moving += 1
      const { depth } = lane
      if (depth >= maxDepth || lane.bytes >= this.#options.maxBytes) continue
      const rank = !isUneven && lane.hasUneven(now) ? depth + maxDepth : depth
      if (rank >= bestDepth) continue
      best = lane
      bestDepth = rank
    }
    if (bestDepth > 0 && moving < maxLanes) {
      const connection = this.#options.recruit()
      if (connection !== undefined) {
        best = new Lane(connection, (lane) => this.#answered(lane))
        this.#lanes.push(best)
      }
    }
    return best
  }

  #answered(lane: Lane): void {
    if (this.#trapped.size > 0 || this.waiting > 0) this.#drainBacklog()
    if (lane.depth > 0) return
    if (lane.isRetiring || this.#options.isSpent(lane.connection)) {
      if (this.#lanes.includes(lane)) this.#options.dismiss(this.#remove(lane))
    }
    this.#options.onIdle()
  }

  #remove(lane: Lane): PooledConnection {
    this.#lanes.splice(this.#lanes.indexOf(lane), 1)
    return lane.connection
  }

  #drainBacklog(): void {
    const now = turnNow()
    for (const backlog of [this.#trapped, this.#quick, this.#uneven]) this.#drain(backlog, now)
  }

  #drain(backlog: Fifo<LaneCall>, now: number): void {
    for (let call = backlog.peek(); call !== undefined; call = backlog.peek()) {
      // Its own lane may go on by now, and answers it.
      const isFreed = backlog === this.#trapped && call.trappedOn?.isStuck === false
      if (!call.isSettled && !isFreed) {
        const lane = this.#pick(now, call.isUneven(now))
        if (lane === undefined) return
        if (backlog === this.#trapped) this.moved += 1
        lane.send(call, now)
      }
      backlog.shift()
    }
  }

  #startWatch(): void {
    // Behind the reading of sockets: after a pause of this process, answers are waiting there.
    const mayTakeLong = this.#uneven.size > 0 || this.#lanes.some((lane) => lane.hasUneven(performance.now()))
    const ms = mayTakeLong ? UNEVEN_WATCH_MS : WATCH_MS
    this.#watch = setTimeout(() => setImmediate(() => this.#look()), ms)
  }

  #look(): void {
    const now = performance.now()
    for (const lane of this.#lanes) lane.look(now)
    // One that is never idle must be renewed, too.
    this.retire(this.#options.isSpent)
    for (const lane of this.#lanes) if (lane.isStuck) this.#clear(lane)
    this.#drainBacklog()
    this.#dropLate(now)
    this.#trim()
    this.#watch = null
    if (this.isBusy) this.#startWatch()
    else this.#giveUpIdle()
  }

  /** Gives back lanes that nobody has used for a while: idle connections are looked after elsewhere. */
  #giveUpIdle(): void {
    const { idleMs } = this.#options
    this.#rest ??= setTimeout(() => {
      this.#rest = null
      const before = performance.now() - idleMs
      this.retire((connection) => connection.idleSince <= before, { onlyIdle: true })
      if (this.#lanes.length > 0) this.#giveUpIdle()
    }, idleMs)
    this.#rest.unref()
  }

  /** Takes lanes out of service that were added while others were stuck. */
  #trim(): void {
    const now = performance.now()
    for (const lane of this.#moving.slice(this.#options.max)) {
      if (this.#uneven.size > 0 || lane.hasUneven(now)) continue
      lane.isRetiring = true
      if (lane.depth === 0) this.#options.dismiss(this.#remove(lane))
    }
  }

  /** Has what stands behind a slow read sent elsewhere too, each once: first of all, as soon as there is a place. */
  #clear(stuck: Lane): void {
    if (stuck.isCleared) return
    stuck.isCleared = true
    for (const call of stuck.behindFirst()) {
      if (call.isMoved || call.isSettled) continue
      call.isMoved = true
      call.trappedOn = stuck
      this.#trapped.push(call)
    }
  }

  #dropLate(now: number): void {
    const { acquireTimeoutMs, timedOut } = this.#options
    for (const backlog of [this.#quick, this.#uneven]) {
      for (let call = backlog.peek(); call !== undefined; call = backlog.peek()) {
        if (!call.isSettled && now - call.waitsSince < acquireTimeoutMs) break
        call.fail(timedOut(call.query, Math.round(now - call.waitsSince)))
        backlog.shift()
      }
    }
  }
}
