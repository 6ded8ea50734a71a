/** What an agent needs to use a template. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { findTemplateVariables, recordTemplateUse } from '../generated/agent/template.queries.js'
import { input } from './template-input.js'
import { missing, type TemplateSummary } from './template-row.js'

/** What {@link missingVariables} takes: names, or an object whose keys are names. */
export type GivenVariables = z.input<typeof input.givenVariables>['given']
/** What {@link missingVariables} found. */
export interface MissingVariables {
  /** Required ones that are not given, in the template's order. */
  readonly missing: string[]
  /** Given ones that the template does not have, in the order given. */
  readonly unknown: string[]
}

/** Records that a template was used: one use more, however many record at once. `updatedAt` stays. Gives the template
 *  without its files.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when the id is no UUID */
export async function recordUse(db: Executor, templateId: string): Promise<TemplateSummary> {
  const key = parse(input.templateKey, { templateId }, recordTemplateUse.name)
  return (await db.maybeOne(recordTemplateUse, key)) ?? missing(recordTemplateUse.name)
}

/** Tells which variables of a template are still to be given, and which of the given ones it does not have.
 *  @throws {NotFoundError} when there is no such template
 *  @throws {ValidationError} when the id is no UUID, or what is given neither an array of names nor an object */
export async function missingVariables(
  db: Executor,
  templateId: string,
  given: GivenVariables,
): Promise<MissingVariables> {
  const subject = findTemplateVariables.name
  const key = parse(input.templateKey, { templateId }, subject)
  const names = new Set(parse(input.givenVariables, { given }, subject).given)
  const row = (await db.maybeOne(findTemplateVariables, key)) ?? missing(subject)
  const known = new Set([...row.requiredVariables, ...row.optionalVariables])
  return {
    missing: row.requiredVariables.filter((name) => !names.has(name)),
    unknown: [...names].filter((name) => !known.has(name)),
  }
}
