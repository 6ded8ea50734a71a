/** Health of services: checks are reported, counted in the service's row, and kept one by one for a time. Tables:
 *  registry.service, registry.service_health_check. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { findServices, findServicesByName } from '../generated/registry/service.queries.js'
import {
  type RecordServiceHealthChecksResult,
  recordServiceHealthChecks,
} from '../generated/registry/service_health_check.queries.js'
import { input } from './service-health-input.js'
import { missing } from './service-row.js'

/** A service, by its id or its name. */
export type ServiceRef = string | { readonly name: string }
/** What {@link recordHealthCheck} takes: the status, and whatever else is known. */
export type NewHealthCheck = z.input<typeof input.healthCheck>
/** What {@link recordHealthChecks} takes: checks, each with its service. */
export type NewServiceHealthCheck = z.input<typeof input.serviceHealthCheck>
/** What health checks made of a service. */
export type ServiceHealth = RecordServiceHealthChecksResult

/** Records a health check of a service: all of it or nothing, in one statement, however many report at once. Gives the
 *  health of the service after it.
 *
 *  It counts one success or failure more; the status becomes that of the check, unless people have set it to `maintenance`
 *  or `disabled`; the response time stays when there was no answer; a healthy service was seen. Only a change of status is
 *  a change of the service: it alone moves `updatedAt`.
 *
 *  The health score is the mean of all checks, 1 for a healthy and 0 for an unhealthy one, each of which weighs 0.9 times the
 *  one after it: the n-th check with the result s moves it by `(s - score) * 0.1 / (1 - 0.9^n)`. The last 22 checks weigh
 *  nine tenths.
 *
 *  A check without `checkedAt` is the latest; a time that is not yet is taken for the present. One that is older than the
 *  latest known is kept and counted, but leaves status, response time and score as they are.
 *  @throws {NotFoundError} when there is no such service
 *  @throws {ValidationError} when a field is malformed */
export async function recordHealthCheck(
  db: Executor,
  service: ServiceRef,
  check: NewHealthCheck,
): Promise<ServiceHealth> {
  const subject = recordServiceHealthChecks.name
  const values = { ...parse(input.checkedService, { service }, subject), ...parse(input.healthCheck, check, subject) }
  const [health] = await record(db, [values])
  return health ?? missing(subject)
}

/** Records many health checks in one statement, all or none: as {@link recordHealthCheck} would one by one, those of one
 *  service in the order of their times, and as they stand here when that is the same. At most 10,000. Gives, for each check,
 *  the health of its service after all of them.
 *  @throws {NotFoundError} when there is no service for one of them; `path` tells for which: `[3].service`
 *  @throws {ValidationError} when a field is malformed */
export async function recordHealthChecks(
  db: Executor,
  checks: readonly NewServiceHealthCheck[],
): Promise<ServiceHealth[]> {
  const values = parse(input.healthChecks, checks, recordServiceHealthChecks.name)
  const rows = await record(db, values)
  return rows.length === values.length ? rows : missing(recordServiceHealthChecks.name, await placeMissing(db, values))
}

type Check = z.output<typeof input.serviceHealthCheck>

/** Gives the health of each service, or nothing when one is missing. */
function record(db: Executor, checks: readonly Check[]): Promise<ServiceHealth[]> {
  return db.run(recordServiceHealthChecks, { checks: checks.map(toRecord) })
}

/** Gives the path of the first check whose service is missing; the first of all when it is there again. */
async function placeMissing(db: Executor, checks: readonly Check[]): Promise<string> {
  const services = checks.map(({ service }) => service)
  const [byId, byName] = await Promise.all([
    db.run(findServices, { serviceIds: services.filter((service) => typeof service === 'string') }),
    db.run(findServicesByName, {
      names: services.flatMap((service) => (typeof service === 'string' ? [] : [service.name])),
    }),
  ])
  const ids = new Set(byId.map(({ serviceId }) => serviceId))
  const names = new Set(byName.map(({ name }) => name))
  const isKnown = (service: Check['service']): boolean =>
    typeof service === 'string' ? ids.has(service.toLowerCase()) : names.has(service.name)
  return `[${Math.max(
    0,
    services.findIndex((service) => !isKnown(service)),
  )}].service`
}

/** Gives a check as json_to_recordset reads it: keys are the columns' names. */
function toRecord({ service, responseTimeMs, checkedAt, ...rest }: Check) {
  return {
    ...(typeof service === 'string' ? { service_id: service } : service),
    ...rest,
    response_time_ms: responseTimeMs,
    checked_at: checkedAt,
  }
}
