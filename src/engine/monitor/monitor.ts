/** Sees every call of one database handle: its time, its span, and what happened to it. */

import { turnNow } from '../turn-clock.js'
import type { Happening } from './event.js'
import { Events } from './events.js'
import { type QueryStats, QueryTimes } from './query-times.js'

/** What a call looks like from outside, as far as somebody wants to know. */
export interface Observed {
  /** Something happened to it. */
  note(happening: Happening): void
  /** Does work that belongs to it: the calls made by it, now or later, are its children. */
  run<T>(work: () => T): T
  /** It is over after so long; null where it has succeeded. Called once. */
  end(error: unknown, durationMs: number): void
}

/** Observes calls beyond their times; see `engine/telemetry`. */
export interface Observer {
  /** Called as a call begins; null where nobody wants to know. `now`: `performance.now()`. `text`: its SQL, where it is one
   *  statement. */
  begin(query: string, now: number, text: string | null): Observed | null
}

/** Observes how connections are lent. */
export interface LeaseObserver {
  /** A connection was obtained, after so long. */
  waited(ms: number): void
  /** A connection was given back, after so long. */
  used(ms: number): void
}

export class Monitor {
  readonly events = new Events()
  readonly #times = new QueryTimes()
  /** Absent where nobody observes. */
  observer: Observer | null = null
  /** Absent where nobody wants to know: then nothing is timed. */
  leases: LeaseObserver | null = null
  #hasWarned = false

  /** Begins to observe a call that began at `now` (`performance.now()`). `text`: its SQL, where it is one statement. */
  begin(query: string, now: number, text: string | null = null): Observed | null {
    if (this.observer === null) return null
    try {
      return this.observer.begin(query, now, text)
    } catch (error) {
      this.#warn(error)
      return null
    }
  }

  /** A call is over. `error`: null where it has succeeded. */
  end(query: string, startedAt: number, observed: Observed | null, error: unknown): void {
    // Who has read a clock of its own may have done so later in this turn.
    const durationMs = Math.max(0, turnNow() - startedAt)
    this.#times.add(query, durationMs, error !== null)
    try {
      observed?.end(error, durationMs)
    } catch (thrown) {
      this.#warn(thrown)
    }
  }

  /** A connection was obtained, after so long. */
  waited(ms: number): void {
    try {
      this.leases?.waited(ms)
    } catch (error) {
      this.#warn(error)
    }
  }

  /** A connection was given back, after so long. */
  used(ms: number): void {
    try {
      this.leases?.used(ms)
    } catch (error) {
      this.#warn(error)
    }
  }

  /** Runs a call that is not tried again by itself. `text`: its SQL, where it is one statement. */
  async watch<T>(query: string, text: string | null, run: () => Promise<T>): Promise<T> {
    const startedAt = turnNow()
    const observed = this.begin(query, startedAt, text)
    try {
      const result = await run()
      this.end(query, startedAt, observed, null)
      return result
    } catch (error) {
      this.end(query, startedAt, observed, error)
      throw error
    }
  }

  /** Tells of something that happened, also to a call's own observer. */
  tell(happening: Happening, observed: Observed | null = null): void {
    try {
      observed?.note(happening)
    } catch (error) {
      this.#warn(error)
    }
    this.events.tell(happening)
  }

  /** Times by query name. */
  queryStats(): Readonly<Record<string, QueryStats>> {
    return this.#times.stats()
  }

  /** Who only looks on must not fail a call, least of all one that was executed: what an observer throws is a warning of the
   *  process, once. */
  #warn(error: unknown): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const reason = error instanceof Error ? error.name : typeof error
    process.emitWarning(`what observes ashlar's calls threw (${reason}); told once`, 'AshlarWarning')
  }
}
