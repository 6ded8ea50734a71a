/** All repositories, by the name under which a database and a transaction have them. */

import * as modification from './agent/modification.js'
import * as modificationBulk from './agent/modification-bulk.js'
import * as modificationList from './agent/modification-list.js'
import * as modificationSteps from './agent/modification-steps.js'
import * as projectContext from './agent/project-context.js'
import * as projectContextBulk from './agent/project-context-bulk.js'
import * as projectContextList from './agent/project-context-list.js'
import * as template from './agent/template.js'
import * as templateBulk from './agent/template-bulk.js'
import * as templateList from './agent/template-list.js'
import * as templateSearch from './agent/template-search.js'
import * as templateUse from './agent/template-use.js'
import * as change from './core/change.js'
import * as operation from './core/operation.js'
import * as partition from './core/partition.js'
import type { Executor } from './engine/executor.js'
import * as service from './registry/service.js'
import * as serviceBulk from './registry/service-bulk.js'
import * as serviceDeleted from './registry/service-deleted.js'
import * as serviceDependency from './registry/service-dependency.js'
import * as serviceReach from './registry/service-dependency-reach.js'
import * as serviceHealth from './registry/service-health.js'
import * as serviceHealthList from './registry/service-health-list.js'
import * as serviceImport from './registry/service-import.js'
import * as serviceList from './registry/service-list.js'
import * as serviceSearch from './registry/service-search.js'
import * as serviceSeen from './registry/service-seen.js'
import * as serviceStartOrder from './registry/service-start-order.js'
import * as serviceStatistics from './registry/service-statistics.js'
import * as serviceViews from './registry/service-views.js'

/** Each repository is made of its modules here, and not by one exporting another's functions again: an editor finds no
 *  docstring behind such an export. */
const modules = {
  projectContexts: { ...projectContext, ...projectContextBulk, ...projectContextList },
  modifications: { ...modification, ...modificationBulk, ...modificationList, ...modificationSteps },
  changes: { ...change },
  operations: { ...operation },
  services: {
    ...service,
    ...serviceBulk,
    ...serviceDeleted,
    ...serviceDependency,
    ...serviceHealth,
    ...serviceHealthList,
    ...serviceImport,
    ...serviceList,
    ...serviceReach,
    ...serviceSearch,
    ...serviceSeen,
    ...serviceStatistics,
    ...serviceViews,
    ...serviceStartOrder,
  },
  partitions: { ...partition },
  templates: { ...template, ...templateBulk, ...templateList, ...templateSearch, ...templateUse },
} as const

/** The functions of a repository module without their first argument, the executor. */
type Bound<Module> = {
  readonly [Name in keyof Module]: Module[Name] extends (db: Executor, ...args: infer Args) => infer Result
    ? (...args: Args) => Result
    : never
}

/** What a database and a transaction have in common beside running queries. */
export type Repositories = { readonly [Name in keyof typeof modules]: Bound<(typeof modules)[Name]> }

/** Has a property for each repository, which binds it to the executor that it is asked of, when that is first done: a
 *  transaction rarely needs them all, and to define them on each took as long as one of its statements. */
const prototype = {}
for (const [name, module] of Object.entries(modules)) {
  Object.defineProperty(prototype, name, {
    enumerable: true,
    get(this: Executor) {
      const value = bind(module as never, this)
      Object.defineProperty(this, name, { value, enumerable: true })
      return value
    },
  })
}

/** Adds the repositories to an executor. */
export function withRepositories(executor: Executor): Executor & Repositories {
  return Object.setPrototypeOf(executor, prototype) as Executor & Repositories
}

/** The functions that each repository has, by name. */
export const repositoryFunctions: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(modules).map(([name, module]) => [name, Object.keys(module)]),
)

type RepositoryFunction = (db: Executor, ...args: unknown[]) => unknown

function bind(module: Readonly<Record<string, RepositoryFunction>>, executor: Executor) {
  const bound: Record<string, (...args: unknown[]) => unknown> = {}
  for (const [name, run] of Object.entries(module)) bound[name] = (...args) => run(executor, ...args)
  return bound
}
