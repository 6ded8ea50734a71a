/** Shapes of what callers give for modifications. The limits agree with the constraints of the table, where it has them. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { atLeastOne, jsonObjectOf, listOf, oneOrSeveral, shapes, text } from '../engine/shapes.js'

/** The GIN index holds no element of more bytes than a third of a page. */
const MAX_PATH_BYTES = 2_500
const MAX_PATHS = 5_000

/** Made when the first is used: a process that imports ashlar does not pay for shapes it never uses. */
export const input = lazily(() => {
  const { id, instant, pageLimit, paging } = shapes
  const status = z.enum(['pending', 'approved', 'applied', 'failed', 'rejected'])
  /** From the lowest: the place in this list, counted from 1, is what agent.risk_rank gives. */
  const risk = z.enum(['low', 'medium', 'high', 'critical'])
  const name = text(200)

  const path = text(1_000).refine(
    (value) => Buffer.byteLength(value) <= MAX_PATH_BYTES,
    `must have at most ${MAX_PATH_BYTES} bytes`,
  )
  const paths = listOf(path, { max: MAX_PATHS })

  /** The `impact_analysis` column: known keys have these shapes, further keys may hold any JSON. */
  const impactAnalysis = jsonObjectOf({
    risk,
    /** Names of the parts of the project that would change. */
    affectedComponents: listOf(text(1_000), { max: 5_000 }).optional(),
    estimate: jsonObjectOf({
      /** Time that the change would take. */
      minutes: z.number().min(0).optional(),
      /** How sure the estimate is: 0 to 1. */
      confidence: z.number().min(0).max(1).optional(),
    }).optional(),
    summary: text(10_000, 0).optional(),
  })

  /** The `result` column: known keys have these shapes, further keys may hold any JSON. */
  const result = jsonObjectOf({
    summary: text(10_000, 0).optional(),
    /** Files that were touched. */
    changedFiles: paths.optional(),
    /** What the version control system calls the change. */
    commit: text(200).optional(),
    /** What went wrong. */
    error: text(10_000, 0).optional(),
  })

  const columns = {
    projectContextId: id,
    request: text(20_000),
    requestedBy: name,
    impactAnalysis: impactAnalysis.nullable(),
    affectedFiles: paths,
  }

  /** A new modification; what is left out is not analysed, or empty. */
  const newModification = z.strictObject({
    ...columns,
    impactAnalysis: columns.impactAnalysis.default(null),
    affectedFiles: paths.default([]),
  })

  /** Many new modifications, which may be none. */
  const newModifications = z.array(newModification).max(10_000)

  /** Changes to a pending modification; what is left out stays as it is. */
  const modificationChanges = z.strictObject(columns).partial()

  /** Changes to many pending modifications. */
  const modificationBulkChanges = atLeastOne(modificationChanges)

  /** Identifies a modification. */
  const modificationKey = z.strictObject({ modificationId: id })

  /** Identifies modifications, which may be none. */
  const modificationKeys = z.strictObject({ modificationIds: z.array(id).max(10_000) })

  /** A decision: whose, and why. */
  const modificationDecision = z.strictObject({
    decidedBy: name,
    note: text(10_000, 0).nullable().default(null),
  })

  /** What came of a modification that was carried out; null when nothing is told. */
  const modificationOutcome = z.strictObject({ result: result.nullable().default(null) })

  const filters = {
    projectContextId: id.optional(),
    /** One, or any of several. */
    status: oneOrSeveral(status).optional(),
    /** A path, or several of which at least one must be among the affected files. */
    affectedFile: z
      .union([path, listOf(path, { min: 1, max: MAX_PATHS })], { error: 'must be a path or several' })
      .optional(),
    requestedBy: name.optional(),
    /** One, or any of several; leaves out what is not analysed. */
    risk: oneOrSeveral(risk).optional(),
    createdAfter: instant.optional(),
    createdBefore: instant.optional(),
    /** Leaves out what is pending. */
    decidedAfter: instant.optional(),
    /** Leaves out what is pending. */
    decidedBefore: instant.optional(),
  }

  /** What modifications to count, or to compute statistics of. */
  const modificationFilter = z.strictObject(filters)

  /** What modifications to list, in which order, and which page of them. */
  const modificationListOptions = z.strictObject({
    ...filters,
    /** newest first, last updated first, or by risk (highest first, not analysed last). */
    sort: z.enum(['newest', 'updated', 'risk']).default('newest'),
    ...paging,
  })

  /** Whose pending modifications to count. */
  const pendingCountOptions = z.strictObject({
    /** All contexts unless given. */
    projectContextIds: listOf(id, { max: 10_000 }).optional(),
    limit: pageLimit,
  })

  return {
    risk,
    impactAnalysis,
    result,
    newModification,
    newModifications,
    modificationChanges,
    modificationBulkChanges,
    modificationKey,
    modificationKeys,
    modificationDecision,
    modificationOutcome,
    modificationFilter,
    modificationListOptions,
    pendingCountOptions,
  }
})
