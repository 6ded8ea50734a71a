/** Partitions by month, and their upkeep. Tables: those that core.partitioned_table names. */

import { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { lazily } from '../engine/lazily.js'
import { text } from '../engine/shapes.js'
import { parse } from '../engine/validation.js'
import { NotFoundError, QueryError } from '../errors.js'
import {
  keepPartitions,
  type ListPartitionsResult,
  listPartitionedTables,
  listPartitions,
  setRetention as setRetentionQuery,
} from '../generated/core/partition.queries.js'

const input = lazily(() => ({
  choice: z.strictObject({ tableName: text(200).optional() }),
  retention: z.strictObject({ tableName: text(200), retentionDays: z.int().min(1).max(36_500).nullable() }),
}))

/** A partition: rows from `startsAt` (with it) to `endsAt` (without it). The default one has neither, and takes what has no
 *  month of its own: where it `hasRows` of the past, upkeep did not run. */
export type Partition = ListPartitionsResult

/** Which table is meant, with its schema: `core.change_log`. Default: all that are kept. */
export interface PartitionChoice {
  readonly tableName?: string | undefined
}

/** What {@link keep} did: partitions by name. */
export interface PartitionUpkeep {
  readonly created: readonly string[]
  readonly dropped: readonly string[]
  /** Rows that went from a default partition to that of their month. */
  readonly movedRows: number
  /** Rows of a default partition that were deleted, because their month was too old. */
  readonly deletedRows: number
  /** Tables that were left for the next time: somebody held a lock for longer than 2 s, or waited for one of ours. */
  readonly busyTables: readonly string[]
}

/** Of a wait for a lock that was too long (55P03), or in a circle (40P01). */
const BUSY: ReadonlySet<string | null> = new Set(['55P03', '40P01'])

/** Lists the partitions of the tables that are kept, by table, the default one first.
 *  @throws {ValidationError} when the name cannot be one */
export async function list(db: Executor, choice: PartitionChoice = {}): Promise<Partition[]> {
  return db.run(listPartitions, parse(input.choice, choice, listPartitions.name))
}

/** Makes the partitions of this month and the next two (UTC), and those of older rows that are in a default partition, 24 a
 *  call; drops those that are older than their table's retention. A transaction a table; to be called once a day, by the
 *  owner of the tables, also by several at once. A table that fails does not keep the others from it, unless in a
 *  transaction.
 *  @throws {ValidationError} when the name cannot be one
 *  @throws {QueryError} when the role may not, or a table cannot be kept: the first such, when all others are kept */
export async function keep(db: Executor, choice: PartitionChoice = {}): Promise<PartitionUpkeep> {
  const tables = await db.run(listPartitionedTables, parse(input.choice, choice, keepPartitions.name))
  const outcomes: { name: string; outcome: string; rows: number }[] = []
  const busyTables: string[] = []
  const failures: unknown[] = []
  for (const { tableName } of tables) {
    try {
      const kept = await db.run(keepPartitions, { tableName }, { retry: false })
      outcomes.push(
        ...kept.map(({ partitionName: name, outcome, rowCount }) => ({ name, outcome, rows: rowCount ?? 0 })),
      )
    } catch (error) {
      // A transaction has failed with it, and without a connection the next would fail, too.
      if (db.isInTransaction || !(error instanceof QueryError)) throw error
      if (BUSY.has(error.sqlState)) busyTables.push(tableName)
      else failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  const of = (outcome: string) => outcomes.filter((each) => each.outcome === outcome)
  const names = (outcome: string) => of(outcome).map(({ name }) => name)
  const rows = (outcome: string) => of(outcome).reduce((sum, each) => sum + each.rows, 0)
  return {
    created: names('created'),
    dropped: names('dropped'),
    movedRows: rows('created'),
    deletedRows: rows('emptied'),
    busyTables,
  }
}

/** Sets how long rows of a table are kept, in days, 1 to 36,500; null: for ever. A month goes when all of it is older, at the
 *  next {@link keep}.
 *  @throws {NotFoundError} when the table is not one that is kept
 *  @throws {ValidationError} when an argument is malformed */
export async function setRetention(db: Executor, tableName: string, retentionDays: number | null): Promise<void> {
  const values = parse(input.retention, { tableName, retentionDays }, setRetentionQuery.name)
  if ((await db.execute(setRetentionQuery, values)) === 0) {
    throw new NotFoundError(setRetentionQuery.name, 'core.partitioned_table')
  }
}
