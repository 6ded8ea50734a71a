/** Project contexts: what an agent knows of each project it works on. Table: agent.project_context. */

import type { z } from 'zod'
import { createRows } from '../core/create-rows.js'
import type { Executor } from '../engine/executor.js'
import { defineLookup, lookupMany } from '../engine/lookup.js'
import { parse } from '../engine/validation.js'
import {
  createProjectContext,
  createProjectContexts,
  deleteProjectContext,
  existsProjectContext,
  type FindProjectContextResult,
  findProjectContext,
  findProjectContextByName,
  findProjectContexts,
  recordProjectContextMetrics,
  updateProjectContext,
  upsertProjectContexts,
} from '../generated/agent/project_context.queries.js'
import { input } from './project-context-input.js'
import { missing, type ProjectContext, toProjectContext } from './project-context-row.js'

/** What {@link create} takes: owner and name, and whatever else is known. */
export type NewProjectContext = z.input<typeof input.newProjectContext>
/** What {@link update} takes: any columns; null clears one that may be NULL. */
export type ProjectContextChanges = z.input<typeof input.projectContextChanges>
/** What {@link recordMetrics} takes: 0 to 100; null for "not measured". */
export type ProjectContextMetrics = z.input<typeof input.projectContextMetrics>
/** What {@link upsertMany} did to one context. */
export interface UpsertedProjectContext {
  readonly projectContextId: string
  readonly outcome: 'created' | 'updated' | 'unchanged'
}

const byId = defineLookup({
  one: findProjectContext,
  many: findProjectContexts,
  parameter: 'projectContextId',
  manyParameter: 'projectContextIds',
  column: 'projectContextId',
})

/** Creates a context and gives it.
 *  @throws {ValidationError} when a field is malformed
 *  @throws {UniqueViolationError} when the owner has a context of that name */
export async function create(db: Executor, context: NewProjectContext): Promise<ProjectContext> {
  const values = parse(input.newProjectContext, context, createProjectContext.name)
  return toProjectContext(await db.one(createProjectContext, values))
}

/** Creates many contexts, all or none, and gives them in their order. At most 10,000; 2,000 and more by COPY, unless in a
 *  transaction.
 *  @throws {ValidationError} when a field is malformed, or two have the same owner and name
 *  @throws {UniqueViolationError} when an owner has a context of that name; by COPY, `row` tells which it was */
export async function createMany(db: Executor, contexts: readonly NewProjectContext[]): Promise<ProjectContext[]> {
  const values = parse(input.newProjectContexts, contexts, createProjectContexts.name)
  const records = values.map(toRecord)
  const rows = await createRows(db, {
    query: createProjectContexts.name,
    table: 'agent.project_context',
    idColumn: 'project_context_id',
    lookup: byId,
    records,
    // No text holds NUL, which sorts first: an owner whose name begins another's comes before it.
    sortKeys: values.map(({ owner, name }) => `${owner}\0${name}`),
    async insert() {
      const created = await db.run(createProjectContexts, { contexts: records })
      // RETURNING promises no order.
      const byKey = new Map(created.map((row) => [keyOf(row), row]))
      return values.map((value) => byKey.get(keyOf(value)) as FindProjectContextResult)
    },
  })
  return rows.map(toProjectContext)
}

/** Creates each context, or updates the one of its owner and name, in one statement, all or none. At most 10,000.
 *  An update replaces all fields but the iteration; what is left out is as in a new one. A context that would not change
 *  is not written. Gives id and outcome in the order of the contexts.
 *  @throws {ValidationError} when a field is malformed, or two have the same owner and name */
export async function upsertMany(
  db: Executor,
  contexts: readonly NewProjectContext[],
): Promise<UpsertedProjectContext[]> {
  const values = parse(input.newProjectContexts, contexts, upsertProjectContexts.name)
  const rows = await db.run(upsertProjectContexts, { contexts: values.map(toRecord) })
  return Promise.all(
    rows.map(async ({ projectContextId, outcome }, index) => {
      if (projectContextId !== null) return { projectContextId, outcome: outcome as UpsertedProjectContext['outcome'] }
      // Unchanged, and committed by somebody else after the statement began: only a new snapshot sees it.
      const { owner, name } = values[index] as (typeof values)[number]
      const known = await findByName(db, owner, name)
      if (known !== null) return { projectContextId: known.projectContextId, outcome: 'unchanged' }
      // Deleted since: another write than the one that an operation id was given for.
      const [result] = await upsertMany(db.with({ operationId: undefined }), values.slice(index, index + 1))
      return result as UpsertedProjectContext
    }),
  )
}

/** Finds a context by its id; null when there is none. @throws {ValidationError} when the id is no UUID */
export async function find(db: Executor, projectContextId: string): Promise<ProjectContext | null> {
  const key = parse(input.projectContextKey, { projectContextId }, findProjectContext.name)
  const row = await db.lookup(byId, key.projectContextId)
  return row && toProjectContext(row)
}

/** Finds contexts by their ids in one statement: for each id, in their order, the context, or null when there is none.
 *  At most 10,000. @throws {ValidationError} when one is no UUID */
export async function findMany(db: Executor, projectContextIds: readonly string[]): Promise<(ProjectContext | null)[]> {
  const keys = parse(input.projectContextKeys, { projectContextIds }, findProjectContexts.name)
  const rows = await lookupMany(db, byId, keys.projectContextIds)
  return rows.map((row) => row && toProjectContext(row))
}

/** Gets a context by its id.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when the id is no UUID */
export async function get(db: Executor, projectContextId: string): Promise<ProjectContext> {
  return (await find(db, projectContextId)) ?? missing(findProjectContext.name)
}

/** Finds an owner's context by its name; null when there is none. @throws {ValidationError} when one is no text */
export async function findByName(db: Executor, owner: string, name: string): Promise<ProjectContext | null> {
  const key = parse(input.projectContextName, { owner, name }, findProjectContextByName.name)
  const row = await db.maybeOne(findProjectContextByName, key)
  return row && toProjectContext(row)
}

/** Tells whether there is a context of this id. @throws {ValidationError} when the id is no UUID */
export async function exists(db: Executor, projectContextId: string): Promise<boolean> {
  const key = parse(input.projectContextKey, { projectContextId }, existsProjectContext.name)
  return (await db.one(existsProjectContext, key)).exists
}

/** Updates a context: only the given fields; null clears one. Gives the context.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when a field is malformed
 *  @throws {UniqueViolationError} when the owner has another context of that name */
export async function update(
  db: Executor,
  projectContextId: string,
  changes: ProjectContextChanges,
): Promise<ProjectContext> {
  const subject = updateProjectContext.name
  const key = parse(input.projectContextKey, { projectContextId }, subject)
  const values = parse(input.projectContextChanges, changes, subject)
  return toProjectContext((await db.maybeOne(updateProjectContext, { ...values, ...key })) ?? missing(subject))
}

/** Records measurements, only the given ones, and counts one iteration more. Gives the context.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when a measurement is not 0 to 100 */
export async function recordMetrics(
  db: Executor,
  projectContextId: string,
  metrics: ProjectContextMetrics,
): Promise<ProjectContext> {
  const subject = recordProjectContextMetrics.name
  const key = parse(input.projectContextKey, { projectContextId }, subject)
  const values = parse(input.projectContextMetrics, metrics, subject)
  return toProjectContext((await db.maybeOne(recordProjectContextMetrics, { ...values, ...key })) ?? missing(subject))
}

async function deleteById(db: Executor, projectContextId: string): Promise<boolean> {
  const key = parse(input.projectContextKey, { projectContextId }, deleteProjectContext.name)
  return (await db.execute(deleteProjectContext, key)) === 1
}

export {
  /** Deletes a context. Gives false when there was none. @throws {ValidationError} when the id is no UUID */
  deleteById as delete,
}

function keyOf({ owner, name }: { readonly owner: string; readonly name: string }): string {
  return JSON.stringify([owner, name])
}

/** Gives a context as json_to_recordset reads it: keys are the columns' names. */
function toRecord(context: z.output<typeof input.newProjectContext>) {
  const { techStack, testCoverage, securityScore, performanceScore, ...rest } = context
  return {
    ...rest,
    tech_stack: techStack,
    test_coverage: testCoverage,
    security_score: securityScore,
    performance_score: performanceScore,
  }
}
