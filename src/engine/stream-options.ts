/** How a stream is read. */

import { ValidationError } from '../errors.js'
import type { CallLimits } from './call-limits.js'

const DEFAULT_BATCH_SIZE = 1_000
const MAX_BATCH_SIZE = 100_000

/** Limits of a stream as a whole, from its first row asked for to its end. Of `signal` and `timeoutMs`, whichever comes
 *  first ends it, also while its consumer is at work: the rows that are there are dropped. */
export interface StreamOptions extends CallLimits {
  /** Rows of one round trip; 1 to 100,000, default 1,000. Up to two batches are in memory. */
  readonly batchSize?: number | undefined
}

/** Those that a stream has beside the options of every call. */
export const STREAM_OPTIONS = ['batchSize'] as const

/** Gives the size of a stream's batches.
 *  @throws {ValidationError} when it is not what it must be */
export function batchSizeOf(query: string, { batchSize = DEFAULT_BATCH_SIZE }: StreamOptions): number {
  if (Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= MAX_BATCH_SIZE) return batchSize
  throw new ValidationError(query, [{ path: 'batchSize', message: `must be an integer from 1 to ${MAX_BATCH_SIZE}` }])
}
