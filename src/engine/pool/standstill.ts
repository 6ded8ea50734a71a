/** Notices connections on which nothing goes on, by looking at them now and then. */

import type { PooledConnection } from './pooled-connection.js'

export class Standstill {
  /** What waited at the last look, with the statements sent on it by then. */
  #waiting: ReadonlyMap<object, number> = new Map()

  /** Tells whether something still waits for the answer that it waited for at the last look. */
  look(connections: Iterable<PooledConnection>, openings: Iterable<object>): boolean {
    const waiting = new Map<object, number>()
    for (const connection of connections) {
      if (connection.wire.depth > 0) waiting.set(connection, connection.uses)
    }
    for (const opening of openings) waiting.set(opening, 0)
    const before = this.#waiting
    this.#waiting = waiting
    for (const [each, uses] of waiting) if (before.get(each) === uses) return true
    return false
  }
}
