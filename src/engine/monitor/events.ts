/** Hands events to whoever listens, counts them, and keeps the last of each type. */

import type { EngineEvent, EventListener, Happening } from './event.js'

/** Events of each type that are kept: those that come in thousands must not push out the one that tells why. */
const KEPT_OF_EACH = 20

/** How many events there were, by their type; absent where there was none. */
export type EventCounts = Readonly<Partial<Record<Happening['type'], number>>>

/** One that is kept, with its place among all. */
interface Kept {
  readonly event: EngineEvent
  readonly number: number
}

export class Events {
  readonly #listeners = new Set<EventListener>()
  /** Those that have thrown. */
  readonly #warned = new WeakSet<EventListener>()
  readonly #counts: Partial<Record<Happening['type'], number>> = {}
  /** By type, the oldest first. */
  readonly #kept = new Map<Happening['type'], Kept[]>()
  #number = 0

  /** Tells all listeners. What one of them throws must not become the failure of a call: it is a warning of the process,
   *  once for each listener. */
  tell(happening: Happening): void {
    const event: EngineEvent = { at: new Date(), ...happening }
    this.#counts[event.type] = (this.#counts[event.type] ?? 0) + 1
    this.#keep(event)
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#warn(listener, error)
      }
    }
  }

  /** Has a listener told from now on; gives what ends that. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** The last of them, in the order in which they happened. Of more than `atMost`, each type has its share. */
  recent(atMost = Infinity): readonly EngineEvent[] {
    const ranked = [...this.#kept.values()].flatMap((ofType) =>
      ofType.map((kept, index) => ({ ...kept, rank: ofType.length - index })),
    )
    const chosen = ranked.toSorted((one, other) => one.rank - other.rank || other.number - one.number).slice(0, atMost)
    return chosen.toSorted((one, other) => one.number - other.number).map(({ event }) => event)
  }

  counts(): EventCounts {
    return { ...this.#counts }
  }

  #warn(listener: EventListener, error: unknown): void {
    if (this.#warned.has(listener)) return
    this.#warned.add(listener)
    const reason = error instanceof Error ? error.name : typeof error
    process.emitWarning(`a listener of ashlar's events threw (${reason}); told once`, 'AshlarWarning')
  }

  #keep(event: EngineEvent): void {
    const ofType = this.#kept.get(event.type) ?? []
    if (ofType.length === 0) this.#kept.set(event.type, ofType)
    ofType.push({ event, number: this.#number })
    this.#number += 1
    if (ofType.length > KEPT_OF_EACH) ofType.shift()
  }
}
