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
import type { Executor } from './engine/executor.js'

/** Each repository is made of its modules here, and not by one exporting another's functions again: an editor finds no
 *  docstring behind such an export. */
const modules = {
  projectContexts: { ...projectContext, ...projectContextBulk, ...projectContextList },
  modifications: { ...modification, ...modificationBulk, ...modificationList, ...modificationSteps },
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

/** Adds the repositories to an executor. Each is bound when it is first used: a transaction rarely needs them all. */
export function withRepositories(executor: Executor): Executor & Repositories {
  for (const [name, module] of Object.entries(modules)) {
    Object.defineProperty(executor, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = bind(module as never, executor)
        Object.defineProperty(executor, name, { value, enumerable: true })
        return value
      },
    })
  }
  return executor as Executor & Repositories
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
