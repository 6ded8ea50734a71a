/** All that listen by one database handle: on one connection, which is opened for the first, opened anew whenever it is lost,
 *  and closed after the last. */

import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, ConnectionError, PoolClosedError } from '../../errors.js'
import { mapError } from '../map-error.js'
import { reasonOf } from '../monitor/reason.js'
import type { Pool } from '../pool/pool.js'
import type { PooledConnection } from '../pool/pooled-connection.js'
import { aborted } from '../pool/stoppable.js'
import { backOffMs } from '../retry/back-off.js'
import { signalOf } from '../retry/signal.js'
import { asChannel, type Channel } from './channel.js'
import { ListenSession, type SessionEnd } from './listen-session.js'
import type { Listener, ListenHandlers, ListenOptions } from './listener.js'
import { checkListen, LISTEN } from './options.js'
import { Subscriber } from './subscriber.js'

const listening = { query: LISTEN, isOutcomeAtStake: false } as const

export class Listening {
  readonly #pool: Pool
  readonly #subscribers = new Map<string, Set<Subscriber>>()
  #session: ListenSession | null = null
  /** Whether there is a connection, or is to be one. */
  #isRunning = false
  /** Resolves when the connection that is served is closed. */
  #serving: Promise<number> = Promise.resolve(0)
  #pause = new AbortController()
  /** `performance.now()` of the last sign of life before an outage; null while there is none. */
  #lostAt: number | null = null
  #isAbandoned = false
  #isClosed = false

  constructor(pool: Pool) {
    this.#pool = pool
    pool.apart.onSpent = (code) => this.#session?.end({ code })
  }

  /** See `Database.listen`. */
  async listen(
    given: string | Channel<unknown>,
    handlers: ListenHandlers<never>,
    options: ListenOptions = {},
  ): Promise<Listener> {
    const channel = asChannel(LISTEN, given)
    const { signal, maxQueued } = checkListen(handlers, options)
    if (this.#isClosed) throw new PoolClosedError()
    this.#refuseUnfit()
    if (signal?.aborted) throw aborted(LISTEN)
    const { pool, retry } = this.#pool.config
    const subscriber = new Subscriber(
      {
        channel,
        handlers: handlers as ListenHandlers<unknown>,
        maxQueued,
        backOffMs: (failures) => backOffMs(retry, failures),
        onOverflow: (dropped) => this.#pool.monitor.tell({ type: 'listen-overflow', channel: channel.name, dropped }),
      },
      performance.now() + pool.connectTimeoutMs,
    )
    const onAbort = (): void => void this.#remove(subscriber, aborted(LISTEN))
    signal?.addEventListener('abort', onAbort, { once: true })
    void subscriber.closed.then(() => signal?.removeEventListener('abort', onAbort))
    this.#add(subscriber)
    await subscriber.standing
    const close = (): Promise<void> => this.#remove(subscriber, new PoolClosedError())
    return {
      channel: channel.name,
      get queued() {
        return subscriber.queued
      },
      closed: subscriber.closed,
      close,
      [Symbol.asyncDispose]: close,
    }
  }

  /** Ends all listeners, and takes no more. The pool waits until their connection is closed. */
  close(): void {
    this.#isClosed = true
    for (const subscriber of this.#all()) void this.#remove(subscriber, new PoolClosedError())
  }

  /** @throws {ConfigError} when the handle has no place for a connection that listens, or cannot have one */
  #refuseUnfit(): void {
    const { pool, preparedStatements } = this.#pool.config
    if (pool.max < 2) {
      const limit = 'at least 2 to listen: one place is that of the connection that listens'
      throw new ConfigError({ field: 'pool.max', value: String(pool.max), limit })
    }
    if (preparedStatements) return
    // Nothing would fail: messages would be missing, now and then.
    const limit = 'true to listen: a pooler that gives each transaction another session drops notifications'
    throw new ConfigError({ field: 'preparedStatements', value: 'false', limit })
  }

  *#all(): Generator<Subscriber> {
    for (const subscribers of [...this.#subscribers.values()]) yield* [...subscribers]
  }

  #add(subscriber: Subscriber): void {
    const { channel } = subscriber
    const others = this.#subscribers.get(channel)
    if (others === undefined) this.#subscribers.set(channel, new Set([subscriber]))
    else others.add(subscriber)
    this.#session?.listen(channel, () => subscriber.stands(0))
    if (!this.#isRunning) void this.#run()
  }

  async #remove(subscriber: Subscriber, reason: unknown): Promise<void> {
    const { channel } = subscriber
    subscriber.end(reason)
    const others = this.#subscribers.get(channel)
    if (others?.delete(subscriber) && others.size === 0) {
      this.#subscribers.delete(channel)
      if (this.#subscribers.size === 0) this.#stop()
      else this.#session?.unlisten(channel)
    }
    if (this.#session !== null && this.#subscribers.size === 0) await this.#serving
  }

  /** Nobody listens any more. */
  #stop(): void {
    this.#session?.end(null)
    this.#pause.abort()
    this.#isAbandoned = true
    this.#pool.apart.abandon()
  }

  async #run(): Promise<void> {
    const { retry } = this.#pool.config
    this.#isRunning = true
    for (let failures = 1; this.#subscribers.size > 0; failures += 1) {
      this.#isAbandoned = false
      const pauseMs = backOffMs(retry, failures)
      this.#serving = this.#serve(pauseMs)
      const stoodMs = await this.#serving
      // One that is cut again and again is not opened again and again at once.
      if (stoodMs > retry.maxDelayMs || this.#isAbandoned) failures = 0
      if (this.#subscribers.size === 0 || this.#isAbandoned) continue
      this.#pause = new AbortController()
      await sleep(pauseMs, undefined, { signal: this.#pause.signal }).catch(() => {})
    }
    this.#isRunning = false
    this.#lostAt = null
    this.#pool.apart.free()
  }

  /** Listens on one connection until it is lost or given up; gives for how long it stood, in ms. */
  async #serve(pauseMs: number): Promise<number> {
    let connection: PooledConnection | null = null
    let stoodAt = Infinity
    try {
      connection = await this.#pool.apart.open(LISTEN)
      this.#isAbandoned = this.#subscribers.size === 0
      if (this.#isAbandoned) return 0
      const session = this.#open(connection, () => {
        stoodAt = performance.now()
      })
      const end = await session.ended
      if (end !== null) this.#lose(session, end, connection, pauseMs)
    } catch (error) {
      if (!this.#isAbandoned) this.#refusePending(error, pauseMs)
    } finally {
      if (connection !== null) await this.#pool.apart.close(connection)
      this.#session = null
    }
    return Math.max(0, performance.now() - stoodAt)
  }

  #open(connection: PooledConnection, onStanding: () => void): ListenSession {
    const { pool } = this.#pool.config
    const session = new ListenSession({
      connection,
      answerMs: pool.connectTimeoutMs,
      watchdogMs: pool.watchdogMs,
      onMessage: (channel, message) => {
        for (const subscriber of this.#subscribers.get(channel) ?? []) subscriber.push(message)
      },
    })
    this.#session = session
    const lastedMs = (): number => (this.#lostAt === null ? 0 : Math.round(performance.now() - this.#lostAt))
    let left = this.#subscribers.size
    for (const [channel, subscribers] of this.#subscribers) {
      for (const subscriber of subscribers) session.listen(channel, () => subscriber.stands(lastedMs()))
      session.listen(channel, () => {
        left -= 1
        if (left > 0) return
        onStanding()
        if (this.#lostAt === null) return
        this.#pool.monitor.tell({ type: 'listen-restored', channels: this.#subscribers.size, lastedMs: lastedMs() })
        this.#lostAt = null
      })
    }
    return session
  }

  #lose(session: ListenSession, end: NonNullable<SessionEnd>, connection: PooledConnection, pauseMs: number): void {
    this.#session = null
    const error =
      'code' in end ? new ConnectionError(`${LISTEN}: the connection was given up (${end.code})`) : end.error
    const mapped = mapError(error ?? connection.wire.loss ?? undefined, listening)
    const isFirst = this.#lostAt === null && [...this.#all()].some(({ isStanding }) => isStanding)
    if (isFirst) {
      this.#lostAt = session.heardAt
      const reason = 'code' in end ? end.code : reasonOf(mapped)
      this.#pool.monitor.tell({ type: 'listen-lost', channels: this.#subscribers.size, reason })
    }
    this.#refusePending(mapped, pauseMs)
  }

  /** Refuses those that do not stand yet, where it is no use to try again, or no time is left for it. */
  #refusePending(error: unknown, pauseMs: number): void {
    const signal = signalOf(error)
    const isPassing = signal === 'read-only' ? this.#pool.suspectRole() : signal === 'connection'
    const nextAt = performance.now() + pauseMs
    for (const subscriber of this.#all()) {
      if (!subscriber.isStanding && (!isPassing || nextAt >= subscriber.giveUpAt)) {
        void this.#remove(subscriber, error)
      }
    }
  }
}
