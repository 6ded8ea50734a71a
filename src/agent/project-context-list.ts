/** Lists and counts project contexts. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import { countProjectContexts, listProjectContexts } from '../generated/agent/project_context.queries.js'
import { type ProjectContextFilter, toWhere } from './project-context-filter.js'
import { input } from './project-context-input.js'
import { type ProjectContext, toProjectContext } from './project-context-row.js'

/** What {@link list} takes. */
export type ProjectContextListOptions = z.input<typeof input.projectContextListOptions>

/** Where the query puts a coverage that is NULL. */
const NOT_MEASURED = -1

const contexts = defineList({
  query: listProjectContexts,
  countQuery: countProjectContexts,
  toRow: toProjectContext,
  idOf: (row) => row.projectContextId,
  sorts: {
    newest: {
      after: 'newest',
      before: 'oldest',
      key: 'instant',
      keyOf: (row) => row.createdAt.getTime(),
      seek: (key) => ({ cursorCreatedAt: new Date(key) }),
    },
    name: {
      after: 'name',
      before: 'name-down',
      key: 'text',
      keyOf: (row) => row.name,
      seek: (key) => ({ cursorName: String(key) }),
    },
    coverage: {
      after: 'coverage',
      before: 'coverage-up',
      key: 'number',
      keyOf: (row) => row.testCoverage ?? NOT_MEASURED,
      seek: (key) => ({ cursorCoverage: Number(key) }),
    },
    largest: {
      after: 'largest',
      before: 'smallest',
      key: 'number',
      keyOf: (row) => row.codebase.bytes ?? 0,
      seek: (key) => ({ cursorBytes: key }),
    },
  },
})

/** Counts the contexts that a filter finds. @throws {ValidationError} when the filter is malformed */
export async function count(db: Executor, filter: ProjectContextFilter = {}): Promise<number> {
  const where = parse(input.projectContextFilter, filter, countProjectContexts.name)
  return (await db.one(countProjectContexts, toWhere(where))).count
}

/** Lists contexts page by page: at most `limit` (default 50, maximum 500), newest first unless `sort` says otherwise.
 *  `next` is null on the last page, `previous` on the first; `total` is there when `withTotal` asks for it.
 *  @throws {ValidationError} when the filter is malformed, or the cursor of another list or sort */
export async function list(db: Executor, options: ProjectContextListOptions = {}): Promise<Page<ProjectContext>> {
  const values = parse(input.projectContextListOptions, options, listProjectContexts.name)
  const { sort, cursor, limit, withTotal, ...filter } = values
  return listPage(db, contexts, toWhere(filter), { sort, cursor, limit, withTotal })
}
