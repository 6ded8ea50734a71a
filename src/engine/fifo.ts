/** A queue, first in, first out. An array that is pushed to and walked along is the cheapest: `shift` moves what is left. */

/** So many empty places are let stand in front before they are cut off. */
const MAX_EMPTY = 1_024

export class Fifo<T> {
  #items: (T | null)[] = []
  #first = 0

  get size(): number {
    return this.#items.length - this.#first
  }

  /** The next one, or undefined. */
  peek(): T | undefined {
    return this.#items[this.#first] as T | undefined
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the next one out; undefined when there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#first] as T
    // Not kept alive by a place that is only cut off later.
    this.#items[this.#first++] = null
    if (this.#first === this.#items.length) {
      this.#items = []
      this.#first = 0
    } else if (this.#first === MAX_EMPTY) {
      this.#items = this.#items.slice(MAX_EMPTY)
      this.#first = 0
    }
    return item
  }

  /** Gives all, from the next one on, which stay. */
  toArray(): T[] {
    return this.#items.slice(this.#first) as T[]
  }

  /** Takes all out. */
  clear(): T[] {
    const items = this.toArray()
    this.#items = []
    this.#first = 0
    return items
  }
}
