/** What services need of each other. Table: registry.service_dependency. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { parse } from '../engine/validation.js'
import { addServiceDependencies, removeServiceDependency } from '../generated/registry/service_dependency.queries.js'
import { input } from './service-dependency-input.js'
import { missing } from './service-row.js'

/** What {@link addDependency} takes: `service` needs `dependsOn`, both by name; required unless `kind` says otherwise. */
export type NewServiceDependency = z.input<typeof input.dependency>
/** What {@link removeDependency} takes. */
export type ServiceDependencyNames = z.input<typeof input.ends>
/** What {@link addDependency} did. */
export interface AddedServiceDependency {
  readonly serviceId: string
  readonly dependsOnId: string
  /** `updated`: it was there, of the other kind. */
  readonly outcome: 'created' | 'updated' | 'unchanged'
}

/** Says that a service needs another. A dependency that is there already takes the kind that is given, and one that has it is
 *  not written. Transactions that add required dependencies wait for each other.
 *  @throws {ValidationError} when a name or the kind is malformed, or a service would need itself
 *  @throws {NotFoundError} when there is no service of a name; `path` tells which
 *  @throws {DependencyCycleError} when required dependencies would form a cycle, which its `cycle` names; deleted services count
 *  @throws {ForeignKeyViolationError} when one of the services is being purged */
export async function addDependency(db: Executor, dependency: NewServiceDependency): Promise<AddedServiceDependency> {
  const values = parse(input.dependency, dependency, addServiceDependencies.name)
  const [added] = await add(db, [values], (_, end) => end)
  return added as AddedServiceDependency
}

/** Adds many dependencies in one statement, all or none; see {@link addDependency}. At most 10,000. Gives what was done in
 *  their order.
 *  @throws {ValidationError} when a name or kind is malformed, a service would need itself, or two have the same names
 *  @throws {NotFoundError} when there is no service of a name; `path` tells which: `[3].dependsOn`
 *  @throws {DependencyCycleError} when required dependencies would form a cycle, which its `cycle` names
 *  @throws {ForeignKeyViolationError} when one of the services is being purged */
export async function addDependencies(
  db: Executor,
  dependencies: readonly NewServiceDependency[],
): Promise<AddedServiceDependency[]> {
  const values = parse(input.dependencies, dependencies, addServiceDependencies.name)
  return add(db, values, (index, end) => `[${index}].${end}`)
}

async function add(
  db: Executor,
  dependencies: readonly z.output<typeof input.dependency>[],
  pathOf: (index: number, end: 'service' | 'dependsOn') => string,
): Promise<AddedServiceDependency[]> {
  const rows = await db.run(addServiceDependencies, {
    services: dependencies.map(({ service }) => service),
    dependsOn: dependencies.map(({ dependsOn }) => dependsOn),
    kinds: dependencies.map(({ kind }) => kind),
  })
  return rows.map(({ serviceId, dependsOnId, outcome }, index) => ({
    serviceId: serviceId ?? missing(addServiceDependencies.name, pathOf(index, 'service')),
    dependsOnId: dependsOnId ?? missing(addServiceDependencies.name, pathOf(index, 'dependsOn')),
    outcome: outcome as AddedServiceDependency['outcome'],
  }))
}

/** Says that a service no longer needs another, both by name; nor deleted ones of that other's name. Gives false when it
 *  needed none.
 *  @throws {ValidationError} when a name is malformed */
export async function removeDependency(db: Executor, names: ServiceDependencyNames): Promise<boolean> {
  const values = parse(input.ends, names, removeServiceDependency.name)
  return (await db.execute(removeServiceDependency, values)) > 0
}
