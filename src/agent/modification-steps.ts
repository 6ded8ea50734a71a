/** What happens to a modification: it is approved or rejected, then applied, or it fails. The database refuses every
 *  other step. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import type { Query } from '../engine/query.js'
import { parse } from '../engine/validation.js'
import {
  applyModification,
  approveModification,
  type FindModificationResult,
  failModification,
  rejectModification,
} from '../generated/agent/modification.queries.js'
import { input } from './modification-input.js'
import { type Modification, missing, toModification } from './modification-row.js'

/** What {@link approve} and {@link reject} take. */
export type ModificationDecision = z.input<typeof input.modificationDecision>
/** What {@link apply} and {@link fail} take. */
export type NewModificationResult = z.input<typeof input.result>

/** Approves a pending modification. Gives it.
 *  @throws {TransitionError} when it is not pending: of several decisions at once, one wins
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when a field is malformed */
export async function approve(
  db: Executor,
  modificationId: string,
  decision: ModificationDecision,
): Promise<Modification> {
  const values = parse(input.modificationDecision, decision, approveModification.name)
  return take(db, approveModification, { ...values, ...keyOf(modificationId, approveModification.name) })
}

/** Rejects a pending modification. Gives it.
 *  @throws {TransitionError} when it is not pending: of several decisions at once, one wins
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when a field is malformed */
export async function reject(
  db: Executor,
  modificationId: string,
  decision: ModificationDecision,
): Promise<Modification> {
  const values = parse(input.modificationDecision, decision, rejectModification.name)
  return take(db, rejectModification, { ...values, ...keyOf(modificationId, rejectModification.name) })
}

/** Records that an approved modification was carried out, and counts one iteration of its project context more, both
 *  or neither. Gives it.
 *  @throws {TransitionError} when it is not approved
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when the result is malformed */
export async function apply(
  db: Executor,
  modificationId: string,
  result: NewModificationResult | null = null,
): Promise<Modification> {
  const values = parse(input.modificationOutcome, { result }, applyModification.name)
  return take(db, applyModification, { ...values, ...keyOf(modificationId, applyModification.name) })
}

/** Records that an approved modification was tried, and failed. Gives it.
 *  @throws {TransitionError} when it is not approved
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when the result is malformed */
export async function fail(
  db: Executor,
  modificationId: string,
  result: NewModificationResult | null = null,
): Promise<Modification> {
  const values = parse(input.modificationOutcome, { result }, failModification.name)
  return take(db, failModification, { ...values, ...keyOf(modificationId, failModification.name) })
}

function keyOf(modificationId: string, subject: string): z.output<typeof input.modificationKey> {
  return parse(input.modificationKey, { modificationId }, subject)
}

async function take<Params>(
  db: Executor,
  step: Query<Params, FindModificationResult>,
  params: Params,
): Promise<Modification> {
  return toModification((await db.maybeOne(step, params)) ?? missing(step.name))
}

/** @throws {NotFoundError} always */
