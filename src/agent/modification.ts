/** Modifications: changes that somebody asks an agent to make to a project. Table: agent.modification. */

import type { z } from 'zod'
import { createRows } from '../core/create-rows.js'
import type { Executor } from '../engine/executor.js'
import { defineLookup, lookupMany } from '../engine/lookup.js'
import { parse } from '../engine/validation.js'
import {
  createModification,
  createModifications,
  deleteModification,
  existsModification,
  findModification,
  findModifications,
  updateModification,
} from '../generated/agent/modification.queries.js'
import { input } from './modification-input.js'
import { type Modification, missing, toModification } from './modification-row.js'

/** What {@link create} takes: the context, the request and who asks, and whatever else is known. */
export type NewModification = z.input<typeof input.newModification>
/** What {@link update} takes: what is not fixed before a decision; null for an impact analysis clears it. */
export type ModificationChanges = z.input<typeof input.modificationChanges>

const byId = defineLookup({
  one: findModification,
  many: findModifications,
  parameter: 'modificationId',
  manyParameter: 'modificationIds',
  column: 'modificationId',
})

/** Creates a modification, pending, and gives it.
 *  @throws {ValidationError} when a field is malformed
 *  @throws {ForeignKeyViolationError} when there is no such project context */
export async function create(db: Executor, modification: NewModification): Promise<Modification> {
  const values = parse(input.newModification, modification, createModification.name)
  return toModification(await db.one(createModification, values))
}

/** Creates many modifications, pending, all or none, and gives them in their order. At most 10,000; 2,000 and more by COPY,
 *  unless in a transaction.
 *  @throws {ValidationError} when a field is malformed
 *  @throws {ForeignKeyViolationError} when there is no project context of one of the ids */
export async function createMany(db: Executor, modifications: readonly NewModification[]): Promise<Modification[]> {
  const values = parse(input.newModifications, modifications, createModifications.name)
  const records = values.map(toRecord)
  const rows = await createRows(db, {
    query: createModifications.name,
    table: 'agent.modification',
    idColumn: 'modification_id',
    lookup: byId,
    records,
    sortKeys: values.map(({ projectContextId }) => projectContextId.toLowerCase()),
    insert: () => db.run(createModifications, { modifications: records }),
  })
  return rows.map(toModification)
}

/** Finds a modification by its id; null when there is none. @throws {ValidationError} when the id is no UUID */
export async function find(db: Executor, modificationId: string): Promise<Modification | null> {
  const key = parse(input.modificationKey, { modificationId }, findModification.name)
  const row = await db.lookup(byId, key.modificationId)
  return row && toModification(row)
}

/** Finds modifications by their ids in one statement: for each id, in their order, the modification, or null when there is none.
 *  At most 10,000. @throws {ValidationError} when one is no UUID */
export async function findMany(db: Executor, modificationIds: readonly string[]): Promise<(Modification | null)[]> {
  const keys = parse(input.modificationKeys, { modificationIds }, findModifications.name)
  const rows = await lookupMany(db, byId, keys.modificationIds)
  return rows.map((row) => row && toModification(row))
}

/** Gets a modification by its id.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when the id is no UUID */
export async function get(db: Executor, modificationId: string): Promise<Modification> {
  return (await find(db, modificationId)) ?? missing(findModification.name)
}

/** Tells whether there is a modification of this id. @throws {ValidationError} when the id is no UUID */
export async function exists(db: Executor, modificationId: string): Promise<boolean> {
  const key = parse(input.modificationKey, { modificationId }, existsModification.name)
  return (await db.one(existsModification, key)).exists
}

/** Updates a pending modification: only the given fields. Gives it.
 *  @throws {CheckViolationError} when a field is given and it is not pending
 *  @throws {NotFoundError} when there is none
 *  @throws {ForeignKeyViolationError} when there is no such project context
 *  @throws {ValidationError} when a field is malformed */
export async function update(
  db: Executor,
  modificationId: string,
  changes: ModificationChanges,
): Promise<Modification> {
  const subject = updateModification.name
  const key = parse(input.modificationKey, { modificationId }, subject)
  const values = parse(input.modificationChanges, changes, subject)
  return toModification((await db.maybeOne(updateModification, { ...values, ...key })) ?? missing(subject))
}

async function deleteById(db: Executor, modificationId: string): Promise<boolean> {
  const key = parse(input.modificationKey, { modificationId }, deleteModification.name)
  return (await db.execute(deleteModification, key)) === 1
}

export {
  /** Deletes a modification. Gives false when there was none. @throws {ValidationError} when the id is no UUID */
  deleteById as delete,
}

/** Gives a modification as json_to_recordset reads it: keys are the columns' names. */
function toRecord(modification: z.output<typeof input.newModification>) {
  const { projectContextId, request, requestedBy, impactAnalysis, affectedFiles } = modification
  return {
    project_context_id: projectContextId,
    request,
    requested_by: requestedBy,
    impact_analysis: impactAnalysis,
    affected_files: affectedFiles,
  }
}
