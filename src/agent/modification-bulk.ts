/** Updates and deletes many modifications, found by the filters of the list. */

import type { z } from 'zod'
import { type BulkOptions, bulkInput, parseBulkFilter, runBulk, toNewValues } from '../engine/bulk.js'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { deleteModifications, updateModifications } from '../generated/agent/modification.queries.js'
import { type ModificationFilter, toWhere } from './modification-filter.js'
import { input } from './modification-input.js'

/** What {@link updateMany} takes: what is not fixed before a decision; null for an impact analysis clears it. */
export type ModificationBulkChanges = z.input<typeof input.modificationBulkChanges>

/** Updates all modifications that a filter finds, in one statement, all or none: only the given fields. The filter must
 *  find none but pending ones: `status: 'pending'` sees to that. Gives how many there were.
 *  @throws {RowLimitError} when there are more than `maxRows`
 *  @throws {CheckViolationError} when one is not pending
 *  @throws {ForeignKeyViolationError} when there is no such new context
 *  @throws {ValidationError} when the filter, a field or the limit is malformed, or no field is given */
export async function updateMany(
  db: Executor,
  filter: ModificationFilter,
  changes: ModificationBulkChanges,
  options: BulkOptions,
): Promise<number> {
  const subject = updateModifications.name
  const where = toWhere(parseBulkFilter(input.modificationFilter, filter, subject))
  const values = toNewValues(parse(input.modificationBulkChanges, changes, subject))
  return runBulk(db, updateModifications, { ...where, ...values }, parse(bulkInput.options, options, subject))
}

/** Deletes all modifications that a filter finds, in one statement, all or none. Gives how many there were.
 *  @throws {RowLimitError} when there are more than `maxRows`
 *  @throws {ValidationError} when the filter or the limit is malformed */
export async function deleteMany(db: Executor, filter: ModificationFilter, options: BulkOptions): Promise<number> {
  const subject = deleteModifications.name
  const where = toWhere(parseBulkFilter(input.modificationFilter, filter, subject))
  return runBulk(db, deleteModifications, where, parse(bulkInput.options, options, subject))
}
