/** Updates and deletes many services, found by the filters of the list. */

import type { z } from 'zod'
import { type BulkOptions, bulkInput, parseBulkFilter, runBulk, toNewValues } from '../engine/bulk.js'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { deleteServices, updateServices } from '../generated/registry/service.queries.js'
import { type ServiceFilter, toWhere } from './service-filter.js'
import { input } from './service-input.js'
import { listInput } from './service-list-input.js'

/** What {@link updateMany} and {@link deleteMany} are told of the services: none of them sees the deleted. */
export type ServiceBulkFilter = Omit<ServiceFilter, 'deleted'>
/** What {@link updateMany} takes: any columns but the name and those of health; null clears one that may be NULL. */
export type ServiceBulkChanges = z.input<typeof input.serviceBulkChanges>

/** Updates all services that a filter finds, in one statement, all or none: only the given fields; null clears one. Gives how
 *  many there were.
 *  @throws {RowLimitError} when there are more than `maxRows`
 *  @throws {ValidationError} when the filter, a field or the limit is malformed, or no field is given */
export async function updateMany(
  db: Executor,
  filter: ServiceBulkFilter,
  changes: ServiceBulkChanges,
  options: BulkOptions,
): Promise<number> {
  const subject = updateServices.name
  const where = whereOf(filter, subject)
  const values = toNewValues(parse(input.serviceBulkChanges, changes, subject))
  return runBulk(db, updateServices, { ...where, ...values }, parse(bulkInput.options, options, subject))
}

/** Deletes all services that a filter finds, in one statement, all or none: they are hidden as by `delete`. Gives how many
 *  there were.
 *  @throws {RowLimitError} when there are more than `maxRows`
 *  @throws {ValidationError} when the filter or the limit is malformed */
export async function deleteMany(db: Executor, filter: ServiceBulkFilter, options: BulkOptions): Promise<number> {
  const subject = deleteServices.name
  return runBulk(db, deleteServices, whereOf(filter, subject), parse(bulkInput.options, options, subject))
}

function whereOf(filter: ServiceBulkFilter, subject: string) {
  return toWhere({ ...parseBulkFilter(listInput.serviceBulkFilter, filter, subject), deleted: 'hidden' })
}
