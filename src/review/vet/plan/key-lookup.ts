/** Tables of which a statement needs but one row for each that it finds elsewhere. */

import { aliasesIn, conjunctsOf } from './condition.js'
import type { IndexCatalogue } from './index-catalogue.js'
import { indexUsesOf } from './index-use.js'
import { isAlternative, isTableScan, nodesOf, type Placed, type PlanNode } from './plan-node.js'

const CONDITIONS = ['Index Cond', 'Filter', 'Join Filter', 'Hash Cond', 'Merge Cond'] as const
const NAME = '(?:"(?:[^"]|"")+"|[a-z_][\\w$]*)'
const EQUAL = /^\((.+) = (.+)\)$/s
const COLUMN = new RegExp(`^(${NAME})\\.(${NAME})$`, 'i')

/** Gives the aliases of the tables that can be looked up by a unique key, whose values are given or stand in rows that an
 *  index or a function finds. Other filters of these tables need no index, in whatever order the plans join. */
export function keyLookups(plans: readonly PlanNode[], catalogue: IndexCatalogue): ReadonlySet<string> {
  const placed = plans.flatMap((plan) => nodesOf(plan)).filter((one) => !isAlternative(one))
  const conditions = placed.flatMap((one) =>
    CONDITIONS.flatMap((key) => conjunctsOf(one.node[key] ?? 'true')).map((text) => ({ text, scope: scopeOf(one) })),
  )
  const scans = placed.filter(({ node }) => isTableScan(node))
  const tables = new Set(scans.map(({ node }) => nameOf(node)))
  // Found by what is given, not by rows of another table.
  const bounded = new Set(
    scans
      .filter(({ node }) =>
        indexUsesOf(node, catalogue).some(({ served }) =>
          served.some((condition) => [...aliasesIn(condition)].every((alias) => alias === nameOf(node))),
        ),
      )
      .map(({ node }) => nameOf(node)),
  )
  const isGiven = (alias: string, text: string): boolean =>
    [...aliasesIn(text)].every((other) => other !== alias && (bounded.has(other) || !tables.has(other)))
  const isLookedUp = (scan: Placed): boolean => {
    const alias = nameOf(scan.node)
    const texts = conditions.filter(({ scope }) => scope === scopeOf(scan)).map(({ text }) => text)
    return catalogue.indexes.some(
      (index) =>
        index.table === `${scan.node.Schema}.${scan.node['Relation Name']}` &&
        index.isUnique &&
        index.condition === null &&
        index.keys.every(({ column }) => valuesOf(alias, column, texts).some((text) => isGiven(alias, text))),
    )
  }
  return new Set(scans.filter(isLookedUp).map(({ node }) => node.Alias ?? ''))
}

/** The sub-select that a node is a part of: a condition in one picks no rows of the query around it. */
function scopeOf({ node, above }: Placed): string {
  return [node, ...above].find((one) => one['Subplan Name'] !== undefined)?.['Subplan Name'] ?? ''
}

/** As conditions write it. */
function nameOf({ Alias: alias = '' }: PlanNode): string {
  return /^[a-z_][a-z0-9_]*$/.test(alias) ? alias : `"${alias.replaceAll('"', '""')}"`
}

/** What a column is compared with for equality. */
function valuesOf(alias: string, column: string | null, conditions: readonly string[]): readonly string[] {
  const isColumn = (text: string): boolean => {
    const [, owner, name] = COLUMN.exec(text) ?? []
    return owner === alias && name === column
  }
  return conditions.flatMap((condition) => {
    const [, left = '', right = ''] = EQUAL.exec(condition) ?? []
    return [...(isColumn(left) ? [right] : []), ...(isColumn(right) ? [left] : [])]
  })
}
