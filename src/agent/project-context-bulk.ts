/** Updates and deletes many project contexts, found by the filters of the list. */

import type { z } from 'zod'
import { type BulkOptions, bulkInput, parseBulkFilter, runBulk, toNewValues } from '../engine/bulk.js'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { deleteProjectContexts, updateProjectContexts } from '../generated/agent/project_context.queries.js'
import { type ProjectContextFilter, toWhere } from './project-context-filter.js'
import { input } from './project-context-input.js'

/** What {@link updateMany} takes: any columns but the name; null clears one that may be NULL. */
export type ProjectContextBulkChanges = z.input<typeof input.projectContextBulkChanges>

/** Updates all contexts that a filter finds, in one statement, all or none: only the given fields; null clears one.
 *  Gives how many there were.
 *  @throws {RowLimitError} when there are more than `maxRows`
 *  @throws {ValidationError} when the filter, a field or the limit is malformed, or no field is given
 *  @throws {UniqueViolationError} when the new owner has a context of one of the names */
export async function updateMany(
  db: Executor,
  filter: ProjectContextFilter,
  changes: ProjectContextBulkChanges,
  options: BulkOptions,
): Promise<number> {
  const subject = updateProjectContexts.name
  const where = toWhere(parseBulkFilter(input.projectContextFilter, filter, subject))
  const values = toNewValues(parse(input.projectContextBulkChanges, changes, subject))
  return runBulk(db, updateProjectContexts, { ...where, ...values }, parse(bulkInput.options, options, subject))
}

/** Deletes all contexts that a filter finds, in one statement, all or none. Gives how many there were.
 *  @throws {RowLimitError} when there are more than `maxRows`
 *  @throws {ValidationError} when the filter or the limit is malformed */
export async function deleteMany(db: Executor, filter: ProjectContextFilter, options: BulkOptions): Promise<number> {
  const subject = deleteProjectContexts.name
  const where = toWhere(parseBulkFilter(input.projectContextFilter, filter, subject))
  return runBulk(db, deleteProjectContexts, where, parse(bulkInput.options, options, subject))
}
