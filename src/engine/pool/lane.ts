/** A lane: a connection that many reads share, each sent behind the others without waiting for their answers. */

import { Fifo } from '../fifo.js'
import { turnNow } from '../turn-clock.js'
import type { LaneCall } from './lane-call.js'
import { type PooledConnection, setImpatient } from './pooled-connection.js'

/** A lane on which nothing was answered for so long, and two round trips, is stuck: it gets no new reads, and those that
 *  stand behind its first are sent elsewhere too. In ms. */
const STUCK_AFTER_MS = 10
/** The same where the statement is known for runs that take long. In ms. */
const UNEVEN_STUCK_AFTER_MS = 2
/** Taken for a round trip until there was an answer, which includes planning. */
const FIRST_ANSWER_MS = 50

export class Lane {
  readonly connection: PooledConnection
  readonly #onAnswered: (lane: Lane) => void
  /** In flight, in their order. */
  readonly #calls = new Fifo<LaneCall>()
  /** Since when the first in flight is what the server works on. */
  #headSince = 0
  /** Whether the first in flight was sent when nothing else was: its answer tells the round trip. */
  #isRoundTrip = false
  /** The shortest round trip so far, in ms. */
  #fastestMs = FIRST_ANSWER_MS
  /** Takes no more reads, and is given up when the last has been answered. */
  isRetiring = false
  /** Whether its first read holds up the others. */
  isStuck = false
  /** Whether the reads behind the one that it is stuck on were sent elsewhere. */
  isCleared = false

  constructor(connection: PooledConnection, onAnswered: (lane: Lane) => void) {
    this.connection = connection
    this.#onAnswered = onAnswered
    setImpatient(connection, true)
  }

  get depth(): number {
    return this.#calls.size
  }

  get bytes(): number {
    return this.connection.wire.bytesInFlight
  }

  /** Whether runs are in flight that may take long. */
  hasUneven(now: number): boolean {
    return this.#calls.peek()?.isUneven(now) ?? false
  }

  /** Looks whether it is stuck; called when all answers that have arrived are read. */
  look(now: number): void {
    const head = this.#calls.peek()
    if (head === undefined || this.isStuck) return
    const after = head.isUneven(now) ? UNEVEN_STUCK_AFTER_MS : STUCK_AFTER_MS
    this.isStuck = now - this.#headSince > after + 2 * this.#fastestMs
    if (this.isStuck && now - this.#headSince > STUCK_AFTER_MS) head.noteUneven(now)
  }

  send(call: LaneCall, now: number): void {
    if (this.depth === 0) {
      this.#headSince = now
      this.#isRoundTrip = true
    }
    this.#calls.push(call)
    this.connection.uses += 1
    call.sendOn(this.connection.wire, this.#answered)
  }

  /** Gives the reads that stand behind the first. */
  behindFirst(): readonly LaneCall[] {
    return this.#calls.toArray().slice(1)
  }

  readonly #answered = (): void => {
    const now = turnNow()
    if (this.#isRoundTrip) this.#fastestMs = Math.min(this.#fastestMs, now - this.#headSince)
    this.#isRoundTrip = false
    this.#headSince = now
    this.isStuck = false
    this.isCleared = false
    this.#calls.shift()
    if (this.depth === 0) this.connection.idleSince = now
    this.#onAnswered(this)
  }
}
