/** All repositories, by the name under which a database and a transaction have them. */

import * as projectContexts from './agent/project-context.js'
import type { Executor } from './engine/executor.js'

const modules = { projectContexts } as const

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

type RepositoryFunction = (db: Executor, ...args: unknown[]) => unknown

function bind(module: Readonly<Record<string, RepositoryFunction>>, executor: Executor) {
  const bound: Record<string, (...args: unknown[]) => unknown> = {}
  for (const [name, run] of Object.entries(module)) bound[name] = (...args) => run(executor, ...args)
  return bound
}
