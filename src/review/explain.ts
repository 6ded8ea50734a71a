/** `ashlar explain`: the plan of one variant of a query, as the server gives it. */

import type { Params } from '../engine/binding.js'
import { gather } from '../engine/binding.js'
import type { Executor } from '../engine/executor.js'
import { Query } from '../engine/query.js'
import { type Statement, statementFor } from '../engine/statement.js'
import type { TransactionOptions } from '../engine/transaction-options.js'
import type { ManifestQuery } from '../generate/manifest-file.js'

/** How to explain. */
export interface ExplainOptions {
  readonly format: 'text' | 'json'
  /** Runs the statement, in a transaction that is rolled back, and tells what it took. */
  readonly analyze: boolean
  /** Tells of buffers, when nothing is run of those that planning took. */
  readonly buffers: boolean
  /** The plan for any values (`$1`), as a prepared statement gets it after some runs; takes no values. */
  readonly generic: boolean
  /** Avoids sequential scans wherever an index can serve, as on a large table. */
  readonly isIndexed: boolean
  /** Longest time on the server, in ms; null: no limit of its own. */
  readonly timeoutMs: number | null
}

/** A plan. */
export interface Explanation {
  readonly query: string
  /** What was explained: the variant's text, with `$1` for its first parameter. */
  readonly statement: string
  /** Lines of text, or what EXPLAIN (FORMAT JSON) gives. */
  readonly plan: unknown
}

const AVOID_SEQUENTIAL_SCANS = 'SET LOCAL enable_seqscan = off'
const NAME = 'ashlar_explain'
/** As EXPLAIN (GENERIC_PLAN) does, which servers before 16 do not know and which takes no statement with parameters by the
 *  extended protocol. A name outlives its transaction: it is taken away within it. */
const GENERIC = {
  force: 'SET LOCAL plan_cache_mode = force_generic_plan',
  prepare: (text: string) => `PREPARE ${NAME} AS ${text}`,
  execute: (count: number) => `EXECUTE ${NAME}${count === 0 ? '' : ` (${new Array(count).fill('NULL').join(', ')})`}`,
  forget: `DEALLOCATE ${NAME}`,
} as const

/** Explains the variant of a query that these parameters make. Without `analyze` nothing is executed. With it, a read runs
 *  in a read-only transaction; a write takes its locks until it is rolled back, and sequences that it draws from stay
 *  where it has moved them.
 *  @throws {ValidationError} when a parameter is missing or its type cannot hold the value
 *  @throws {QueryError} when the server refuses the statement
 *  @throws {TimeoutError} when it takes too long */
export async function explainQuery(
  db: Executor,
  query: ManifestQuery,
  params: Params,
  options: ExplainOptions,
): Promise<Explanation> {
  const { name, ir, parameterTypes } = query
  const statement = statementFor(new Query(name, ir, { parameterTypes }), params)
  const values = options.generic ? [] : gather(statement, params)
  const limits: TransactionOptions = {
    ...(options.timeoutMs === null ? {} : { timeoutMs: options.timeoutMs }),
    // Without ANALYZE nothing runs. A write that runs is let write.
    ...(options.analyze && !query.isRead ? {} : { readOnly: true }),
  }
  let plan: unknown
  const done = new Error('rolls back')
  const work = db.transaction(async (tx) => {
    if (options.isIndexed) await tx.query(AVOID_SEQUENTIAL_SCANS)
    plan = options.generic
      ? await explainGeneric(tx, statement, options)
      : await ask(tx, statement.text, values, options)
    throw done
  }, limits)
  await work.catch((error: unknown) => {
    if (error !== done) throw error
  })
  return { query: name, statement: statement.text, plan }
}

async function explainGeneric(
  tx: Pick<Executor, 'query'>,
  { text, bindings }: Statement,
  options: ExplainOptions,
): Promise<unknown> {
  await tx.query(GENERIC.force)
  await tx.query(GENERIC.prepare(text))
  const plan = await ask(tx, GENERIC.execute(bindings.length), [], options)
  await tx.query(GENERIC.forget)
  return plan
}

async function ask(
  tx: Pick<Executor, 'query'>,
  text: string,
  values: readonly unknown[],
  { format, analyze, buffers }: ExplainOptions,
): Promise<unknown> {
  const words = [analyze ? 'ANALYZE' : '', `BUFFERS ${buffers}`, `FORMAT ${format}`].filter((word) => word !== '')
  const rows = await tx.query<{ queryPlan: unknown }>(`EXPLAIN (${words.join(', ')}) ${text}`, values)
  return format === 'json' ? rows[0]?.queryPlan : rows.map(({ queryPlan }) => queryPlan)
}
