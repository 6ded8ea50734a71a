/** Shapes of what callers ask of the change log, and of what it announces. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { oneOrSeveral, shapes, text } from '../engine/shapes.js'

/** Longest `schema.table`, in characters. */
const MAX_TABLE = 127

/** Made when the first is used. */
export const input = lazily(() => {
  const { id, instant, paging, wholeNumber } = shapes
  const table = text(MAX_TABLE).regex(/.\../su, 'must be named with its schema')
  const { cursor, limit } = paging
  const action = z.enum(['insert', 'update', 'delete', 'truncate'])

  const filters = {
    /** With its schema: `registry.service`. */
    table: table.optional(),
    /** The primary key of a row. */
    rowId: id.optional(),
    transactionId: wholeNumber.optional(),
    actor: text(10_000).optional(),
    /** One, or any of several. */
    action: oneOrSeveral(action).optional(),
    /** Changes of this column; of rows that were inserted or deleted, where it was not NULL. */
    column: text(63).optional(),
    changedAfter: instant.optional(),
    changedBefore: instant.optional(),
  }

  /** Which changes to count. */
  const changeFilter = z.strictObject(filters)

  /** Which changes to list, in which order, and which page of them. */
  const changeListOptions = z.strictObject({
    ...filters,
    sort: z.enum(['newest', 'oldest']).default('newest'),
    ...paging,
  })

  /** A row, and which page of its changes. */
  const history = z.strictObject({ table, rowId: id, cursor, limit })

  /** A transaction, and which page of its changes. */
  const transaction = z.strictObject({ transactionId: wholeNumber, cursor, limit })

  /** What an announcement holds. */
  const notice = z.object({
    table: z.string(),
    action,
    count: wholeNumber.nullable(),
    ids: z.array(id).nullable(),
  })

  /** A tracked table. */
  const channel = z.strictObject({ table })

  return { channel, changeFilter, changeListOptions, history, transaction, notice }
})
