/** What services need, what needs them, and what goes down with one. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import {
  findServiceId,
  listServiceDependencies,
  listServiceDependents,
  serviceImpact,
} from '../generated/registry/service_dependency.queries.js'
import { input } from './service-dependency-input.js'
import type { RelatedService, ServicePriority } from './service-dependency-row.js'
import { missing } from './service-row.js'

/** What {@link dependencies} and {@link dependents} take. */
export type ServiceReachOptions = z.input<typeof input.reach>
/** What {@link impact} takes. */
export type ServiceImpactOptions = z.input<typeof input.impactOptions>

/** A service that another takes down with it, or hinders. */
export interface AffectedService {
  readonly serviceId: string
  readonly name: string
  readonly priority: ServicePriority
  /** The least number of dependencies on the way. */
  readonly depth: number
}

/** How many services, by priority. */
export type PriorityCounts = Readonly<Record<ServicePriority, number>>

/** What {@link impact} gives. */
export interface ServiceImpact {
  /** Those that stop working: they require it, directly or not. Nearest first, then by name. */
  readonly broken: readonly AffectedService[]
  /** Those that go on without something: they can do without it, or without one of the broken. Nearest first, then by name. */
  readonly degraded: readonly AffectedService[]
  /** Of all, also of those beyond the limit. */
  readonly counts: { readonly broken: PriorityCounts; readonly degraded: PriorityCounts }
}

/** Lists what a service needs, nearest first, then by name: directly, or with `transitive` all that is needed by what it needs.
 *  At most `limit` (default 1,000, maximum 10,000) and `maxDepth` (default and maximum 1,000). Deleted services are passed
 *  over, and nothing is reached through them. Cycles of optional dependencies do no harm; the service itself is never listed.
 *  @throws {ValidationError} when the name or an option is malformed
 *  @throws {NotFoundError} when there is no service of that name */
export async function dependencies(
  db: Executor,
  name: string,
  options: ServiceReachOptions = {},
): Promise<RelatedService[]> {
  return reach(db, listServiceDependencies, name, options)
}

/** Lists what needs a service; else as {@link dependencies}.
 *  @throws {ValidationError} when the name or an option is malformed
 *  @throws {NotFoundError} when there is no service of that name */
export async function dependents(
  db: Executor,
  name: string,
  options: ServiceReachOptions = {},
): Promise<RelatedService[]> {
  return reach(db, listServiceDependents, name, options)
}

async function reach(
  db: Executor,
  query: typeof listServiceDependencies | typeof listServiceDependents,
  name: string,
  options: ServiceReachOptions,
): Promise<RelatedService[]> {
  const key = parse(input.serviceName, { name }, query.name)
  const { transitive, kind, maxDepth, priority, limit } = parse(input.reach, options, query.name)
  const rows = await db.run(query, {
    ...key,
    kinds: kind === undefined ? ['required', 'optional'] : [kind],
    maxDepth: transitive ? maxDepth : 1,
    priorities: typeof priority === 'string' ? [priority] : priority,
    limit,
  })
  if (rows.length === 0 && (await db.maybeOne(findServiceId, key)) === null) missing(query.name)
  return rows
}

/** Tells what taking a service down does to others. Services that are deleted or not in use (not active, not enabled, of status
 *  `disabled`) are not counted, and nothing is reached through them: they are down already. `broken` and `degraded` name
 *  at most `limit` each (default 1,000, maximum 10,000); `counts` counts all.
 *  @throws {ValidationError} when the name or an option is malformed
 *  @throws {NotFoundError} when there is no service of that name */
export async function impact(db: Executor, name: string, options: ServiceImpactOptions = {}): Promise<ServiceImpact> {
  const subject = serviceImpact.name
  const key = parse(input.serviceName, { name }, subject)
  const { limit } = parse(input.impactOptions, options, subject)
  const row = (await db.maybeOne(serviceImpact, { ...key, limit })) ?? missing(subject)
  return {
    broken: row.broken as unknown as AffectedService[],
    degraded: row.degraded as unknown as AffectedService[],
    counts: {
      broken: {
        critical: row.brokenCritical,
        high: row.brokenHigh,
        medium: row.brokenMedium,
        low: row.brokenLow,
      },
      degraded: {
        critical: row.degradedCritical,
        high: row.degradedHigh,
        medium: row.degradedMedium,
        low: row.degradedLow,
      },
    },
  }
}
