/** The metrics of one pool, by the semantic conventions 1.44 for databases, and ashlar's own for what happened. */

import { type Attributes, type BatchObservableCallback, type Meter, ValueType } from '@opentelemetry/api'
import type { PoolSizes } from '../../errors.js'
import type { EngineEvent } from '../monitor/event.js'

/** Bounds of the buckets that the conventions ask for, in s. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

const inSeconds = { unit: 's', advice: { explicitBucketBoundaries: SECONDS } } as const

/** Told once of a pool that is gone: what is not told any more, an SDK goes on showing as it was. */
const GONE: PoolSizes = { max: 0, open: 0, idle: 0, borrowed: 0, lanes: 0, waiting: 0 }

/** A shared lane is borrowed by nobody: it counts as used, and has neither wait nor use time. */
export class Instruments {
  readonly #pool: Attributes
  readonly #duration
  readonly #createTime
  readonly #waitTime
  readonly #useTime
  readonly #timeouts
  readonly #retries
  readonly #events
  /** Null when the pool is gone. */
  #sizes: (() => PoolSizes) | null

  /** `onGone` is called when it was told that the pool is gone. */
  constructor(meter: Meter, poolName: string, sizes: () => PoolSizes, onGone: () => void) {
    this.#sizes = sizes
    this.#pool = { 'db.client.connection.pool.name': poolName }
    this.#duration = meter.createHistogram('db.client.operation.duration', {
      description: 'Time from call to answer, waits and retries included.',
      ...inSeconds,
    })
    this.#createTime = meter.createHistogram('db.client.connection.create_time', {
      description: 'Time to open a connection.',
      ...inSeconds,
    })
    this.#waitTime = meter.createHistogram('db.client.connection.wait_time', {
      description: 'Time to get a connection from the pool; reads on shared lanes do not get one.',
      ...inSeconds,
    })
    this.#useTime = meter.createHistogram('db.client.connection.use_time', {
      description: 'Time for which a connection was borrowed; shared lanes are not.',
      ...inSeconds,
    })
    this.#timeouts = meter.createCounter('db.client.connection.timeouts', {
      description: 'Calls that got no connection in time.',
      unit: '{timeout}',
      valueType: ValueType.INT,
    })
    this.#retries = meter.createCounter('ashlar.retries', {
      description: 'Attempts that failed and were followed by another.',
      unit: '{retry}',
      valueType: ValueType.INT,
    })
    this.#events = meter.createCounter('ashlar.events', {
      description: 'Events by their type.',
      unit: '{event}',
      valueType: ValueType.INT,
    })
    this.#observe(meter, onGone)
  }

  /** A call is over. */
  called(durationMs: number, attributes: Attributes): void {
    this.#duration.record(durationMs / 1_000, attributes)
  }

  /** A connection was obtained after so long. */
  waited(ms: number): void {
    this.#waitTime.record(ms / 1_000, this.#pool)
  }

  /** A connection was given back after so long. */
  used(ms: number): void {
    this.#useTime.record(ms / 1_000, this.#pool)
  }

  /** Something happened. */
  tell(event: EngineEvent): void {
    this.#events.add(1, { ...this.#pool, 'ashlar.event.type': event.type })
    if (event.type === 'connected') this.#createTime.record(event.durationMs / 1_000, this.#pool)
    else if (event.type === 'acquire-timeout') this.#timeouts.add(1, this.#pool)
    else if (event.type === 'retry') {
      const of = { 'ashlar.retry.reason': event.reason, 'ashlar.retry.work': event.work }
      this.#retries.add(1, { ...this.#pool, ...of })
    }
  }

  /** The pool is gone. */
  end(): void {
    this.#sizes = null
  }

  #observe(meter: Meter, onGone: () => void): void {
    const inConnections = { unit: '{connection}', valueType: ValueType.INT } as const
    const count = meter.createObservableUpDownCounter('db.client.connection.count', {
      description: 'Connections that are open, by what they do.',
      ...inConnections,
    })
    const max = meter.createObservableUpDownCounter('db.client.connection.max', {
      description: 'Most connections that may be open.',
      ...inConnections,
    })
    const pending = meter.createObservableUpDownCounter('db.client.connection.pending_requests', {
      description: 'Calls that wait for a connection, or for a place on a lane.',
      unit: '{request}',
      valueType: ValueType.INT,
    })
    const idle = { ...this.#pool, 'db.client.connection.state': 'idle' }
    const used = { ...this.#pool, 'db.client.connection.state': 'used' }
    const all = [count, max, pending]
    const callback: BatchObservableCallback = (result) => {
      const now = this.#sizes?.() ?? GONE
      result.observe(count, now.idle, idle)
      result.observe(count, now.open - now.idle, used)
      result.observe(max, now.max, this.#pool)
      result.observe(pending, now.waiting, this.#pool)
      // Later: the SDK goes through its callbacks now, and would pass over the next.
      if (now === GONE) queueMicrotask(() => forget())
    }
    const forget = (): void => {
      meter.removeBatchObservableCallback(callback, all)
      onGone()
    }
    meter.addBatchObservableCallback(callback, all)
  }
}
