/** The rows of one cursor, one by one. While the consumer works through one batch, the next is on its way. */

import { aborted, late, type Stop } from './pool/stoppable.js'
import { tellUnreadable } from './unreadable.js'

type Row = Record<string, unknown>
type Result = IteratorResult<Row, undefined>

/** Where batches come from. */
export interface BatchSource {
  /** Has the next batch come, or rejects. */
  fetch(): Promise<{ readonly rows: Row[]; readonly hasMore: boolean }>
  /** Whether a batch may be asked for ahead of its use. */
  readonly mayFetchAhead: boolean
  /** All rows were given: what the statement did is to be kept. */
  finish(): Promise<void>
  /** No more rows are wanted. `isUrgent`: the statement is cancelled on the server, also in a transaction. Called at any
   *  time, once or again; never rejects, and resolves when the consumer can go on. */
  abandon(isUrgent: boolean): Promise<void>
}

const NO_ROWS: Row[] = []
const done: Result = Object.freeze({ done: true, value: undefined })

/** An iterator that is no generator: to yield from one costs three promises a row. */
export class RowStream implements AsyncIterableIterator<Row, undefined> {
  readonly #query: string
  readonly #source: BatchSource
  /** Gives what may stop it; the time counts from that moment. */
  readonly #stopOf: () => Stop | null
  #unwatch = (): void => {}
  #rows = NO_ROWS
  /** The next row to be given. */
  #at = 0
  /** The batch behind `#rows`, when it is there. */
  #ahead: Row[] | null = null
  #isStarted = false
  #isFetching = false
  /** Whether the source has no more. */
  #isExhausted = false
  /** Whether nothing more is asked of the source. */
  #isEnded = false
  /** Given behind the rows that are there, once. */
  #failure: { readonly error: unknown } | null = null
  /** The source's last work. */
  #closing: Promise<void> | null = null
  /** Resolves at the next change; there while somebody waits for one. */
  #news: Promise<void> | null = null
  #tell = (): void => {}

  constructor(query: string, source: BatchSource, stopOf: () => Stop | null) {
    this.#query = query
    this.#source = source
    this.#stopOf = stopOf
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#at < this.#rows.length) return Promise.resolve(this.#take())
    return this.#nextOfLater()
  }

  async return(): Promise<Result> {
    if (!this.#isEnded) this.#close(false)
    this.#drop()
    this.#failure = null
    await this.#closing?.catch(() => {})
    return done
  }

  /** Ends it from outside, with an error for whoever wants the next row. */
  stop(error: unknown): void {
    if (this.#isEnded) return
    this.#drop()
    this.#failure = { error }
    this.#close(true)
  }

  #take(): Result {
    const value = this.#rows[this.#at] as Row
    this.#at += 1
    return { done: false, value }
  }

  /** Any number of callers may be in here: those that wait go on in their order. */
  async #nextOfLater(): Promise<Result> {
    if (!this.#isStarted && !this.#isEnded) this.#start()
    for (;;) {
      if (this.#at < this.#rows.length) return this.#take()
      if (this.#ahead !== null) {
        this.#turnTo(this.#ahead)
      } else if (this.#isEnded) {
        await this.#closing?.catch(() => {})
        return this.#end()
      } else if (this.#isExhausted) {
        this.#finish()
      } else {
        if (!this.#isFetching) this.#fetch()
        await this.#change()
      }
    }
  }

  #start(): void {
    this.#isStarted = true
    const stop = this.#stopOf()
    if (stop === null) return
    const { signal, deadline } = stop
    const onAbort = (): void => this.stop(aborted(this.#query))
    if (signal?.aborted) {
      onAbort()
      return
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const timer =
      deadline !== null &&
      setTimeout(() => this.stop(late(this.#query, deadline.limitMs)), Math.max(0, deadline.at - performance.now()))
    this.#unwatch = () => {
      if (timer !== false) clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #turnTo(batch: Row[]): void {
    this.#rows = batch
    this.#at = 0
    this.#ahead = null
    if (!this.#isExhausted && !this.#isEnded && this.#source.mayFetchAhead) this.#fetch()
  }

  #fetch(): void {
    this.#isFetching = true
    this.#source.fetch().then(
      ({ rows, hasMore }) => {
        this.#isFetching = false
        if (this.#isEnded) return
        this.#ahead = rows
        this.#isExhausted = !hasMore
        this.#tell()
      },
      (error: unknown) => {
        this.#isFetching = false
        if (this.#isEnded) return
        this.#failure = { error: tellUnreadable(error, this.#query, '') }
        this.#close(false)
      },
    )
  }

  /** From here on it is not stopped any more: what becomes of the statement is the server's word. */
  #finish(): void {
    this.#isEnded = true
    this.#unwatch()
    this.#closing = this.#source.finish()
    this.#closing.catch((error: unknown) => {
      this.#failure = { error }
    })
  }

  #close(isUrgent: boolean): void {
    this.#isEnded = true
    this.#unwatch()
    this.#closing = this.#source.abandon(isUrgent)
    this.#tell()
  }

  #end(): Result {
    const failure = this.#failure
    this.#failure = null
    if (failure !== null) throw failure.error
    return done
  }

  #drop(): void {
    this.#rows = NO_ROWS
    this.#at = 0
    this.#ahead = null
  }

  #change(): Promise<void> {
    this.#news ??= new Promise((resolve) => {
      this.#tell = () => {
        this.#news = null
        resolve()
      }
    })
    return this.#news
  }
}
