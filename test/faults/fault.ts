/** What a fault test is, and what it gives. */

import type { CanaryWatch } from './canary.js'
import type { Differences } from './ledger.js'

/** How the faults are run. */
export interface FaultContext {
  /** For each fault. */
  readonly operations: number
  /** false: no operation has an operation id, and unknown outcomes stay so. */
  readonly hasIds: boolean
  readonly canary: CanaryWatch
}

/** The accounts of one fault. */
export interface FaultRow extends Differences {
  readonly fault: string
  readonly operations: number
  readonly acked: number
  /** Told to have had no effect. */
  readonly failed: number
  /** Of unknown outcome at first, and known after a call with the same operation id. */
  readonly unknownResolved: number
  readonly unknownLeft: number
  /** Calls that had not settled long after the end. */
  readonly unsettled: number
  /** From the end of the fault to the first success, the longest of all rounds; null where the fault has no end. */
  readonly recoveryMs: number | null
}

export interface FaultResult {
  readonly row: FaultRow
  /** Promises that were not kept. */
  readonly broken: readonly string[]
  /** What else is worth knowing. */
  readonly notes: readonly string[]
}

/** One fault, or one kind of it. */
export interface Fault {
  /** In lower case, as `--only` takes it. */
  readonly name: string
  run(context: FaultContext): Promise<FaultResult>
}

/** How many times a fault strikes: `rounds` in the long form, fewer where there are fewer operations. */
export function roundsOf({ operations }: FaultContext, rounds: number): number {
  return Math.max(1, Math.min(rounds, Math.round((rounds * operations) / 5_000)))
}

/** Gives the parts of the load at which the rounds begin, none of them near its end. */
export function* spread(rounds: number): Generator<number> {
  for (let round = 0; round < rounds; round += 1) yield 0.1 + (0.75 * round) / rounds
}
