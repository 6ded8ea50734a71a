/** Callers that write, and read back what they wrote, for as long as there are operations to be done. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../src/database.js'
import { DataAccessError } from '../../src/errors.js'
import type { CanaryWatch } from './canary.js'
import type { Ledger, Operation } from './ledger.js'
import { execute, NotBegun, readBack, WrongAnswer } from './operations.js'

/** After a failure a caller rests, so that a server that is down does not use up all operations. */
const REST_MS = 10
/** Every so many acknowledged operations are read back at once. */
const READ_EVERY = 4
/** Longest wait for anything to come of the load: callers may all be stuck. */
const PATIENCE_MS = 30_000
/** Should a fault never be done, its load is. */
const MOST_TIMES = 40

export interface LoadOptions {
  readonly operations: number
  readonly callers: number
  /** Whether operations have operation ids. */
  readonly hasIds: boolean
  /** Whether what was acknowledged must be found by a read at once: not where acknowledged writes get lost. */
  readonly readsBack: boolean
  readonly canary: CanaryWatch
  /** How long a caller rests after each operation, in ms. Default: not at all. */
  readonly restMs?: number
  /** Most operations, should the load never be ended. Default: 40 times the operations. */
  readonly limit?: number
  /** What a caller does instead of an operation's plain write. */
  readonly execute?: (operation: Operation) => Promise<void>
}

export class Load {
  readonly #db: Database
  readonly #ledger: Ledger
  readonly #options: LoadOptions
  /** What callers were told that is not so. */
  readonly broken: string[] = []
  /** Errors by class and code, those of reads too. */
  readonly errors: Record<string, { count: number; readonly example: string }> = {}
  #pending = 0
  /** Whether the load ends with its last operation; until then it goes on, so that each fault strikes under load. */
  #isEnding = false
  #callers: Promise<unknown> = Promise.resolve()
  #watchers: { readonly isDue: () => boolean; readonly resolve: () => void }[] = []
  #successes = 0
  #lastSuccessAt = 0

  constructor(db: Database, ledger: Ledger, options: LoadOptions) {
    this.#db = db
    this.#ledger = ledger
    this.#options = options
  }

  start(): void {
    this.#callers = Promise.all(Array.from({ length: this.#options.callers }, () => this.#call()))
  }

  /** Resolves when this part of all operations (0 to 1) was issued. */
  async reached(part: number): Promise<void> {
    const due = Math.floor(part * this.#options.operations)
    await this.#watch(() => this.#ledger.issued >= due)
  }

  /** Resolves with the ms that pass until the next operation succeeds. */
  async nextSuccess(): Promise<number> {
    const [from, before] = [performance.now(), this.#successes]
    await this.#watch(() => this.#successes > before)
    return (this.#successes > before ? this.#lastSuccessAt : performance.now()) - from
  }

  /** Ends the load, once all operations were issued. Resolves when all have settled, or after `withinMs`; gives how many have not. */
  async finish(withinMs: number): Promise<number> {
    this.#isEnding = true
    const timer = new AbortController()
    await Promise.race([this.#callers, sleep(withinMs, null, { signal: timer.signal }).catch(() => {})])
    timer.abort()
    return this.#pending
  }

  /** Calls operations of unknown outcome again until their outcome is known; gives the number that became known. */
  async resolveUnknown(attempts: number): Promise<number> {
    let resolved = 0
    const resolveOne = async (operation: Operation): Promise<void> => {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        if (await this.#attempt(operation)) {
          resolved += 1
          return
        }
        await sleep(REST_MS * (attempt + 1))
      }
    }
    const left = [...this.#ledger.of('unknown')]
    const worker = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) await resolveOne(next)
    }
    await Promise.all(Array.from({ length: this.#options.callers }, worker))
    return resolved
  }

  async #call(): Promise<void> {
    while (this.#goesOn()) {
      const operation = this.#ledger.issue()
      this.#tell()
      const isDone = await this.#attempt(operation)
      const restMs = isDone ? this.#options.restMs : REST_MS
      if (restMs !== undefined) await sleep(restMs)
      if (isDone && this.#options.readsBack && this.#successes % READ_EVERY === 0) await this.#read(operation)
    }
  }

  #goesOn(): boolean {
    const { operations, limit = MOST_TIMES * operations } = this.#options
    return this.#ledger.issued < (this.#isEnding ? operations : limit)
  }

  async #attempt(operation: Operation): Promise<boolean> {
    const { execute: own, hasIds } = this.#options
    this.#pending += 1
    try {
      await (own === undefined ? execute(this.#db, operation, hasIds) : own(operation))
      this.#ledger.settle(operation, 'acked')
      this.#successes += 1
      this.#lastSuccessAt = performance.now()
      this.#tell()
      return true
    } catch (error) {
      this.#failed(operation, error)
      return false
    } finally {
      this.#pending -= 1
    }
  }

  #failed(operation: Operation, error: unknown): void {
    if (error instanceof NotBegun) {
      this.#note(error.cause)
      this.#ledger.settle(operation, 'failed')
      return
    }
    this.#note(error)
    // An error that is not the engine's says nothing of the outcome.
    const outcome = error instanceof DataAccessError ? error.outcome : 'unknown'
    // Told to be done, it must be there.
    const isDone = outcome === 'executed'
    // That a repetition was not executed says nothing of the call before it.
    const isRepetition = this.#ledger.fateOf(operation) === 'unknown'
    const isUndone = outcome === 'not-executed' && !isRepetition
    this.#ledger.settle(operation, isDone ? 'acked' : isUndone ? 'failed' : 'unknown')
  }

  async #read(operation: Operation): Promise<void> {
    this.#pending += 1
    try {
      await readBack(this.#db, operation)
    } catch (error) {
      this.#note(error)
    } finally {
      this.#pending -= 1
    }
  }

  #note(error: unknown): void {
    this.#options.canary.search('error', error)
    if (error instanceof WrongAnswer) this.broken.push(error.message)
    else if (!(error instanceof DataAccessError)) this.broken.push(`not an error of ashlar's: ${String(error)}`)
    const name = nameOf(error)
    this.errors[name] ??= { count: 0, example: error instanceof Error ? error.message : '' }
    this.errors[name].count += 1
  }

  async #watch(isDue: () => boolean): Promise<void> {
    if (isDue()) return
    await new Promise<void>((resolve) => {
      let seen = this.#successes
      const timer = setInterval(() => {
        if (this.#successes === seen) {
          this.broken.push(`nothing came of the load for ${PATIENCE_MS} ms`)
          settle()
        }
        seen = this.#successes
      }, PATIENCE_MS)
      const settle = (): void => {
        clearInterval(timer)
        resolve()
      }
      this.#watchers.push({ isDue, resolve: settle })
    })
  }

  #tell(): void {
    if (this.#watchers.length === 0) return
    this.#watchers = this.#watchers.filter(({ isDue, resolve }) => {
      if (!isDue()) return true
      resolve()
      return false
    })
  }
}

/** Class, SQLSTATE and outcome: `OutcomeUnknownError`, `CancelledError 57014`. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const sqlState = 'sqlState' in error && error.sqlState !== null ? ` ${String(error.sqlState)}` : ''
  return `${error.name}${sqlState}`
}
