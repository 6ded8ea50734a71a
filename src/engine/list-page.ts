/** The one way lists are read: a query with a choice `order`, sought by a sort key and a unique id, page by page. */

import { z } from 'zod'
import type { Executor } from './executor.js'
import { lazily } from './lazily.js'
import { decodeCursor, type Page, toPage } from './page.js'
import type { Query } from './query.js'
import { EARLIEST, text } from './shapes.js'

/** Of a key, in characters: more than any text that is sorted by. */
const MAX_KEY_LENGTH = 10_000

/** Of the parameters of a list's query, those that every list has. */
interface ListParams {
  readonly limit: number
  readonly order?: string | undefined
  readonly cursorId?: string | null | undefined
}

/** Shapes of keys by the type of the column that they are of. */
export const sortKeys = lazily(() => ({
  text: text(MAX_KEY_LENGTH, 0),
  /** Milliseconds since 1970. */
  instant: z.int().min(EARLIEST.getTime()).max(8.64e15),
  /** int8, as far as a number holds it. */
  integer: z.int(),
  /** int4. */
  smallInteger: z.int32(),
  /** float8, and numeric. */
  number: z.number(),
  /** float4. */
  real: z.float32(),
}))

/** One sort: its order in both directions, a row's key, and the parameter that a key is sought by. */
export interface Sort<Row, Params extends ListParams> {
  readonly after: NonNullable<Params['order']>
  readonly before: NonNullable<Params['order']>
  /** What keys look like: a name in {@link sortKeys}. */
  readonly key: keyof typeof sortKeys
  keyOf(row: Row): string | number
  seek(key: string | number): Partial<Params>
}

/** A list: its query, the one that counts what the same filters find, its rows and its sorts. */
export interface List<Row, Raw, Params extends ListParams, Where, SortName extends string> {
  readonly query: Query<Params, Raw>
  readonly countQuery: Query<Where, { readonly count: number }>
  readonly sorts: Readonly<Record<SortName, Sort<Row, Params>>>
  toRow(raw: Raw): Row
  idOf(row: Row): string
}

/** Gives a list as it is, its types inferred from its queries. */
export function defineList<Row, Raw, Params extends ListParams, Where, SortName extends string>(
  list: List<Row, Raw, Params, Where, SortName>,
): List<Row, Raw, Params, Where, SortName> {
  return list
}

/** Which page of a list. */
export interface PageRequest<SortName extends string> {
  readonly sort: SortName
  readonly cursor?: string | null | undefined
  readonly limit: number
  readonly withTotal: boolean
}

/** Reads one page of a list; `where` are the parameters that its filters switch on.
 *  @throws {ValidationError} when the cursor is malformed, or of another list or sort */
export async function listPage<Row, Raw, Params extends ListParams, Where, SortName extends string>(
  db: Executor,
  list: List<Row, Raw, Params, Where, SortName>,
  where: Where & Partial<Params>,
  { sort, cursor, limit, withTotal }: PageRequest<SortName>,
): Promise<Page<Row>> {
  const subject = list.query.name
  const order = list.sorts[sort]
  const from = cursor === undefined || cursor === null ? null : decodeCursor(cursor, subject, sort, sortKeys[order.key])
  const params = {
    ...where,
    ...(from === null ? {} : { ...order.seek(from.key), cursorId: from.id }),
    order: from?.direction === 'before' ? order.before : order.after,
    limit: limit + 1,
  }
  const rows = (await db.run(list.query, params as unknown as Params)).map(list.toRow)
  const page = toPage(rows, { list: subject, sort, limit, cursor: from }, (row) => ({
    key: order.keyOf(row),
    id: list.idOf(row),
  }))
  return withTotal ? { ...page, total: (await db.one(list.countQuery, where)).count } : page
}
