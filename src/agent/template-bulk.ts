/** Updates and deletes many templates, found by the filters of the list. */

import type { z } from 'zod'
import { type BulkOptions, bulkInput, parseBulkFilter, runBulk, toNewValues } from '../engine/bulk.js'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { deleteTemplates, updateTemplates } from '../generated/agent/template.queries.js'
import { type TemplateFilter, toWhere } from './template-filter.js'
import { input } from './template-input.js'

/** What {@link updateMany} takes: any columns but the name; null clears one that may be NULL. */
export type TemplateBulkChanges = z.input<typeof input.templateBulkChanges>

/** Updates all templates that a filter finds, in one statement, all or none: only the given fields; null clears one.
 *  Gives how many there were.
 *  @throws {RowLimitError} when there are more than `maxRows`
 *  @throws {ValidationError} when the filter, a field or the limit is malformed, or no field is given
 *  @throws {CheckViolationError} when a variable of one would be both required and optional */
export async function updateMany(
  db: Executor,
  filter: TemplateFilter,
  changes: TemplateBulkChanges,
  options: BulkOptions,
): Promise<number> {
  const subject = updateTemplates.name
  const where = toWhere(parseBulkFilter(input.templateFilter, filter, subject))
  const values = toNewValues(parse(input.templateBulkChanges, changes, subject))
  return runBulk(db, updateTemplates, { ...where, ...values }, parse(bulkInput.options, options, subject))
}

/** Deletes all templates that a filter finds, in one statement, all or none. Gives how many there were.
 *  @throws {RowLimitError} when there are more than `maxRows`
 *  @throws {ValidationError} when the filter or the limit is malformed */
export async function deleteMany(db: Executor, filter: TemplateFilter, options: BulkOptions): Promise<number> {
  const subject = deleteTemplates.name
  const where = toWhere(parseBulkFilter(input.templateFilter, filter, subject))
  return runBulk(db, deleteTemplates, where, parse(bulkInput.options, options, subject))
}
