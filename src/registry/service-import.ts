/** Services in numbers, as an import brings them. */

import type { z } from 'zod'
import { createRows } from '../core/create-rows.js'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { createServices, type FindServiceResult, upsertServices } from '../generated/registry/service.queries.js'
import { findByName, type NewService } from './service.js'
import { input } from './service-input.js'
import { byId } from './service-lookup.js'
import { type Service, toService } from './service-row.js'

/** What {@link upsert} did to a service. */
export interface UpsertedService {
  readonly serviceId: string
  readonly outcome: 'created' | 'updated' | 'unchanged'
}

/** Creates many services, all or none, and gives them in their order. At most 10,000; 2,000 and more by COPY, unless in a
 *  transaction.
 *  @throws {ValidationError} when a field is malformed, or two have the same name
 *  @throws {UniqueViolationError} when there is a service of one's name; by COPY, `row` tells which it was */
export async function createMany(db: Executor, services: readonly NewService[]): Promise<Service[]> {
  const values = parse(input.newServices, services, createServices.name)
  const records = values.map(toRecord)
  const rows = await createRows(db, {
    query: createServices.name,
    table: 'registry.service',
    idColumn: 'service_id',
    lookup: byId,
    records,
    sortKeys: values.map(({ name }) => name),
    async insert() {
      const created = await db.run(createServices, { services: records })
      // RETURNING promises no order.
      const byNames = new Map(created.map((row) => [row.name, row]))
      return values.map(({ name }) => byNames.get(name) as FindServiceResult)
    },
  })
  return rows.map(toService)
}

/** Creates a service, or updates the one of its name. An update replaces all fields but the status, which health checks and
 *  people keep, and what health checks tell; what is left out is as in a new one. A service that would not change is not
 *  written, and a deleted one of that name stays deleted.
 *  @throws {ValidationError} when a field is malformed */
export async function upsert(db: Executor, service: NewService): Promise<UpsertedService> {
  const values = parse(input.newService, service, upsertServices.name)
  const [result] = await write(db, [values])
  return result as UpsertedService
}

/** Upserts many services in one statement, all or none; see {@link upsert}. At most 10,000. Gives id and outcome in the
 *  order of the services.
 *  @throws {ValidationError} when a field is malformed, or two have the same name */
export async function upsertMany(db: Executor, services: readonly NewService[]): Promise<UpsertedService[]> {
  return write(db, parse(input.newServices, services, upsertServices.name))
}

type Values = z.output<typeof input.newService>

async function write(db: Executor, services: readonly Values[]): Promise<UpsertedService[]> {
  const rows = await db.run(upsertServices, { services: services.map(toRecord) })
  return Promise.all(
    rows.map(async ({ serviceId, outcome }, index) => {
      if (serviceId !== null) return { serviceId, outcome: outcome as UpsertedService['outcome'] }
      // Unchanged, and committed by somebody else after the statement began: only a new snapshot sees it.
      const known = await findByName(db, (services[index] as Values).name)
      if (known !== null) return { serviceId: known.serviceId, outcome: 'unchanged' }
      // Deleted since: another write than the one that an operation id was given for.
      const [result] = await write(db.with({ operationId: undefined }), services.slice(index, index + 1))
      return result as UpsertedService
    }),
  )
}

/** Gives a service as json_to_recordset reads it: keys are the columns' names. */
function toRecord(service: Values): Record<string, unknown> {
  const {
    displayName,
    buildType,
    healthCheckUrl,
    isActive,
    isRequired,
    isEnabled,
    isAutoStart,
    registryUrl,
    ...sameInBoth
  } = service
  return {
    ...sameInBoth,
    display_name: displayName,
    build_type: buildType,
    health_check_url: healthCheckUrl,
    is_active: isActive,
    is_required: isRequired,
    is_enabled: isEnabled,
    is_auto_start: isAutoStart,
    registry_url: registryUrl,
  }
}
