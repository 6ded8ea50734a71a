/** Callers that wait for an exclusive connection, first come, first served. */

import type { PooledConnection } from './pooled-connection.js'

/** One caller that waits. */
interface Waiter {
  readonly resolve: (connection: PooledConnection) => void
  readonly reject: (error: unknown) => void
  readonly since: number
}

/** For whoever waited, to be made an error whose stack leads back to the caller. */
export class WaitedTooLong {
  readonly waitedMs: number

  constructor(waitedMs: number) {
    this.waitedMs = waitedMs
  }
}

/** A place in the queue that its holder may give up. */
export interface Place {
  leave(error: unknown): void
}

export class Waiters {
  readonly #timeoutMs: number
  readonly #queue = new Set<Waiter>()
  #timer: NodeJS.Timeout | null = null

  /** Who has waited for `timeoutMs` gets a {@link WaitedTooLong}. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  get size(): number {
    return this.#queue.size
  }

  /** Waits for a connection. `onPlaced` gets the way to give up; `graceMs` is waited longer than by others. */
  wait(onPlaced?: (place: Place) => void, graceMs = 0): Promise<PooledConnection> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject, since: performance.now() + graceMs }
      this.#queue.add(waiter)
      this.#watch()
      onPlaced?.({
        leave: (error) => {
          if (this.#queue.delete(waiter)) reject(error)
        },
      })
    })
  }

  /** Gives a connection to the first; false when nobody waits. */
  serve(connection: PooledConnection): boolean {
    const waiter = this.#take()
    waiter?.resolve(connection)
    return waiter !== undefined
  }

  /** Refuses the first: the connection that was opened for it could not be. */
  refuse(error: unknown): void {
    this.#take()?.reject(error)
  }

  #take(): Waiter | undefined {
    const [first] = this.#queue
    if (first !== undefined) this.#queue.delete(first)
    return first
  }

  /** One timer for all: who came first is late first. */
  #watch(): void {
    if (this.#timer !== null) return
    const [first] = this.#queue
    if (first === undefined) return
    this.#timer = setTimeout(() => this.#dropLate(), first.since + this.#timeoutMs - performance.now())
    // It runs on when the first was served; a program that is done must not wait for it.
    this.#timer.unref()
  }

  #dropLate(): void {
    this.#timer = null
    const now = performance.now()
    for (const waiter of this.#queue) {
      const waitedMs = Math.round(now - waiter.since)
      if (waitedMs < this.#timeoutMs) break
      this.#queue.delete(waiter)
      waiter.reject(new WaitedTooLong(waitedMs))
    }
    this.#watch()
  }
}
