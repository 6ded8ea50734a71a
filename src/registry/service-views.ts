/** Lists of services with a meaning of their own. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import { listServices } from '../generated/registry/service.queries.js'
import { list } from './service-list.js'
import { listInput } from './service-list-input.js'
import type { ServiceSummary } from './service-row.js'

/** What {@link healthy} takes: what `list` takes, without `status`. */
export type HealthyServiceOptions = z.input<typeof listInput.healthyOptions>
/** What {@link required} takes: what `list` takes, without `isRequired`. */
export type RequiredServiceOptions = z.input<typeof listInput.requiredOptions>
/** What {@link criticalFirst} takes: what `list` takes, without `sort`. */
export type CriticalFirstOptions = z.input<typeof listInput.criticalFirstOptions>

/** Lists the healthy services, as `list` does, those with the best health score first unless `sort` says otherwise.
 *  @throws {ValidationError} when an option is malformed */
export async function healthy(db: Executor, options: HealthyServiceOptions = {}): Promise<Page<ServiceSummary>> {
  return list(db, { ...parse(listInput.healthyOptions, options, listServices.name), status: 'healthy' })
}

/** Lists the services that agents cannot work without, as `list` does.
 *  @throws {ValidationError} when an option is malformed */
export async function required(db: Executor, options: RequiredServiceOptions = {}): Promise<Page<ServiceSummary>> {
  return list(db, { ...parse(listInput.requiredOptions, options, listServices.name), isRequired: true })
}

/** Lists services by priority, critical ones first, as `list` does.
 *  @throws {ValidationError} when an option is malformed */
export async function criticalFirst(db: Executor, options: CriticalFirstOptions = {}): Promise<Page<ServiceSummary>> {
  return list(db, { ...parse(listInput.criticalFirstOptions, options, listServices.name), sort: 'priority' })
}
