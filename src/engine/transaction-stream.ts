/** A stream within a transaction: its batches go over the connection of the transaction, between other statements. */

import type { Actor } from './actor.js'
import type { Channel } from './channel.js'
import type { Stop } from './pool/stoppable.js'
import type { BatchSource } from './row-stream.js'
import type { RawResult } from './session.js'
import type { Cursor } from './wire/cursor.js'

/** The transaction or savepoint that it is in. */
interface Surroundings {
  /** Whether it may be stopped while a batch is under way; then nothing else is, for a cancel request hits whatever runs. */
  readonly isLimited: boolean
  /** Who is at work; null: nobody is named. */
  readonly actor: Actor | null
  /** Called before each batch that is asked for.
   *  @throws {TransactionError} when none may be now */
  readonly onFetch: () => void
  readonly onEnd: () => void
  readonly mayFetchAhead: () => boolean
}

export class TransactionStream implements BatchSource {
  readonly #channel: Channel
  readonly #cursor: Cursor
  readonly #surroundings: Surroundings
  readonly #stopper: AbortController | null
  readonly #stop: Stop | null

  constructor(channel: Channel, cursor: Cursor, surroundings: Surroundings) {
    this.#channel = channel
    this.#cursor = cursor
    this.#surroundings = surroundings
    this.#stopper = surroundings.isLimited ? new AbortController() : null
    this.#stop = this.#stopper === null ? null : { signal: this.#stopper.signal, deadline: null, isServerAware: false }
  }

  get mayFetchAhead(): boolean {
    return this.#surroundings.mayFetchAhead()
  }

  async fetch(): Promise<RawResult> {
    this.#surroundings.onFetch()
    return this.#channel.fetch(this.#cursor, this.#stop, this.#surroundings.actor)
  }

  async finish(): Promise<void> {
    this.#close()
  }

  async abandon(isUrgent: boolean): Promise<void> {
    if (isUrgent) this.#stopper?.abort()
    this.#close()
  }

  /** Behind what is in flight; what is sent later stands behind it. */
  #close(): void {
    this.#surroundings.onEnd()
    void this.#channel.closeCursor(this.#cursor)
  }
}
