/** Lists and counts templates. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import { countTemplates, listTemplates } from '../generated/agent/template.queries.js'
import { type TemplateFilter, toWhere } from './template-filter.js'
import { input } from './template-input.js'
import type { TemplateSummary } from './template-row.js'

/** What {@link list} takes. */
export type TemplateListOptions = z.input<typeof input.templateListOptions>

/** Where the query puts a setup time that is NULL. */
const NOT_KNOWN = 2_147_483_647

const templates = defineList({
  query: listTemplates,
  countQuery: countTemplates,
  toRow: (row) => row,
  idOf: (row) => row.templateId,
  sorts: {
    name: {
      after: 'name',
      before: 'name-down',
      key: 'text',
      keyOf: (row) => row.name,
      seek: (key) => ({ cursorName: String(key) }),
    },
    newest: {
      after: 'newest',
      before: 'oldest',
      key: 'instant',
      keyOf: (row) => row.createdAt.getTime(),
      seek: (key) => ({ cursorCreatedAt: new Date(key) }),
    },
    used: {
      after: 'used',
      before: 'used-up',
      key: 'integer',
      keyOf: (row) => row.usageCount,
      seek: (key) => ({ cursorUsageCount: Number(key) }),
    },
    quickest: {
      after: 'quickest',
      before: 'slowest',
      key: 'smallInteger',
      keyOf: (row) => row.estimatedSetupMinutes ?? NOT_KNOWN,
      seek: (key) => ({ cursorMinutes: Number(key) }),
    },
  },
})

/** Counts the templates that a filter finds. @throws {ValidationError} when the filter is malformed */
export async function count(db: Executor, filter: TemplateFilter = {}): Promise<number> {
  const where = parse(input.templateFilter, filter, countTemplates.name)
  return (await db.one(countTemplates, toWhere(where))).count
}

/** Lists templates page by page, without their files: at most `limit` (default 50, maximum 500), by name unless `sort`
 *  says otherwise. `next` is null on the last page, `previous` on the first; `total` is there when `withTotal` asks for it.
 *  @throws {ValidationError} when the filter is malformed, or the cursor of another list or sort */
export async function list(db: Executor, options: TemplateListOptions = {}): Promise<Page<TemplateSummary>> {
  const values = parse(input.templateListOptions, options, listTemplates.name)
  const { sort, cursor, limit, withTotal, ...filter } = values
  return listPage(db, templates, toWhere(filter), { sort, cursor, limit, withTotal })
}

/** Gives the templates with the most recorded uses, most first, without their files: at most `limit` (default 10, maximum
 *  500). Those never used are left out. @throws {ValidationError} when the limit is malformed */
export async function mostUsed(db: Executor, limit = 10): Promise<TemplateSummary[]> {
  const { items } = await list(db, { sort: 'used', limit })
  return items.filter(({ usageCount }) => usageCount > 0)
}
