/** Lists and counts project contexts. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { decodeCursor, type Page, toPage } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import {
  type CountProjectContextsParams,
  countProjectContexts,
  type ListProjectContextsParams,
  listProjectContexts,
} from '../generated/agent/project_context.queries.js'
import { projectContextFilter, projectContextListOptions } from './project-context-input.js'
import { type ProjectContext, toProjectContext } from './project-context-row.js'

/** What {@link count} takes. */
export type ProjectContextFilter = z.input<typeof projectContextFilter>
/** What {@link list} takes. */
export type ProjectContextListOptions = z.input<typeof projectContextListOptions>

/** The optional lines that a filter switches on. */
function toWhere({ status, dependsOn, ...rest }: z.output<typeof projectContextFilter>): CountProjectContextsParams {
  return {
    ...rest,
    ...(status === undefined ? {} : { statuses: [status].flat() }),
    ...(dependsOn === undefined ? {} : { dependsOn: [dependsOn].flat() }),
  }
}

type Order = NonNullable<ListProjectContextsParams['order']>

/** One sort: its order in both directions, a row's key, and the parameter that a key is sought by. */
interface Sort {
  readonly after: Order
  readonly before: Order
  readonly keyType: 'string' | 'number'
  keyOf(row: ProjectContext): string | number
  seek(key: string | number): Partial<ListProjectContextsParams>
}

/** Where the query puts a coverage that is NULL. */
const NOT_MEASURED = -1

const sorts: Readonly<Record<z.output<typeof projectContextListOptions>['sort'], Sort>> = {
  newest: {
    after: 'newest',
    before: 'oldest',
    keyType: 'number',
    keyOf: (row) => row.createdAt.getTime(),
    seek: (key) => ({ cursorCreatedAt: new Date(key) }),
  },
  name: {
    after: 'name',
    before: 'name-down',
    keyType: 'string',
    keyOf: (row) => row.name,
    seek: (key) => ({ cursorName: String(key) }),
  },
  coverage: {
    after: 'coverage',
    before: 'coverage-up',
    keyType: 'number',
    keyOf: (row) => row.testCoverage ?? NOT_MEASURED,
    seek: (key) => ({ cursorCoverage: Number(key) }),
  },
  largest: {
    after: 'largest',
    before: 'smallest',
    keyType: 'number',
    keyOf: (row) => row.codebase.bytes ?? 0,
    seek: (key) => ({ cursorBytes: key }),
  },
}

/** Counts the contexts that a filter finds. @throws {ValidationError} when the filter is malformed */
export async function count(db: Executor, filter: ProjectContextFilter = {}): Promise<number> {
  const where = parse(projectContextFilter, filter, countProjectContexts.name)
  return (await db.one(countProjectContexts, toWhere(where))).count
}

/** Lists contexts page by page: at most `limit` (default 50, maximum 500), newest first unless `sort` says otherwise.
 *  `next` is null on the last page, `previous` on the first; `total` is there when `withTotal` asks for it.
 *  @throws {ValidationError} when the filter is malformed, or the cursor of another list or sort */
export async function list(db: Executor, options: ProjectContextListOptions = {}): Promise<Page<ProjectContext>> {
  const subject = listProjectContexts.name
  const { sort, cursor, limit, withTotal, ...filter } = parse(projectContextListOptions, options, subject)
  const order = sorts[sort]
  const from = cursor === undefined || cursor === null ? null : decodeCursor(cursor, subject, sort, order.keyType)
  const where = toWhere(filter)
  const rows = await db.run(listProjectContexts, {
    ...where,
    ...(from === null ? {} : { ...order.seek(from.key), cursorId: from.id }),
    order: from?.direction === 'before' ? order.before : order.after,
    limit: limit + 1,
  })
  const page = toPage(rows.map(toProjectContext), { list: subject, sort, limit, cursor: from }, (row) => ({
    key: order.keyOf(row),
    id: row.projectContextId,
  }))
  return withTotal ? { ...page, total: (await db.one(countProjectContexts, where)).count } : page
}
