/** Asks the planner for the plans that statements get whatever their parameters are, as on tables too large to be read or
 *  sorted as a whole. Nothing is executed. */

import { type Client, DatabaseError, type QueryResult } from 'pg'
import type { PlanNode } from './plan-node.js'

/** The plans of one statement. On empty tables all indexes cost the same: what one plan does not use another may. */
export interface Plans {
  /** Without sequential scans. */
  readonly plain: PlanNode
  /** By bitmaps, which exist only with a condition on the index, and by nested loops, which can look up by a join's. */
  readonly bitmap: PlanNode
  /** Without sequential scans and sorts: sorted is only what no index gives in order. */
  readonly ordered: PlanNode
}

/** Gives the plans of statements; null for one that has none, or that the server refuses. */
export interface Planner {
  plansOf(text: string): Promise<Plans | null>
}

const SWITCHES = ['seqscan', 'indexscan', 'indexonlyscan', 'sort', 'hashjoin', 'mergejoin'] as const

const OFF = {
  plain: ['seqscan'],
  bitmap: ['seqscan', 'indexscan', 'indexonlyscan', 'hashjoin', 'mergejoin'],
  ordered: ['seqscan', 'sort'],
} as const satisfies Record<keyof Plans, readonly (typeof SWITCHES)[number][]>

const EXPLAINABLE = /^\s*(?:(?:--[^\n]*\n|\/\*.*?\*\/)\s*)*(?:SELECT|WITH|VALUES|INSERT|UPDATE|DELETE|MERGE|TABLE|\()/is

const planners = new WeakMap<Client, Planner>()

/** Gives the planner of a client's server, which plans each text once. It needs PostgreSQL 16 or newer. */
export function plannerOf(client: Client): Planner {
  const known = planners.get(client)
  if (known !== undefined) return known
  const plans = new Map<string, Promise<Plans | null>>()
  const planner: Planner = {
    plansOf(text) {
      const kept = plans.get(text) ?? (EXPLAINABLE.test(text) ? explain(client, text) : Promise.resolve(null))
      plans.set(text, kept)
      return kept
    },
  }
  planners.set(client, planner)
  return planner
}

/** All in one message, which is one transaction: settings of a statement that is refused are taken back. */
async function explain(client: Client, text: string): Promise<Plans | null> {
  const parts = Object.values(OFF).map(
    (off) => `${SWITCHES.map((name) => `SET LOCAL enable_${name} = ${!isIn(off, name)};`).join('\n')}
EXPLAIN (GENERIC_PLAN, VERBOSE, COSTS OFF, FORMAT JSON) ${text}\n;`,
  )
  try {
    const results = (await client.query(
      ['BEGIN;', ...parts, 'ROLLBACK'].join('\n'),
    )) as unknown as readonly QueryResult[]
    const [plain, bitmap, ordered] = results
      .filter(({ command }) => command === 'EXPLAIN')
      .map(({ rows }) => rows[0]['QUERY PLAN'][0].Plan as PlanNode)
    return { plain, bitmap, ordered } as Plans
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    await client.query('ROLLBACK')
    return null
  }
}

function isIn(names: readonly string[], name: string): boolean {
  return names.includes(name)
}
