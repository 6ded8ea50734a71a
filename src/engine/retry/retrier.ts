/** Tries failed calls again, where the table says that it is safe. */

import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionError, DataAccessError, OutcomeUnknownError, QueryError, RetryExhaustedError } from '../../errors.js'
import type { RetryClock, RetryConfig } from '../../retry-options.js'
import type { Work } from '../monitor/event.js'
import type { Monitor, Observed } from '../monitor/monitor.js'
import { reasonOf } from '../monitor/reason.js'
import type { Stop } from '../pool/stoppable.js'
import { aborted } from '../pool/stoppable.js'
import { backOffMs } from './back-off.js'
import { type Rule, repeatable, rules } from './rules.js'
import { type Signal, signalOf } from './signal.js'

/** A call that has failed at its first attempt. */
export interface FailedCall {
  readonly query: string
  readonly work: Exclude<Work, 'commit'>
  /** When the first attempt began, by `performance.now()`. */
  readonly startedAt: number
  readonly stop: Stop | null
  /** Whether it takes effect once, however often it is tried. */
  readonly isRepeatable: boolean
  /** Whether it has no effect when it fails; false for what may commit a part of its work before. */
  readonly isAtomic: boolean
  /** The caller's word; default: yes. */
  readonly retry: boolean | undefined
  readonly observed: Observed | null
}

/** What the pool does about some signals before the next attempt. */
export interface Remedies {
  /** Has the server looked for that takes writes; false when there is no other. */
  suspectRole(): boolean
  /** How long a call may wait for a connection, all its attempts together, in ms. */
  readonly acquireTimeoutMs: number
}

const systemClock: RetryClock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { signal }).catch(() => {})
  },
}

export class Retrier {
  readonly #config: RetryConfig
  readonly #monitor: Monitor
  readonly #remedies: Remedies
  readonly #clock: RetryClock

  constructor(config: RetryConfig, monitor: Monitor, remedies: Remedies) {
    this.#config = config
    this.#monitor = monitor
    this.#remedies = remedies
    this.#clock = config.clock ?? systemClock
  }

  /** Tries a call again after its first attempt has failed with `error`, as often as its rule allows. `attempt` is told what
   *  the one before it has met.
   *  @throws whatever the last attempt threw, when that is not of a kind to be tried again
   *  @throws {RetryExhaustedError} when the attempts or the time are used up
   *  @throws {OutcomeUnknownError} when an earlier attempt of a repeatable call may have taken effect, and no later one could
   *    tell */
  async again<T>(error: unknown, call: FailedCall, attempt: (met: Signal) => Promise<T>): Promise<T> {
    const startedAt = this.#clock.now()
    let met = error
    let isUnknown = false
    // Each rule counts its own: a conflict does not use up the attempts of a lost connection.
    const counts = new Map<Rule, number>()
    for (let attempts = 1; ; attempts += 1) {
      isUnknown ||= met instanceof OutcomeUnknownError
      const signal = this.#signalFor(met, call)
      const rule = signal === null ? null : ruleFor(signal, call)
      if (signal === null || rule === null) throw this.#final(met, call, attempts, isUnknown, false)
      const count = (counts.get(rule) ?? 0) + 1
      counts.set(rule, count)
      const delayMs = rule.pauses ? Math.round(backOffMs(this.#config, count)) : 0
      if (!this.#allows(rule, signal, call, count, delayMs, startedAt)) {
        throw this.#final(met, call, attempts, isUnknown, true)
      }
      const { query, work } = call
      this.#monitor.tell(
        { type: 'retry', query, work, attempt: attempts, delayMs, reason: reasonOf(met) },
        call.observed,
      )
      if (delayMs > 0) await this.#clock.sleep(delayMs, call.stop?.signal)
      if (call.stop?.signal?.aborted) throw isUnknown ? this.#final(met, call, attempts, true, false) : aborted(query)
      try {
        return await attempt(signal)
      } catch (next) {
        met = next
      }
    }
  }

  #signalFor(error: unknown, { retry }: FailedCall): Signal | null {
    if (!this.#config.isOn || retry === false) return null
    return signalOf(engineError(error))
  }

  #allows(rule: Rule, signal: Signal, call: FailedCall, count: number, delayMs: number, startedAt: number): boolean {
    const { deadline } = call.stop ?? {}
    if (deadline && performance.now() + delayMs >= deadline.at) return false
    if (rule.attempts === null) return Boolean(deadline)
    const limit = typeof rule.attempts === 'number' ? rule.attempts : this.#config[rule.attempts]
    if (count >= limit) return false
    const isConnecting = signal === 'connection' || signal === 'unknown'
    if (isConnecting && this.#clock.now() + delayMs - startedAt >= this.#remedies.acquireTimeoutMs) return false
    return signal !== 'read-only' || this.#remedies.suspectRole()
  }

  /** What the caller gets. */
  #final(met: unknown, call: FailedCall, attempts: number, isUnknown: boolean, isExhausted: boolean): unknown {
    const { query, startedAt, observed } = call
    const elapsedMs = Math.round(performance.now() - startedAt)
    if (isUnknown && !(met instanceof OutcomeUnknownError) && leavesOpen(met)) {
      const why = `the connection was lost before the answer, and ${attempts} attempts could not tell what became of it`
      const unknown = new OutcomeUnknownError(query, met, why)
      this.#monitor.tell({ type: 'outcome-unknown', query, reason: reasonOf(met) }, observed)
      return unknown
    }
    if (met instanceof OutcomeUnknownError) {
      this.#monitor.tell({ type: 'outcome-unknown', query, reason: reasonOf(met) }, observed)
      return met
    }
    if (!isExhausted || attempts === 1) return met
    this.#monitor.tell({ type: 'retry-exhausted', query, attempts, elapsedMs, reason: reasonOf(met) }, observed)
    return new RetryExhaustedError(query, attempts, elapsedMs, met as Error)
  }
}

/** Causes that are followed: an error that is its own cause must not hold anybody up. */
const MAX_DEPTH = 8

/** A callback may put what it met into an error of its own. */
function engineError(error: unknown): unknown {
  let each = error
  for (let depth = 0; depth < MAX_DEPTH && each instanceof Error; depth += 1) {
    if (each instanceof DataAccessError) return each
    each = each.cause
  }
  return null
}

function ruleFor(signal: Signal, { work, isAtomic, isRepeatable }: FailedCall): Rule | null {
  // What was not even sent has done nothing.
  if (!isAtomic && signal !== 'connection') return null
  return rules[work][signal] ?? (isRepeatable ? repeatable[signal] : undefined) ?? null
}

/** Whether an attempt may say nothing about those before it: the server can have refused its very beginning, which would
 *  have met their row. So it does on a standby, or with a prepared statement of its own that is gone. */
function leavesOpen(error: unknown): boolean {
  if (error instanceof ConnectionError || signalOf(error) !== null) return true
  return error instanceof QueryError && (error.sqlState === null || REFUSES_ANYTHING.test(error.sqlState))
}

/** Classes of errors that any statement may meet, whatever it says: connection, transaction, rights, server. */
const REFUSES_ANYTHING = /^(?:08|2[58]|3D|40|5|XX)/
