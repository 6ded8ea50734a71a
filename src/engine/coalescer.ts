/** Makes one statement of the lookups that are called in one tick. */

import { QueryError, RowCountError } from '../errors.js'
import type { Acting, Actor } from './actor.js'
import { type CallOptions, NO_LIMITS } from './call-limits.js'
import { copyRow } from './copy-row.js'
import type { Lookup } from './lookup.js'
import { runForOne, runQuery } from './run-query.js'
import type { Session, TransactionalSession } from './session.js'

/** Most keys of one statement. */
const MAX_KEYS = 1_000
/** Fewest keys of a statement that stands beside others. All keys of 64 callers in one statement leave the server idle
 *  while their rows are read here, and this process idle while the server works: 38,000 lookups a second; in statements of
 *  16 keys 76,000, of 8 63,000, of 32 60,000, each looked up by itself 36,000 (medians on two busy cores). */
const MIN_KEYS_BESIDE = 16

type Row = Record<string, unknown>
type AnyLookup = Lookup<unknown, unknown>

/** One call that waits for the row of its key; those of the same key hang on the first. */
interface Waiting {
  readonly key: unknown
  readonly resolve: (row: Row | null) => void
  readonly reject: (error: unknown) => void
  next: Waiting | null
  row: Row | null
  rowCount: number
}

/** Those that wait, by the text of their keys. */
type Batch = Map<string, Waiting>

/** What one actor has looked up. */
interface Gathered {
  readonly acting: Acting
  readonly batches: Map<AnyLookup, Batch>
}

interface CoalescerOptions {
  /** Whether a failed statement leaves nothing to run another on. */
  readonly isInTransaction: boolean
  /** How many statements the session sends side by side. */
  readonly lanes: number
}

/** Gathers lookups of one session: the pool, or one transaction. */
export class Coalescer {
  readonly #session: Session
  readonly #options: CoalescerOptions
  readonly #batches = new Map<AnyLookup, Batch>()
  /** Of those who name an actor, by its id: what one may see is not the others' to see. */
  readonly #gathered = new Map<string, Gathered>()

  constructor(session: Session, options: CoalescerOptions) {
    this.#session = session
    this.#options = options
  }

  /** Finds the row of a key, with the other lookups of this tick. `keyText` is what {@link Lookup.keyText} says of it.
   *  Several calls may get the same error. */
  find(lookup: AnyLookup, key: unknown, keyText: string, actor?: Actor): Promise<Row | null> {
    return new Promise((resolve, reject) => {
      const batches = actor === undefined ? this.#batches : this.#batchesOf(actor)
      const batch = batches.get(lookup) ?? this.#begin(batches, lookup)
      const first = batch.get(keyText)
      const waiting = { key, resolve, reject, next: first?.next ?? null, row: null, rowCount: 0 }
      if (first !== undefined) {
        first.next = waiting
        return
      }
      batch.set(keyText, waiting)
    })
  }

  /** Sends what was gathered so far. */
  readonly flush = (): void => {
    if (this.#batches.size > 0) this.#flush(NO_LIMITS, this.#batches)
    if (this.#gathered.size === 0) return
    const gathered = [...this.#gathered.values()]
    this.#gathered.clear()
    for (const { acting, batches } of gathered) this.#flush(acting, batches)
  }

  #flush(acting: CallOptions & Acting, gathered: Map<AnyLookup, Batch>): void {
    const batches = [...gathered]
    gathered.clear()
    for (const [lookup, batch] of batches) {
      for (const part of this.#split(batch)) void this.#send(lookup, part, acting)
    }
  }

  #split(batch: Batch): readonly Batch[] {
    const beside = Math.min(this.#options.lanes, Math.floor(batch.size / MIN_KEYS_BESIDE))
    const count = Math.max(beside, Math.ceil(batch.size / MAX_KEYS))
    if (count <= 1) return [batch]
    const entries = [...batch]
    const size = Math.ceil(entries.length / count)
    return Array.from({ length: count }, (_, index) => new Map(entries.slice(index * size, (index + 1) * size)))
  }

  #batchesOf(actor: Actor): Map<AnyLookup, Batch> {
    let gathered = this.#gathered.get(actor.id)
    if (gathered === undefined) {
      gathered = { acting: { actor }, batches: new Map() }
      this.#gathered.set(actor.id, gathered)
    }
    return gathered.batches
  }

  #begin(batches: Map<AnyLookup, Batch>, lookup: AnyLookup): Batch {
    // Behind all promises that are settled in this tick: those who wait for them may look up something too.
    if (batches.size === 0) process.nextTick(this.flush)
    const batch: Batch = new Map()
    batches.set(lookup, batch)
    return batch
  }

  /** Sends at once, before it first waits. */
  async #send(lookup: AnyLookup, batch: Batch, acting: CallOptions & Acting): Promise<void> {
    if (batch.size === 1) {
      for (const waiting of batch.values()) await this.#findAlone(lookup, waiting, acting)
      return
    }
    try {
      const keys = Array.from(batch.values(), ({ key }) => key)
      const params = { [lookup.manyParameter]: keys }
      const { rows } = await runQuery(this.#session, lookup.many, params, acting)
      this.#settle(lookup, batch, rows, acting)
    } catch (error) {
      if (this.#mayBeOfOneKey(error)) {
        for (const waiting of batch.values()) void this.#findAlone(lookup, waiting, acting)
      } else {
        for (const waiting of batch.values()) reject(waiting, error)
      }
    }
  }

  #settle(lookup: AnyLookup, batch: Batch, rows: readonly Row[], acting: CallOptions & Acting): void {
    let hasStrays = false
    for (const row of rows) {
      const waiting = batch.get(String(row[lookup.column]))
      if (waiting === undefined) {
        hasStrays = true
      } else {
        waiting.row = row
        waiting.rowCount += 1
      }
    }
    for (const waiting of batch.values()) {
      // Somebody's row has another text than its key: then a key without a row may have one all the same.
      if (waiting.row === null && hasStrays) void this.#findAlone(lookup, waiting, acting)
      else if (waiting.rowCount > 1) reject(waiting, tooMany(lookup.one.name, waiting.rowCount))
      else resolve(waiting, waiting.row)
    }
  }

  async #findAlone({ one, parameter }: AnyLookup, waiting: Waiting, acting: CallOptions & Acting): Promise<void> {
    try {
      const row = await runForOne(this.#session, one, { [parameter]: waiting.key }, acting)
      resolve(waiting, row ?? null)
    } catch (error) {
      reject(waiting, error)
    }
  }

  /** Tells whether the others would succeed without the one key whose row, or whose text, has caused this. */
  #mayBeOfOneKey(error: unknown): boolean {
    if (!(error instanceof QueryError)) return false
    // The server has answered, and one of the rows cannot be given.
    if (error.sqlState === null) return true
    return !this.#options.isInTransaction && OF_ONE_KEY.test(error.sqlState)
  }
}

/** A subquery with several rows, a value that cannot be computed, what a function raises. */
const OF_ONE_KEY = /^(21|22|P0)/

function tooMany(query: string, count: number): RowCountError {
  return new RowCountError(query, 'at most one row', count)
}

function resolve(first: Waiting, row: Row | null): void {
  // Nobody sees what another does to his row.
  for (let waiting = first.next; waiting !== null; waiting = waiting.next) waiting.resolve(copyRow(row))
  first.resolve(row)
}

function reject(first: Waiting, error: unknown): void {
  for (let waiting: Waiting | null = first; waiting !== null; waiting = waiting.next) waiting.reject(error)
}

/** Gives a session that keeps the order of calls: what was gathered goes before anything else is sent. */
export function inOrder(session: TransactionalSession, coalescer: Coalescer): TransactionalSession {
  return {
    send(statement, values, limits) {
      coalescer.flush()
      return session.send(statement, values, limits)
    },
    transaction(work, options) {
      coalescer.flush()
      return session.transaction(work, options)
    },
    copy(load, limits) {
      coalescer.flush()
      return session.copy(load, limits)
    },
    stream(statement, values, batchSize, limits) {
      coalescer.flush()
      return session.stream(statement, values, batchSize, limits)
    },
  }
}
