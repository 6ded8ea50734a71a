/** Callers that wait for an exclusive connection, first come, first served. */

import type { PooledConnection } from './pooled-connection.js'

/** One caller that waits. */
interface Waiter {
  readonly resolve: (connection: PooledConnection) => void
  readonly reject: (error: unknown) => void
  readonly since: number
  /** `performance.now()` from which on it is late. */
  readonly dueAt: number
  /** Whether it waits for longer than those behind it. */
  readonly isPatient: boolean
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
  #timerAt = Infinity

  /** Who has waited for `timeoutMs` gets a {@link WaitedTooLong}. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  get size(): number {
    return this.#queue.size
  }

  /** Since when the first has been waiting (`performance.now()`); null when nobody waits. */
  get waitsSince(): number | null {
    const [first] = this.#queue
    return first === undefined ? null : first.since
  }

  /** Waits for a connection. `onPlaced` gets the way to give up; `graceMs` is waited longer than by others. */
  wait(onPlaced?: (place: Place) => void, graceMs = 0): Promise<PooledConnection> {
    return new Promise((resolve, reject) => {
      const since = performance.now()
      const dueAt = since + this.#timeoutMs + graceMs
      const waiter = { resolve, reject, since, dueAt, isPatient: graceMs > 0 }
      this.#queue.add(waiter)
      this.#watch(dueAt)
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

  /** One timer for all: who came first is late first, but for those that are patient. */
  #watch(dueAt: number): void {
    if (dueAt === Infinity || (this.#timer !== null && this.#timerAt <= dueAt)) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerAt = dueAt
    this.#timer = setTimeout(() => this.#dropLate(), dueAt - performance.now())
    // It runs on when the first was served; a program that is done must not wait for it.
    this.#timer.unref()
  }

  #dropLate(): void {
    this.#timer = null
    const now = performance.now()
    let next = Infinity
    for (const waiter of this.#queue) {
      if (waiter.dueAt > now) {
        next = Math.min(next, waiter.dueAt)
        if (waiter.isPatient) continue
        break
      }
      this.#queue.delete(waiter)
      waiter.reject(new WaitedTooLong(Math.round(now - waiter.since)))
    }
    this.#watch(next)
  }
}
