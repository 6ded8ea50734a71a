/** Lists and counts services. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import { ValidationError } from '../errors.js'
import { countServices, listServices } from '../generated/registry/service.queries.js'
import { type ServiceFilter, toWhere } from './service-filter.js'
import { listInput } from './service-list-input.js'
import { type ServiceSummary, toServiceSummary } from './service-row.js'

/** What {@link list} takes. */
export type ServiceListOptions = z.input<typeof listInput.serviceListOptions>

/** Where the query puts a health score that is NULL: below all. */
const NEVER_CHECKED = -1
/** Where the query puts a response time that is NULL: above all. */
const NO_RESPONSE_TIME = 2e9

/** In the order of the enum type. */
const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const

/** What no row can have. */
function refuseKey(): never {
  throw new ValidationError(listServices.name, [{ path: 'cursor', message: 'is not a cursor that a page gave' }])
}

const services = defineList({
  query: listServices,
  countQuery: countServices,
  toRow: toServiceSummary,
  idOf: (row) => row.serviceId,
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
    priority: {
      after: 'priority',
      before: 'priority-down',
      key: 'text',
      keyOf: (row) => `${PRIORITIES.indexOf(row.priority)}${row.name}`,
      seek: (key) => ({
        cursorPriority: PRIORITIES[Number(String(key).charAt(0) || 'x')] ?? refuseKey(),
        cursorName: String(key).slice(1),
      }),
    },
    health: {
      after: 'health',
      before: 'health-up',
      key: 'number',
      keyOf: (row) => row.healthScore ?? NEVER_CHECKED,
      seek: (key) => ({
        cursorHealthRank: healthRankOf(Number(key)),
        cursorHealthScore: Number(key),
      }),
    },
    fastest: {
      after: 'fastest',
      before: 'slowest',
      key: 'number',
      keyOf: (row) => row.responseTimeMs ?? NO_RESPONSE_TIME,
      seek: (key) => ({
        cursorResponseTimeMs: Number(key) >= 0 && Number(key) <= NO_RESPONSE_TIME ? Number(key) : refuseKey(),
      }),
    },
  },
})

/** As the column health_rank is generated. */
function healthRankOf(score: number): number {
  if (score === NEVER_CHECKED) return -1
  return score >= 0 && score <= 1 ? Math.floor(score * 5) : refuseKey()
}

/** Counts the services that a filter finds; those that are deleted only when it asks for them.
 *  @throws {ValidationError} when the filter is malformed */
export async function count(db: Executor, filter: ServiceFilter = {}): Promise<number> {
  const where = parse(listInput.serviceFilter, filter, countServices.name)
  return (await db.one(countServices, toWhere(where))).count
}

/** Lists services page by page, without their config: at most `limit` (default 50, maximum 500), by name (in the order of
 *  its bytes) unless `sort` says otherwise; those that are deleted only when `deleted` asks for them. `next` is null on the
 *  last page, `previous` on the first; `total` is there when `withTotal` asks for it.
 *  @throws {ValidationError} when the filter is malformed, or the cursor of another list or sort */
export async function list(db: Executor, options: ServiceListOptions = {}): Promise<Page<ServiceSummary>> {
  const values = parse(listInput.serviceListOptions, options, listServices.name)
  const { sort, cursor, limit, withTotal, ...filter } = values
  return listPage(db, services, toWhere(filter), { sort, cursor, limit, withTotal })
}
