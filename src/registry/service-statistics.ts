/** Figures of all services. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { serviceStatistics } from '../generated/registry/service.queries.js'
import { input } from './service-health-input.js'
import type { Service } from './service-row.js'

/** What {@link statistics} takes. */
export type ServiceStatisticsOptions = z.input<typeof input.statisticsOptions>
/** Figures of all services that are not deleted. */
export interface ServiceStatistics {
  readonly total: number
  /** Deleted ones, of which nothing else here tells. */
  readonly deleted: number
  readonly buildTypes: Readonly<Record<Service['buildType'], number>>
  readonly protocols: Readonly<Record<Service['protocol'], number>>
  readonly priorities: Readonly<Record<Service['priority'], number>>
  readonly statuses: Readonly<Record<Service['status'], number>>
  readonly active: number
  readonly required: number
  readonly enabled: number
  readonly autoStart: number
  /** The 20 most frequent, the most frequent first, those of one frequency by name. */
  readonly tags: readonly { readonly tag: string; readonly count: number }[]
  /** What one, five and nine services in ten do not exceed; null when none was checked. */
  readonly healthScore: { readonly p10: number; readonly p50: number; readonly p90: number } | null
  readonly neverChecked: number
  readonly neverSeen: number
  /** Not seen for `staleAfterMs`, or never. */
  readonly stale: number
}

/** Gives figures of all services, in one query that reads all of them. `staleAfterMs` is a day unless told otherwise.
 *  @throws {ValidationError} when an option is malformed */
export async function statistics(db: Executor, options: ServiceStatisticsOptions = {}): Promise<ServiceStatistics> {
  const values = parse(input.statisticsOptions, options, serviceStatistics.name)
  const { healthScores, ...row } = await db.one(serviceStatistics, values)
  const [p10, p50, p90] = healthScores ?? []
  const isKnown = p10 !== undefined && p50 !== undefined && p90 !== undefined
  // The query makes the JSON of just these keys.
  return { ...row, healthScore: isKnown ? { p10, p50, p90 } : null } as unknown as ServiceStatistics
}
