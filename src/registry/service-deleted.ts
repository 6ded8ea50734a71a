/** What becomes of deleted services. */

import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { purgeServices, restoreService } from '../generated/registry/service.queries.js'
import { input } from './service-input.js'
import { missing, type Service, toService } from './service-row.js'

/** Which services {@link purge} purges, and how. */
export interface ServicePurge {
  /** Those deleted earlier. */
  readonly deletedBefore: Date
  /** Most that one statement purges, 1 to 10,000. Default 1,000. */
  readonly batchSize?: number | undefined
  /** Most statements, 1 to 1,000,000,000. Default: until there are no more. */
  readonly maxBatches?: number | undefined
}

/** Brings a deleted service back as it was, and gives it.
 *  @throws {NotFoundError} when there is no deleted service of this id
 *  @throws {UniqueViolationError} when its name was taken meanwhile; it stays deleted
 *  @throws {ValidationError} when the id is no UUID */
export async function restore(db: Executor, serviceId: string): Promise<Service> {
  const subject = restoreService.name
  const key = parse(input.serviceKey, { serviceId }, subject)
  return toService((await db.maybeOne(restoreService, key)) ?? missing(subject))
}

/** Removes deleted services for good, with all that hangs on them, the first deleted first, in batches that are each a
 *  statement of its own; gives how many. Those that somebody has locked, to restore them, are left. With an `operationId` it
 *  is one transaction.
 *  @throws {ValidationError} when an option is not what it must be */
export async function purge(db: Executor, options: ServicePurge): Promise<number> {
  const { deletedBefore, batchSize, maxBatches } = parse(input.servicePurge, options, purgeServices.name)
  if (db.isOnce) return db.transaction((tx) => purge(tx, options))
  let purged = 0
  for (let batch = 0; batch < maxBatches; batch += 1) {
    const count = await db.execute(purgeServices, { deletedBefore, batchSize })
    purged += count
    if (count < batchSize) break
  }
  return purged
}
