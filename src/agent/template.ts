/** Templates: projects that an agent can instantiate. Table: agent.template. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineLookup, lookupMany } from '../engine/lookup.js'
import { parse } from '../engine/validation.js'
import {
  createTemplate,
  deleteTemplate,
  existsTemplate,
  findTemplate,
  findTemplateByName,
  findTemplates,
  updateTemplate,
  upsertTemplates,
} from '../generated/agent/template.queries.js'
import { input } from './template-input.js'
import { missing, type Template, toTemplate } from './template-row.js'

/** What {@link create} takes: name, version and category, and whatever else is known. */
export type NewTemplate = z.input<typeof input.newTemplate>
/** What {@link update} takes: any columns; null clears one that may be NULL. */
export type TemplateChanges = z.input<typeof input.templateChanges>
/** What {@link upsert} did to a template. */
export interface UpsertedTemplate {
  readonly templateId: string
  readonly outcome: 'created' | 'updated' | 'unchanged'
}

const byId = defineLookup({
  one: findTemplate,
  many: findTemplates,
  parameter: 'templateId',
  manyParameter: 'templateIds',
  column: 'templateId',
})

/** Creates a template and gives it.
 *  @throws {ValidationError} when a field is malformed
 *  @throws {UniqueViolationError} when there is a template of that name */
export async function create(db: Executor, template: NewTemplate): Promise<Template> {
  const values = parse(input.newTemplate, template, createTemplate.name)
  return toTemplate(await db.one(createTemplate, values))
}

/** Creates a template, or updates the one of its name. An update replaces all fields but the uses; what is left out
 *  is as in a new one. A template that would not change is not written.
 *  @throws {ValidationError} when a field is malformed */
export async function upsert(db: Executor, template: NewTemplate): Promise<UpsertedTemplate> {
  const values = parse(input.newTemplate, template, upsertTemplates.name)
  const [result] = await write(db, [values])
  return result as UpsertedTemplate
}

/** Upserts many templates in one statement, all or none; see {@link upsert}. At most 10,000, with 50 MB of files in all.
 *  Gives id and outcome in the order of the templates.
 *  @throws {ValidationError} when a field is malformed, or two have the same name */
export async function upsertMany(db: Executor, templates: readonly NewTemplate[]): Promise<UpsertedTemplate[]> {
  return write(db, parse(input.newTemplates, templates, upsertTemplates.name))
}

type Values = z.output<typeof input.newTemplate>

async function write(db: Executor, templates: readonly Values[]): Promise<UpsertedTemplate[]> {
  const rows = await db.run(upsertTemplates, { templates: templates.map(toRecord) })
  return Promise.all(
    rows.map(async ({ templateId, outcome }, index) => {
      if (templateId !== null) return { templateId, outcome: outcome as UpsertedTemplate['outcome'] }
      // Unchanged, and committed by somebody else after the statement began: only a new snapshot sees it.
      const known = await findByName(db, (templates[index] as Values).name)
      if (known !== null) return { templateId: known.templateId, outcome: 'unchanged' }
      // Deleted since: another write than the one that an operation id was given for.
      const [result] = await write(db.with({ operationId: undefined }), templates.slice(index, index + 1))
      return result as UpsertedTemplate
    }),
  )
}

/** Finds a template by its id; null when there is none. @throws {ValidationError} when the id is no UUID */
export async function find(db: Executor, templateId: string): Promise<Template | null> {
  const key = parse(input.templateKey, { templateId }, findTemplate.name)
  const row = await db.lookup(byId, key.templateId)
  return row && toTemplate(row)
}

/** Finds templates by their ids in one statement: for each id, in their order, the template, or null when there is none.
 *  At most 10,000. @throws {ValidationError} when one is no UUID */
export async function findMany(db: Executor, templateIds: readonly string[]): Promise<(Template | null)[]> {
  const keys = parse(input.templateKeys, { templateIds }, findTemplates.name)
  const rows = await lookupMany(db, byId, keys.templateIds)
  return rows.map((row) => row && toTemplate(row))
}

/** Gets a template by its id.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when the id is no UUID */
export async function get(db: Executor, templateId: string): Promise<Template> {
  return (await find(db, templateId)) ?? missing(findTemplate.name)
}

/** Finds a template by its name; null when there is none. @throws {ValidationError} when it is no text */
export async function findByName(db: Executor, name: string): Promise<Template | null> {
  const key = parse(input.templateName, { name }, findTemplateByName.name)
  const row = await db.maybeOne(findTemplateByName, key)
  return row && toTemplate(row)
}

/** Tells whether there is a template of this id. @throws {ValidationError} when the id is no UUID */
export async function exists(db: Executor, templateId: string): Promise<boolean> {
  const key = parse(input.templateKey, { templateId }, existsTemplate.name)
  return (await db.one(existsTemplate, key)).exists
}

/** Updates a template: only the given fields; null clears one. Gives the template.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when a field is malformed
 *  @throws {UniqueViolationError} when there is another template of that name
 *  @throws {CheckViolationError} when a variable would be both required and optional */
export async function update(db: Executor, templateId: string, changes: TemplateChanges): Promise<Template> {
  const subject = updateTemplate.name
  const key = parse(input.templateKey, { templateId }, subject)
  const values = parse(input.templateChanges, changes, subject)
  return toTemplate((await db.maybeOne(updateTemplate, { ...values, ...key })) ?? missing(subject))
}

async function deleteById(db: Executor, templateId: string): Promise<boolean> {
  const key = parse(input.templateKey, { templateId }, deleteTemplate.name)
  return (await db.execute(deleteTemplate, key)) === 1
}

export {
  /** Deletes a template. Gives false when there was none. @throws {ValidationError} when the id is no UUID */
  deleteById as delete,
}

/** Gives a template as json_to_recordset reads it: keys are the columns' names. */
function toRecord({
  requiredVariables,
  optionalVariables,
  techStack,
  estimatedSetupMinutes,
  ...rest
}: Values): Record<string, unknown> {
  return {
    ...rest,
    required_variables: requiredVariables,
    optional_variables: optionalVariables,
    tech_stack: techStack,
    estimated_setup_minutes: estimatedSetupMinutes,
  }
}
