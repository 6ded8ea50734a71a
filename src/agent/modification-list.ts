/** Lists, counts and sums up modifications. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import {
  countModifications,
  listModifications,
  modificationStatistics,
  type PendingModificationCountsResult,
  pendingModificationCounts,
} from '../generated/agent/modification.queries.js'
import { type ModificationFilter, rankOf, toWhere } from './modification-filter.js'
import { input } from './modification-input.js'
import { type Modification, toModification } from './modification-row.js'

/** What {@link list} takes. */
export type ModificationListOptions = z.input<typeof input.modificationListOptions>
/** What {@link pendingCounts} takes. */
export type PendingCountOptions = z.input<typeof input.pendingCountOptions>
/** How many modifications of a project context wait for a decision. */
export type PendingCount = PendingModificationCountsResult
/** What became of modifications, and how fast. */
export interface ModificationStatistics {
  readonly total: number
  readonly byStatus: Readonly<Record<Modification['status'], number>>
  /** From creation to decision; null: none was decided. */
  readonly meanDecisionMs: number | null
  /** From approval to outcome; null: none was carried out. */
  readonly meanExecutionMs: number | null
  /** Of those carried out: 0 to 1; null: none was. */
  readonly failureShare: number | null
}

const modifications = defineList({
  query: listModifications,
  countQuery: countModifications,
  toRow: toModification,
  idOf: (row) => row.modificationId,
  sorts: {
    newest: {
      after: 'newest',
      before: 'oldest',
      key: 'instant',
      keyOf: (row) => row.createdAt.getTime(),
      seek: (key) => ({ cursorCreatedAt: new Date(key) }),
    },
    updated: {
      after: 'updated',
      before: 'updated-up',
      key: 'instant',
      keyOf: (row) => row.updatedAt.getTime(),
      seek: (key) => ({ cursorUpdatedAt: new Date(key) }),
    },
    risk: {
      after: 'risk',
      before: 'risk-up',
      key: 'smallInteger',
      keyOf: (row) => rankOf(row.impactAnalysis?.risk),
      seek: (key) => ({ cursorRiskRank: Number(key) }),
    },
  },
})

/** Counts the modifications that a filter finds. @throws {ValidationError} when the filter is malformed */
export async function count(db: Executor, filter: ModificationFilter = {}): Promise<number> {
  const where = parse(input.modificationFilter, filter, countModifications.name)
  return (await db.one(countModifications, toWhere(where))).count
}

/** Lists modifications page by page: at most `limit` (default 50, maximum 500), newest first unless `sort` says
 *  otherwise. `next` is null on the last page, `previous` on the first; `total` is there when `withTotal` asks for it.
 *  @throws {ValidationError} when the filter is malformed, or the cursor of another list or sort */
export async function list(db: Executor, options: ModificationListOptions = {}): Promise<Page<Modification>> {
  const values = parse(input.modificationListOptions, options, listModifications.name)
  const { sort, cursor, limit, withTotal, ...filter } = values
  return listPage(db, modifications, toWhere(filter), { sort, cursor, limit, withTotal })
}

/** Counts the pending modifications of each project context that has some: most first, at most `limit` contexts
 *  (default 50, maximum 500). @throws {ValidationError} when an id or the limit is malformed */
export async function pendingCounts(db: Executor, options: PendingCountOptions = {}): Promise<PendingCount[]> {
  return db.run(pendingModificationCounts, parse(input.pendingCountOptions, options, pendingModificationCounts.name))
}

/** Sums up the modifications that a filter finds: by status, mean times, share of failures.
 *  @throws {ValidationError} when the filter is malformed */
export async function statistics(db: Executor, filter: ModificationFilter = {}): Promise<ModificationStatistics> {
  const where = parse(input.modificationFilter, filter, modificationStatistics.name)
  const row = await db.one(modificationStatistics, toWhere(where))
  const { total, meanDecisionMs, meanExecutionMs, failureShare, ...byStatus } = row
  return { total, byStatus, meanDecisionMs, meanExecutionMs, failureShare }
}
