/** Plans of queries: what the planner chose, without executing anything. */

import { QueryError } from '../errors.js'
import { gather, type Params } from './binding.js'
import type { Executor } from './executor.js'
import { type AnyQuery, asQuery } from './query.js'
import { EXPLAIN, sessionSql } from './session-sql.js'
import { statementFor } from './statement.js'

/** A node of a plan, as EXPLAIN (FORMAT JSON) gives it; only what ashlar reads. */
export interface PlanNode {
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

/** Explains one variant of a query, for these parameters. With `isIndexed` the planner avoids sequential scans
 *  wherever an index can serve, as it would on a large table.
 *  @throws {QueryError} when the server refuses the statement */
export async function explain(
  db: Executor,
  query: AnyQuery<never, unknown>,
  params: Params,
  { isIndexed = false }: { readonly isIndexed?: boolean } = {},
): Promise<PlanNode> {
  const statement = statementFor(asQuery(query), params)
  const values = gather(statement, params)
  let plan: PlanNode | undefined
  // Rolled back, so that the setting does not outlive it where `db` is a transaction itself.
  const done = new Error('rolls back')
  const work = db.transaction(async (tx) => {
    if (isIndexed) await tx.query(sessionSql.avoidSequentialScans.text)
    const [row] = await tx.query<{ queryPlan: readonly { readonly Plan: PlanNode }[] }>(
      `${EXPLAIN} ${statement.text}`,
      values,
    )
    plan = row?.queryPlan[0]?.Plan
    throw done
  })
  await work.catch((error: unknown) => {
    if (error !== done) throw error
  })
  if (plan === undefined) throw new QueryError('the server gave no plan', { query: statement.query, sqlState: null })
  return plan
}

/** Gives all nodes of a plan, from the top. */
export function planNodes(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(planNodes)]
}
