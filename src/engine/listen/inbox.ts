/** What waits for one listener's handlers: messages, and gaps in their places among them. */

import { Fifo } from '../fifo.js'
import type { Gap } from './listener.js'

export interface Message {
  readonly text: string
  readonly processId: number
}

/** A gap that may grow while it waits. */
interface WaitingGap {
  gap: Gap
}

type Item = Message | WaitingGap

export class Inbox {
  readonly #maxQueued: number
  readonly #items = new Fifo<Item>()
  /** The last item, where it is a gap. */
  #lastGap: WaitingGap | null = null

  constructor(maxQueued: number) {
    this.#maxQueued = maxQueued
  }

  get size(): number {
    return this.#items.size
  }

  /** Adds a message, or drops all that wait, and leaves a gap in their place. Never makes the sender wait: a session that
   *  does not read keeps the server from cleaning its queue of notifications, for all databases, and once that is full, every
   *  transaction that notifies fails. Gives how many were dropped. */
  addMessage(message: Message): number {
    if (this.#items.size < this.#maxQueued) {
      this.#lastGap = null
      this.#items.push(message)
      return 0
    }
    const items = this.#items.clear()
    // Where a gap was the last that waited, it is not there any more to be told with this one.
    this.#lastGap = null
    const before = items.reduce((sum, item) => sum + droppedBefore(item), 0)
    const dropped = items.filter((item) => !('gap' in item)).length + 1
    this.addGap({ reason: 'overflow', dropped: before + dropped })
    return dropped
  }

  /** Adds a gap. One behind another, with nothing in between, is told with it. */
  addGap(gap: Gap): void {
    if (this.#lastGap !== null) {
      this.#lastGap.gap = merged(this.#lastGap.gap, gap)
      return
    }
    this.#lastGap = { gap }
    this.#items.push(this.#lastGap)
  }

  /** Takes out the next; undefined when there is none. */
  take(): Message | Gap | undefined {
    const item = this.#items.shift()
    if (item === undefined || !('gap' in item)) return item
    if (item === this.#lastGap) this.#lastGap = null
    return item.gap
  }

  clear(): void {
    this.#items.clear()
    this.#lastGap = null
  }
}

function droppedBefore(item: Item): number {
  return 'gap' in item && item.gap.reason === 'overflow' ? item.gap.dropped : 0
}

/** Two gaps that are told as one: what was dropped is told; else they are one outage. */
function merged(one: Gap, other: Gap): Gap {
  if (one.reason === 'overflow') return one
  if (other.reason === 'overflow') return other
  return { reason: 'connection-lost', lastedMs: one.lastedMs + other.lastedMs }
}
