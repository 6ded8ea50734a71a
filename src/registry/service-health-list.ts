/** Past health checks of a service. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import {
  countServiceHealthChecks,
  type ListServiceHealthChecksResult,
  listServiceHealthChecks,
  type ServiceHealthHistoryResult,
  serviceHealthHistory,
} from '../generated/registry/service_health_check.queries.js'
import { input } from './service-health-input.js'

/** A row of registry.service_health_check. */
export type ServiceHealthCheck = ListServiceHealthChecksResult
/** The health checks of one hour or day. */
export type ServiceHealthSpan = ServiceHealthHistoryResult
/** What {@link healthChecks} takes. */
export type HealthCheckListOptions = z.input<typeof input.healthCheckListOptions>
/** What {@link healthHistory} takes. */
export type HealthHistoryOptions = z.input<typeof input.healthHistoryOptions>

const checks = defineList({
  query: listServiceHealthChecks,
  countQuery: countServiceHealthChecks,
  toRow: (row) => row,
  idOf: (row) => row.serviceHealthCheckId,
  sorts: {
    newest: {
      after: 'newest',
      before: 'oldest',
      key: 'instant',
      keyOf: (row) => row.checkedAt.getTime(),
      seek: (key) => ({ cursorCheckedAt: new Date(key) }),
    },
  },
})

/** Lists the health checks of a service page by page, newest first: at most `limit` (default 50, maximum 500), as far back as
 *  they are kept. None when there is no such service; those of a deleted one are there until it is purged.
 *  @throws {ValidationError} when an option is malformed, or the cursor of another list */
export async function healthChecks(
  db: Executor,
  serviceId: string,
  options: HealthCheckListOptions = {},
): Promise<Page<ServiceHealthCheck>> {
  const subject = listServiceHealthChecks.name
  const key = parse(input.serviceKey, { serviceId }, subject)
  const { cursor, limit, withTotal, ...filter } = parse(input.healthCheckListOptions, options, subject)
  return listPage(db, checks, { ...key, ...filter }, { sort: 'newest', cursor, limit, withTotal })
}

/** Sums the health checks of a service up by hour or day (in UTC), the latest first: the last 24 hours unless told otherwise.
 *  A span without checks is left out. Response times are in ms, null when no check of the span had an answer; `p95` is
 *  what 95 in 100 do not exceed.
 *  @throws {ValidationError} when an option is malformed */
export async function healthHistory(
  db: Executor,
  serviceId: string,
  options: HealthHistoryOptions = {},
): Promise<ServiceHealthSpan[]> {
  const subject = serviceHealthHistory.name
  const key = parse(input.serviceKey, { serviceId }, subject)
  const { span, ...rest } = parse(input.healthHistoryOptions, options, subject)
  return db.run(serviceHealthHistory, { ...key, ...rest, spanHours: span === 'hour' ? 1 : 24 })
}
