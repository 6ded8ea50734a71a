/** Statements that are prepared on one connection, at most so many: the one unused for longest makes room. */

import type { Baselines, RowShape } from '../row-shape.js'

/** One prepared statement of a connection. */
export interface Prepared {
  readonly name: string
  /** What its rows look like; null until the server has told. */
  shape: RowShape | null
  /** Why its rows have no shape; null where they have, or the server has not told. */
  fault: unknown
  /** When it was last used, in uses of the connection. */
  usedAt: number
}

const NONE: readonly string[] = Object.freeze([])

export class PreparedStatements {
  readonly #limit: number
  /** What statements gave before, on any connection of the pool. */
  readonly baselines: Baselines
  readonly #byName = new Map<string, Prepared>()
  #uses = 0
  /** Names that the server may know and this side has given up. */
  #abandoned: string[] = []
  /** Those of them whose closing is written, but not sent for sure. */
  #closing: string[] = []

  /** `limit`: how many are kept; 0 where statements are not to be prepared under names at all. */
  constructor(limit: number, baselines: Baselines = new WeakMap()) {
    this.#limit = limit
    this.baselines = baselines
  }

  get isOff(): boolean {
    return this.#limit === 0
  }

  get size(): number {
    return this.#byName.size
  }

  find(name: string): Prepared | undefined {
    const known = this.#byName.get(name)
    if (known !== undefined) known.usedAt = ++this.#uses
    return known
  }

  /** Takes in a statement that is about to be prepared. */
  add(name: string): Prepared {
    if (this.#byName.size >= this.#limit) this.#evict()
    const prepared = { name, shape: null, fault: null, usedAt: ++this.#uses }
    this.#byName.set(name, prepared)
    return prepared
  }

  /** Gives up a statement that could not be prepared, or cannot be run any more. */
  forget(prepared: Prepared): void {
    if (this.#byName.get(prepared.name) !== prepared) return
    this.#byName.delete(prepared.name)
    this.#abandoned.push(prepared.name)
  }

  /** Gives up the one of a name, or all. */
  giveUp(name?: string): void {
    for (const prepared of [...this.#byName.values()]) {
      if (name === undefined || prepared.name === name) this.forget(prepared)
    }
  }

  /** Gives the names that are to be closed on the server before anything else is prepared. */
  takeAbandoned(): readonly string[] {
    // Not the list itself, which goes on growing: what is closed is kept by whoever asks, and may come back.
    if (this.#abandoned.length === 0) return NONE
    const names = this.#abandoned
    this.#abandoned = []
    this.#closing.push(...names)
    return names
  }

  /** Has names closed once more: the server may have passed over it, and to close twice does no harm. */
  abandonAgain(names: readonly string[]): void {
    this.#abandoned.push(...names.filter((name) => !this.#byName.has(name)))
  }

  /** What was written is on its way. */
  noteSent(): void {
    if (this.#closing.length > 0) this.#closing = []
  }

  /** What was written since {@link noteSent} was dropped. Gives up all, as nothing tells which were prepared by it; a name that
   *  the server does not know may be closed all the same. */
  undo(): void {
    this.giveUp()
    this.#abandoned.push(...this.#closing)
    this.#closing = []
  }

  /** A walk over all: with 100 statements it takes 1 us, and happens only when a new one is prepared, which takes 50. */
  #evict(): void {
    let oldest: Prepared | undefined
    for (const prepared of this.#byName.values()) {
      if (oldest === undefined || prepared.usedAt < oldest.usedAt) oldest = prepared
    }
    if (oldest !== undefined) this.forget(oldest)
  }
}
