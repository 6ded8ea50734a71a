/** Watches repository calls: which queries they ran, how long they took, and by which indexes. */

import type { Params } from '../../engine/binding.js'
import type { Executor } from '../../engine/executor.js'
import { explain, planNodes } from '../../engine/explain.js'
import { type AnyQuery, asQuery } from '../../engine/query.js'
import { type Repositories, withRepositories } from '../../repositories.js'

/** One call of a repository function. */
export interface Observation<T> {
  readonly result: T
  /** Names of the queries it ran. */
  readonly queries: readonly string[]
  /** From the call to the typed rows. */
  readonly ms: number
  /** Indexes in the plans of those queries; on a small table the planner may choose none. */
  readonly indexes: readonly string[]
  /** Indexes that serve those queries when the planner avoids sequential scans, as on a large table. */
  readonly indexesAtScale: readonly string[]
}

interface Call {
  readonly query: AnyQuery<never, unknown>
  readonly params: Params
}

/** Calls repository functions on `db`, then asks the server for the plans of what they ran. */
export async function observe<T>(db: Executor, work: (db: Repositories) => Promise<T>): Promise<Observation<T>> {
  const calls: Call[] = []
  const watched = withRepositories(recorder(db, calls))
  const startedAt = performance.now()
  const result = await work(watched)
  const ms = performance.now() - startedAt
  return {
    result,
    queries: [...new Set(calls.map(({ query }) => asQuery(query).name))],
    ms,
    indexes: await distinctIndexes(db, calls, false),
    indexesAtScale: await distinctIndexes(db, calls, true),
  }
}

async function distinctIndexes(db: Executor, calls: readonly Call[], isIndexed: boolean): Promise<string[]> {
  const names = new Set<string>()
  for (const call of calls) for (const name of await indexesOf(db, call, isIndexed)) names.add(name)
  return [...names]
}

function recorder(db: Executor, calls: Call[]): Executor {
  const note = (query: AnyQuery<never, unknown>, params: unknown): void => {
    calls.push({ query, params: (params ?? {}) as Params })
  }
  return {
    isInTransaction: db.isInTransaction,
    isOnce: db.isOnce,
    query: db.query,
    notify: db.notify,
    stream: db.stream,
    transaction: db.transaction,
    with: db.with,
    as: db.as,
    copyInto: db.copyInto,
    run(query, params) {
      note(query as never, params)
      return db.run(query, params)
    },
    one(query, params) {
      note(query as never, params)
      return db.one(query, params)
    },
    maybeOne(query, params) {
      note(query as never, params)
      return db.maybeOne(query, params)
    },
    lookup(lookup, key) {
      note(lookup.one, { [lookup.parameter]: key })
      return db.lookup(lookup, key)
    },
    execute(query, params) {
      note(query as never, params)
      return db.execute(query, params)
    },
  }
}

async function indexesOf(db: Executor, { query, params }: Call, isIndexed: boolean): Promise<string[]> {
  const plan = await explain(db, query, params, { isIndexed })
  return planNodes(plan).flatMap((node) => node['Index Name'] ?? [])
}
