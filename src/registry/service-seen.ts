/** When services were last seen. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import { countStaleServices, listStaleServices, markServicesSeen } from '../generated/registry/service.queries.js'
import { input } from './service-health-input.js'
import { type ServiceSummary, toServiceSummary } from './service-row.js'

/** What {@link stale} takes. */
export type StaleServiceOptions = z.input<typeof input.staleListOptions>

const staleServices = defineList({
  query: listStaleServices,
  countQuery: countStaleServices,
  toRow: toServiceSummary,
  idOf: (row) => row.serviceId,
  sorts: {
    stalest: {
      after: 'stalest',
      before: 'freshest',
      key: 'instant',
      keyOf: (row) => row.lastSeenAt?.getTime() ?? 0,
      seek: (key) => ({ cursorSeenAt: new Date(key) }),
    },
  },
})

/** Records that services were seen, at `seenAt` or now, in one statement: never back in time; a time that is not yet is
 *  taken for the present. At most 10,000. Gives how many of them there are: unknown and deleted ones are left out.
 *  @throws {ValidationError} when an id is no UUID, or the time malformed */
export async function markSeen(
  db: Executor,
  serviceIds: readonly string[],
  seenAt: Date | null = null,
): Promise<number> {
  const values = parse(input.seenServices, { serviceIds, seenAt }, markServicesSeen.name)
  return (await db.one(markServicesSeen, values)).count
}

/** Lists the services not seen for `olderThanMs` page by page, without their configuration, the longest first: those never
 *  seen, then by the time when they were. At most `limit` (default 50, maximum 500).
 *  @throws {ValidationError} when an option is malformed, or the cursor of another list */
export async function stale(db: Executor, options: StaleServiceOptions): Promise<Page<ServiceSummary>> {
  const { olderThanMs, ...page } = parse(input.staleListOptions, options, listStaleServices.name)
  return listPage(db, staleServices, { olderThanMs }, { sort: 'stalest', ...page })
}
