/** Operations: writes and transactions that were called with an `operationId`. Table: core.operation. */

import { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { lazily } from '../engine/lazily.js'
import { text } from '../engine/shapes.js'
import { parse } from '../engine/validation.js'
import { deleteOldOperations, type FindOperationResult, findOperation } from '../generated/core/operation.queries.js'

const DAY_MS = 86_400_000
const MAX_AGE_MS = 3_650 * DAY_MS
const MAX_BATCH_SIZE = 10_000
const MAX_BATCHES = 1_000_000_000

const input = lazily(() => ({
  key: z.strictObject({ operationId: text(255) }),
  deletion: z.strictObject({
    olderThanMs: z
      .int()
      .min(0)
      .max(MAX_AGE_MS)
      .default(7 * DAY_MS),
    batchSize: z.int().min(1).max(MAX_BATCH_SIZE).default(1_000),
    maxBatches: z.int().min(1).max(MAX_BATCHES).default(MAX_BATCHES),
  }),
}))

/** What is known of an operation: the name of its query, when it was first and last called. */
export type Operation = FindOperationResult

/** Which operations {@link deleteOld} deletes, and how. */
export interface OperationDeletion {
  /** Those that began longer ago, in ms, 0 to 315,360,000,000. Default 604,800,000: seven days. */
  readonly olderThanMs?: number | undefined
  /** Most that one statement deletes, 1 to 10,000. Default 1,000. */
  readonly batchSize?: number | undefined
  /** Most statements, 1 to 1,000,000,000. Default: until there are no more. */
  readonly maxBatches?: number | undefined
}

/** Finds an operation that was committed; null when there is none, or none any more.
 *  @throws {ValidationError} when the id cannot be one */
export async function find(db: Executor, operationId: string): Promise<Operation | null> {
  return db.maybeOne(findOperation, parse(input.key, { operationId }, findOperation.name))
}

/** Deletes operations that are old, the oldest first, in batches that are each a statement of its own; gives how many. Who
 *  then calls with the id of one is not recognised: it takes effect once more. Those that a replay has locked are left.
 *  @throws {ValidationError} when an option is not what it must be */
export async function deleteOld(db: Executor, options: OperationDeletion = {}): Promise<number> {
  const { olderThanMs, batchSize, maxBatches } = parse(input.deletion, options, deleteOldOperations.name)
  let deleted = 0
  for (let batch = 0; batch < maxBatches; batch += 1) {
    const count = await db.execute(deleteOldOperations, { olderThanMs, batchSize })
    deleted += count
    if (count < batchSize) break
  }
  return deleted
}
