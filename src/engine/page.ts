/** Keyset pages: a list in an order that ends with a unique id, walked both ways by opaque cursors. */

import { z } from 'zod'
import { ValidationError } from '../errors.js'
import { lazily } from './lazily.js'

/** One page of a list. Cursors are opaque; pass one back as `cursor`, with the same sort. */
export interface Page<T> {
  readonly items: T[]
  /** Cursor of the page behind this one; null when this is the last. */
  readonly next: string | null
  /** Cursor of the page before this one; null when this is the first. */
  readonly previous: string | null
  /** Rows of the whole list, when it was asked for. */
  readonly total?: number
}

/** A place in a list: behind or before the row with this sort key and id. */
export interface Cursor {
  readonly list: string
  readonly sort: string
  readonly direction: 'after' | 'before'
  readonly key: string | number
  readonly id: string
}

const shapes = lazily(() => ({
  cursor: z.strictObject({
    list: z.string(),
    sort: z.string(),
    direction: z.enum(['after', 'before']),
    key: z.union([z.string(), z.number()]),
    id: z.guid(),
  }),
}))

/** Writes a cursor as one URL-safe word. */
function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

/** Reads a cursor that a page of this list in this sort gave. `key` is the shape of the sort's keys.
 *  @throws {ValidationError} when it is malformed, or of another list or sort */
export function decodeCursor(text: string, list: string, sort: string, key: z.ZodType<string | number>): Cursor {
  const refuse = (message: string): ValidationError => new ValidationError(list, [{ path: 'cursor', message }])
  const cursor = shapes.cursor.safeParse(parseJson(Buffer.from(text, 'base64url').toString())).data
  if (cursor === undefined) throw refuse('is not a cursor that a page gave')
  if (cursor.list !== list) throw refuse(`belongs to another list${named(cursor.list)}`)
  if (cursor.sort !== sort) throw refuse(`belongs to the same list in another sort${named(cursor.sort)}`)
  // What no row can have would be an error of a parameter that the caller does not know.
  if (!key.safeParse(cursor.key).success) throw refuse('is not a cursor that a page gave')
  return cursor
}

/** A forged cursor could hold anything. */
function named(text: string): string {
  return /^\w{1,63}$/.test(text) ? `, ${text}` : ''
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Makes a page of rows that were fetched in the cursor's direction, one more than `limit` if there were more.
 *  `keyOf` gives a row's sort key and id. */
export function toPage<T>(
  rows: readonly T[],
  { list, sort, limit, cursor }: { list: string; sort: string; limit: number; cursor: Cursor | null },
  keyOf: (row: T) => Pick<Cursor, 'key' | 'id'>,
): Page<T> {
  const isBackward = cursor?.direction === 'before'
  const hasMore = rows.length > limit
  const items = rows.slice(0, limit)
  if (isBackward) items.reverse()
  const at = (row: T | undefined, direction: Cursor['direction']): string | null => {
    if (row !== undefined) return encodeCursor({ list, sort, direction, ...keyOf(row) })
    // The rows that the cursor pointed to are gone: the way back starts from the cursor itself.
    return cursor === null ? null : encodeCursor({ ...cursor, direction })
  }
  return {
    items,
    next: isBackward || hasMore ? at(items.at(-1), 'after') : null,
    previous: (isBackward ? hasMore : cursor !== null) ? at(items[0], 'before') : null,
  }
}
