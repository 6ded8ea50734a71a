/** A stream outside of a transaction: it has one of its own, which ends with it. */

import type { Acting, Actor } from '../actor.js'
import type { CallOptions } from '../call-limits.js'
import { Channel } from '../channel.js'
import { spoilsConnection } from '../map-error.js'
import type { Observed } from '../monitor/monitor.js'
import { signalOf } from '../retry/signal.js'
import type { BatchSource } from '../row-stream.js'
import type { RawResult } from '../session.js'
import { sessionSql } from '../session-sql.js'
import { beginWith } from '../transaction-options.js'
import type { Cursor } from '../wire/cursor.js'
import type { Lease } from './lease.js'
import type { Pool } from './pool.js'
import { borrow } from './pool-session.js'
import { repaired } from './stale-plan.js'
import type { Stop } from './stoppable.js'

/** How long a batch that nobody wants any more may take to arrive, before the server is told to cancel it, in ms. */
const PATIENCE_MS = 20

export class PoolStream implements BatchSource {
  readonly mayFetchAhead = true
  readonly #pool: Pool
  readonly #mayRetry: boolean
  readonly #actor: Actor | undefined
  #cursor: Cursor
  readonly #stopper = new AbortController()
  readonly #stop: Stop = { signal: this.#stopper.signal, deadline: null, isServerAware: false }
  #lease: Lease | null = null
  #channel: Channel | null = null
  /** The fetch under way, or the last one. */
  #fetching: Promise<RawResult> | null = null
  #ending: Promise<void> | null = null
  #startedAt = 0
  #observed: Observed | null = null
  /** What ended it; null where nothing did but its consumer. */
  #failure: unknown = null

  constructor(pool: Pool, cursor: Cursor, { retry, actor }: CallOptions & Acting = {}) {
    this.#pool = pool
    this.#cursor = cursor
    this.#mayRetry = retry !== false && pool.config.retry.isOn
    this.#actor = actor
  }

  fetch(): Promise<RawResult> {
    this.#fetching = this.#fetch()
    return this.#fetching
  }

  /** Commits. What a read did needs no waiting for its last rows to be used: it is committed when they arrive. */
  finish(): Promise<void> {
    this.#ending ??= this.#commit()
    return this.#ending
  }

  abandon(isUrgent: boolean): Promise<void> {
    this.#ending ??= this.#rollBack(isUrgent)
    return this.#ending.catch(() => {})
  }

  async #fetch(): Promise<RawResult> {
    try {
      const batch = await (this.#channel === null
        ? this.#begin()
        : this.#channel.fetch(this.#cursor, this.#stop, this.#actor))
      // Its rows may be worked on for long; the connection is not needed for it.
      if (!batch.hasMore && this.#cursor.statement.isRead) this.finish().catch(() => {})
      return batch
    } catch (error) {
      if (this.#ending === null) this.#fail(error)
      throw error
    }
  }

  /** Has the first batch come; once more where a change of a table has made the statement stale: no row was given yet. */
  async #begin(): Promise<RawResult> {
    const { statement } = this.#cursor
    this.#pool.counts.statements += 1
    this.#startedAt = performance.now()
    this.#observed = this.#pool.monitor.begin(statement.query, this.#startedAt, statement.text)
    try {
      return await this.#first()
    } catch (error) {
      const signal = this.#mayRetry && this.#ending === null ? signalOf(error) : null
      const anew = signal === null ? statement : repaired(this.#pool, statement, signal, this.#observed)
      if (anew === statement) throw error
      this.#cursor = this.#cursor.renewed(anew)
      await this.#giveBack(false)
      return await this.#first()
    }
  }

  async #first(): Promise<RawResult> {
    const { query, isRead } = this.#cursor.statement
    this.#lease = await borrow(this.#pool, query, this.#stop)
    const begin = beginWith(isRead ? { readOnly: true } : {})
    this.#channel = new Channel(this.#lease.connection, this.#pool, begin, this.#actor)
    return this.#channel.fetch(this.#cursor, this.#stop, this.#actor)
  }

  async #commit(): Promise<void> {
    const { query, isRead } = this.#cursor.statement
    let isBroken = false
    try {
      await this.#channel?.last({ ...sessionSql.commit, query }, !isRead)
    } catch (error) {
      this.#fail(error)
      isBroken = spoilsConnection(error)
      throw error
    } finally {
      await this.#release(isBroken)
    }
  }

  async #rollBack(isUrgent: boolean): Promise<void> {
    const timer = setTimeout(() => this.#stopper.abort(), PATIENCE_MS)
    if (isUrgent || this.#channel === null) this.#stopper.abort()
    await this.#fetching?.catch(() => {})
    clearTimeout(timer)
    await this.#release(this.#channel?.isSpoiled ?? false)
  }

  #fail(error: unknown): void {
    this.#pool.counts.failures += 1
    this.#failure = error
  }

  async #release(isBroken: boolean): Promise<void> {
    const { monitor } = this.#pool
    if (this.#startedAt > 0) monitor.end(this.#cursor.statement.query, this.#startedAt, this.#observed, this.#failure)
    await this.#giveBack(isBroken)
  }

  async #giveBack(isBroken: boolean): Promise<void> {
    const lease = this.#lease
    if (lease === null) return
    this.#lease = null
    this.#channel?.close()
    // Rolls back what was not committed.
    const released = lease.release(isBroken)
    if (lease.connection.wire.status !== 'I' || !this.#pool.config.pool.keepsConnections) await released
  }
}
