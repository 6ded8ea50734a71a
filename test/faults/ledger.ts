/** The books: what became of each operation, as its caller was told, against what the database holds. */

import { randomUUID } from 'node:crypto'
import { canaryValue } from './canary.js'

/** One write. `statement`: one row by one statement; `transaction`: two rows, part 0 and 1, of which there must be both
 *  or none. */
export interface Operation {
  readonly id: string
  readonly form: 'statement' | 'transaction'
  readonly marker: string
}

/** What the caller was told. */
type Fate = 'pending' | 'acked' | 'failed' | 'unknown'

/** A row of the table `fault_row`. */
export interface StoredRow {
  readonly id: string
  readonly part: number
  readonly marker: string
}

/** Where the books and the database differ. */
export interface Differences {
  /** Acknowledged, and not there, or not whole. */
  readonly lost: number
  /** There, and never issued, or not as it was issued. */
  readonly ghost: number
  /** Told to have failed, and there. */
  readonly phantom: number
  readonly duplicate: number
}

export class Ledger {
  readonly #fates = new Map<string, { readonly operation: Operation; fate: Fate }>()
  #issued = 0

  /** Opens an account; every second one is a transaction. */
  issue(): Operation {
    this.#issued += 1
    const id = randomUUID()
    const form = this.#issued % 2 === 0 ? 'transaction' : 'statement'
    const operation: Operation = { id, form, marker: canaryValue(id) }
    this.#fates.set(id, { operation, fate: 'pending' })
    return operation
  }

  settle({ id }: Operation, fate: Exclude<Fate, 'pending'>): void {
    const account = this.#fates.get(id)
    if (account === undefined) throw new Error('an operation was settled that was not issued')
    account.fate = fate
  }

  fateOf({ id }: Operation): Fate | null {
    return this.#fates.get(id)?.fate ?? null
  }

  get issued(): number {
    return this.#issued
  }

  count(fate: Fate): number {
    return this.of(fate).length
  }

  /** Gives the operations with this fate. */
  of(fate: Fate): readonly Operation[] {
    return [...this.#fates.values()].filter((account) => account.fate === fate).map(({ operation }) => operation)
  }

  /** Compares with all rows that the database holds at the end. */
  compare(rows: readonly StoredRow[]): Differences {
    const stored = new Map<string, [number, number]>()
    let ghost = 0
    for (const { id, part, marker } of rows) {
      const account = this.#fates.get(id)
      if (account === undefined || account.operation.marker !== marker) ghost += 1
      const parts = stored.get(id) ?? [0, 0]
      parts[part === 0 ? 0 : 1] += 1
      stored.set(id, parts)
    }
    let [lost, phantom, duplicate] = [0, 0, 0]
    for (const { operation, fate } of this.#fates.values()) {
      const [first, second] = stored.get(operation.id) ?? [0, 0]
      const isTorn = operation.form === 'transaction' && first !== second
      if (first > 1 || second > 1) duplicate += 1
      if (fate === 'acked' && (first === 0 || isTorn)) lost += 1
      // Half a transaction is there that nobody may see, whatever its caller was told.
      if ((fate === 'failed' && first + second > 0) || (fate !== 'acked' && isTorn)) phantom += 1
    }
    return { lost, ghost, phantom, duplicate }
  }
}
