/** Services: what agents discover and use, such as MCP servers. Table: registry.service. A deleted service keeps its row until
 *  it is purged; only what says so here sees it. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { lookupMany } from '../engine/lookup.js'
import { parse } from '../engine/validation.js'
import {
  createService,
  deleteService,
  existsService,
  findService,
  findServiceByName,
  findServices,
  findServicesByName,
  updateService,
} from '../generated/registry/service.queries.js'
import { input } from './service-input.js'
import { byId, byName } from './service-lookup.js'
import { missing, type Service, toService } from './service-row.js'

/** What {@link create} takes: the name, and whatever else is known. */
export type NewService = z.input<typeof input.newService>
/** What {@link update} takes: any columns but those of health; null clears one that may be NULL. */
export type ServiceChanges = z.input<typeof input.serviceChanges>

/** Creates a service and gives it. A name is free again when the service that had it is deleted.
 *  @throws {ValidationError} when a field is malformed
 *  @throws {UniqueViolationError} when there is a service of that name */
export async function create(db: Executor, service: NewService): Promise<Service> {
  const values = parse(input.newService, service, createService.name)
  return toService(await db.one(createService, values))
}

/** Finds a service by its id; null when there is none. @throws {ValidationError} when the id is no UUID */
export async function find(db: Executor, serviceId: string): Promise<Service | null> {
  const key = parse(input.serviceKey, { serviceId }, findService.name)
  const row = await db.lookup(byId, key.serviceId)
  return row && toService(row)
}

/** Finds services by their ids in one statement: for each id, in their order, the service, or null when there is none.
 *  At most 10,000. @throws {ValidationError} when one is no UUID */
export async function findMany(db: Executor, serviceIds: readonly string[]): Promise<(Service | null)[]> {
  const keys = parse(input.serviceKeys, { serviceIds }, findServices.name)
  const rows = await lookupMany(db, byId, keys.serviceIds)
  return rows.map((row) => row && toService(row))
}

/** Gets a service by its id.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when the id is no UUID */
export async function get(db: Executor, serviceId: string): Promise<Service> {
  return (await find(db, serviceId)) ?? missing(findService.name)
}

/** Finds a service by its name; null when there is none. @throws {ValidationError} when it cannot be a name */
export async function findByName(db: Executor, name: string): Promise<Service | null> {
  const key = parse(input.serviceName, { name }, findServiceByName.name)
  const row = await db.lookup(byName, key.name)
  return row && toService(row)
}

/** Finds services by their names in one statement: for each name, in their order, the service, or null when there is none.
 *  At most 10,000. @throws {ValidationError} when one cannot be a name */
export async function findManyByName(db: Executor, names: readonly string[]): Promise<(Service | null)[]> {
  const keys = parse(input.serviceNames, { names }, findServicesByName.name)
  const rows = await lookupMany(db, byName, keys.names)
  return rows.map((row) => row && toService(row))
}

/** Tells whether there is a service of this id. @throws {ValidationError} when the id is no UUID */
export async function exists(db: Executor, serviceId: string): Promise<boolean> {
  const key = parse(input.serviceKey, { serviceId }, existsService.name)
  return (await db.one(existsService, key)).exists
}

/** Updates a service: only the given fields; null clears one. Gives the service.
 *  @throws {NotFoundError} when there is none
 *  @throws {ValidationError} when a field is malformed
 *  @throws {UniqueViolationError} when there is another service of that name */
export async function update(db: Executor, serviceId: string, changes: ServiceChanges): Promise<Service> {
  const subject = updateService.name
  const key = parse(input.serviceKey, { serviceId }, subject)
  const values = parse(input.serviceChanges, changes, subject)
  return toService((await db.maybeOne(updateService, { ...values, ...key })) ?? missing(subject))
}

async function deleteById(db: Executor, serviceId: string): Promise<boolean> {
  const key = parse(input.serviceKey, { serviceId }, deleteService.name)
  return (await db.execute(deleteService, key)) === 1
}

export {
  /** Deletes a service: it is hidden, and its name is free, but `restore` brings it back until it is purged. Gives false when
   *  there was none. @throws {ValidationError} when the id is no UUID */
  deleteById as delete,
}
