/** Bulk updates and deletes by the filters of a list: how many rows they may touch is said by the caller. */

import { z } from 'zod'
import { RowLimitError, ValidationError } from '../errors.js'
import type { Executor } from './executor.js'
import { lazily } from './lazily.js'
import type { Query } from './query.js'
import { parse } from './validation.js'

const MAX_ROWS = 1_000_000_000

/** The limit of a bulk update or delete. There is no default: a filter that finds more than was meant must not pass. */
export const bulkInput = lazily(() => ({
  options: z.strictObject({
    /** When the filter finds more rows, nothing is changed. `unlimited` waives the limit. */
    maxRows: z.union([z.int().min(1).max(MAX_ROWS), z.literal('unlimited')], {
      error: `must be given: an integer from 1 to ${MAX_ROWS}, or 'unlimited'`,
    }),
  }),
}))

/** The limit that a bulk update or delete must be given. */
export type BulkOptions = z.input<typeof bulkInput.options>

/** Parses the filter of a bulk update or delete. A list may be given `undefined` for "no such filter"; here that would be
 *  a variable that was never set, and every row would be hit.
 *  @throws {ValidationError} when the filter does not fit, or one of its values is undefined */
export function parseBulkFilter<T extends z.ZodType>(schema: T, filter: unknown, subject: string): z.output<T> {
  const unset = Object.entries(filter ?? {}).filter(([, value]) => value === undefined)
  if (unset.length > 0) {
    const message = 'is undefined; leave the filter out to do without it'
    throw new ValidationError(
      subject,
      unset.map(([path]) => ({ path, message })),
    )
  }
  return parse(schema, filter, subject)
}

/** What a bulk query says of itself: rows its filters found (at most one above the limit), and rows it changed. */
interface BulkResult {
  readonly found: number
  readonly changed: number
}

interface BulkParams {
  readonly maxRows?: number | string | null | undefined
}

/** Runs a bulk update or delete and gives the number of rows it changed. The query itself stops above the limit, in the
 *  same statement that looks for the rows.
 *  @throws {RowLimitError} when there are more rows than `maxRows`; nothing is changed then */
export async function runBulk<Params extends BulkParams>(
  db: Executor,
  query: Query<Params, BulkResult>,
  params: Omit<Params, 'maxRows'>,
  { maxRows }: z.output<typeof bulkInput.options>,
): Promise<number> {
  const limit = maxRows === 'unlimited' ? {} : { maxRows }
  const { found, changed } = await db.one(query, { ...params, ...limit } as unknown as Params)
  if (maxRows !== 'unlimited' && found > maxRows) throw new RowLimitError(query.name, maxRows)
  return changed
}

/** Names of parameters for new values: a filter has the column's own name. */
export type NewValues<Changes> = {
  readonly [Name in keyof Changes & string as `new${Capitalize<Name>}`]: Changes[Name]
}

/** Gives changes under the names that a bulk update has for them: `owner` becomes `newOwner`. */
export function toNewValues<Changes extends object>(changes: Changes): NewValues<Changes> {
  const entries = Object.entries(changes).map(([name, value]) => [
    `new${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
    value,
  ])
  return Object.fromEntries(entries) as NewValues<Changes>
}
