/** What a query's plan did, measured by EXPLAIN ANALYZE. */

import { gather, type Params } from '../../src/engine/binding.js'
import type { Executor } from '../../src/engine/executor.js'
import { asQuery, type Query } from '../../src/engine/query.js'
import { statementFor } from '../../src/engine/statement.js'

interface Node {
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Actual Rows': number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Filter?: string
  readonly Plans?: readonly Node[]
}

/** Tells the indexes with a condition, what is filtered behind them, and the share of rows that a recheck removed. */
export async function measurePlan<P, R>(db: Pick<Executor, 'query'>, query: Query<P, R>, params: P & Params) {
  const statement = statementFor(asQuery(query as never), params)
  const [row] = await db.query<{ queryPlan: readonly { readonly Plan: Node }[] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${statement.text}`,
    gather(statement, params),
  )
  const nodes = (row?.queryPlan ?? []).flatMap(({ Plan }) => nodesOf(Plan))
  const found = nodes.reduce(
    (sum, node) => sum + (node['Rows Removed by Index Recheck'] === undefined ? 0 : node['Actual Rows']),
    0,
  )
  const removed = nodes.reduce((sum, node) => sum + (node['Rows Removed by Index Recheck'] ?? 0), 0)
  return {
    indexCond: nodes
      .flatMap((node) => (node['Index Cond'] === undefined ? [] : [String(node['Index Name'])]))
      .join(', '),
    filteredBehind: nodes.flatMap((node) => node.Filter ?? []).join(', '),
    recheckRemoved: `${found + removed === 0 ? 0 : Math.round((100 * removed) / (found + removed))} %`,
  }
}

function nodesOf(node: Node): readonly Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}
