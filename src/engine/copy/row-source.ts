/** The rows of a caller, one after the other, from an iterable or an async iterable. */

/** Rows for a load: each an array with a value for each column. */
export type CopyRows = Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>

type Rows = Iterator<unknown> | AsyncIterator<unknown>

export class RowSource {
  readonly #rows: CopyRows
  readonly isAsync: boolean
  #iterator: Rows | null = null
  /** Whether the iterator owes a row. */
  #isPulling = false
  #isAtEnd = false

  constructor(rows: CopyRows) {
    this.#rows = rows
    this.isAsync = Symbol.asyncIterator in rows
  }

  /** Gives the next row of an iterable. */
  next(): IteratorResult<unknown> {
    this.#iterator ??= (this.#rows as Iterable<unknown>)[Symbol.iterator]()
    // An iterator that throws is at its end.
    this.#isAtEnd = true
    const step = this.#iterator.next() as IteratorResult<unknown>
    this.#isAtEnd = step.done === true
    return step
  }

  /** Gives the next row of an async iterable. */
  async pull(): Promise<IteratorResult<unknown>> {
    this.#iterator ??= (this.#rows as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    this.#isPulling = true
    this.#isAtEnd = true
    const step = await this.#iterator.next()
    this.#isPulling = false
    this.#isAtEnd = step.done === true
    return step
  }

  /** Tells the iterator that no more rows will be asked for, unless it has given all; what it says to that is dropped. Waits
   *  for it, but not while it owes a row, which may never come. */
  async close(): Promise<void> {
    if (this.#iterator === null || (this.#isAtEnd && !this.#isPulling)) return
    this.#isAtEnd = true
    try {
      const closed = this.#iterator.return?.()
      if (this.#isPulling) void Promise.resolve(closed).catch(() => {})
      else await closed
    } catch {
      // The load has failed already, for a reason that matters more.
    }
  }
}
