/** The filters of a plan: conditions with parameters, and whether an index serves them. */

import { aliasesIn, conjunctsOf, parametersIn } from './condition.js'
import type { IndexCatalogue } from './index-catalogue.js'
import { indexUsesOf, isUniqueLookup } from './index-use.js'
import { drivingNode, inputsOf, isTableScan, nodesOf, type Placed, type PlanNode } from './plan-node.js'

/** A condition that rows are read for and then checked by. */
export interface HeldCondition {
  /** What checks it. */
  readonly node: PlanNode
  readonly condition: string
  /** The numbers of its parameters. */
  readonly parameters: readonly number[]
  /** The index that is read as a whole to check it, or null. */
  readonly behind: string | null
  /** Gives the table, with its schema, that the plan calls so. */
  tableOf(alias: string): string | undefined
}

/** What a plan does with its conditions. */
export interface PlanFilters {
  /** The parameters by which an index finds rows: `<table's alias> <number>`. */
  readonly served: ReadonlySet<string>
  /** Conditions that the indexes do not serve, those without parameters too. */
  readonly held: readonly HeldCondition[]
  /** Likewise, those that only check what was found by a unique key, or what is sorted as a whole anyway. */
  readonly excused: ReadonlySet<string>
}

const JOIN_CONDITIONS = ['Join Filter', 'Hash Cond', 'Merge Cond'] as const

/** Finds the filters of a plan. Those of functions' and sub-selects' rows are none: no index can serve them. */
export function filtersOf(plan: PlanNode, catalogue: IndexCatalogue): PlanFilters {
  const served = new Set<string>()
  const held: HeldCondition[] = []
  const excused = new Set<string>()
  const computed = computedValues(plan)
  const parametersOf = (condition: string): readonly number[] => [
    ...parametersIn(condition),
    ...[...condition.matchAll(/\((InitPlan \d+)\)/g)].flatMap(([, name = '']) => computed.get(name) ?? []),
  ]
  const hold = (node: PlanNode, condition: string, behind: string | null): void => {
    held.push({ node, condition, parameters: parametersOf(condition), behind, tableOf: (alias) => tables.get(alias) })
  }
  const tables = new Map<string, string>()
  for (const placed of nodesOf(plan)) {
    const { node } = placed
    if (isTableScan(node)) tables.set(node.Alias ?? '', `${node.Schema}.${node['Relation Name']}`)
    for (const key of JOIN_CONDITIONS) {
      for (const condition of conjunctsOf(node[key] ?? 'true')) if (condition !== 'true') hold(node, condition, null)
    }
    if (!isTableScan(node)) continue
    const uses = indexUsesOf(node, catalogue)
    for (const condition of uses.flatMap((use) => use.served))
      for (const one of parametersOf(condition)) served.add(servedKey(node, one))
    for (const { index, behind } of uses) for (const condition of behind) hold(node, condition, index.name)
    if (node.Filter === undefined) continue
    const isLookup = uses.some(isUniqueLookup) && isBounded(placed)
    for (const condition of conjunctsOf(node.Filter)) {
      hold(node, condition, null)
      if (isLookup || isSortedBy(condition, placed)) {
        for (const one of parametersOf(condition)) excused.add(servedKey(node, one))
      }
    }
  }
  // What rides along in a row comparison is served where that is.
  for (const { node, condition, parameters } of held) {
    if (condition.startsWith('(ROW(') && parameters.some((one) => served.has(servedKey(node, one)))) {
      for (const one of parameters) served.add(servedKey(node, one))
    }
  }
  return { served, held, excused }
}

/** Gives the key of a parameter in the conditions of one table. */
export function servedKey({ Alias: alias = '' }: PlanNode, parameter: number): string {
  return `${alias} ${parameter}`
}

/** The parameters of sub-selects that read no table: `x = (SELECT lower($1))` is a filter by $1. */
function computedValues(plan: PlanNode): ReadonlyMap<string, readonly number[]> {
  return new Map(
    nodesOf(plan).flatMap(({ node }) => {
      const [, name] = /^(InitPlan \d+)/.exec(node['Subplan Name'] ?? '') ?? []
      if (name === undefined || nodesOf(node).some((inner) => isTableScan(inner.node))) return []
      return [[name, parametersIn((node.Output ?? []).join(' '))] as const]
    }),
  )
}

/** A lookup for each row of a table that is read as a whole is not bounded by anything. */
function isBounded({ node, above }: Placed): boolean {
  const index = above.findIndex((one) => one['Node Type'] === 'Nested Loop')
  if (index === -1) return true
  const [outer] = inputsOf(above[index] as PlanNode)
  const from = index === 0 ? node : above[index - 1]
  if (outer === undefined || outer === from) return true
  const driving = drivingNode(outer)
  return !isTableScan(driving) || nodesOf(driving).some((inner) => inner.node['Index Cond'] !== undefined)
}

/** A cursor over what is sorted as a whole: if that is a fault, it is the sort's. */
function isSortedBy(condition: string, { above }: Placed): boolean {
  const [, keys] = /^\(ROW\((.*)\) [<>]=? ROW\(/s.exec(condition) ?? []
  if (keys === undefined) return false
  return above.some(({ 'Node Type': type, 'Sort Key': sorted = [] }) => {
    const names = sorted.map((key) =>
      key.replace(/( DESC| NULLS FIRST| NULLS LAST)+$/, '').replace(/^\((.*)\)$/s, '$1'),
    )
    return type === 'Sort' && withoutNumbers(names.join(', ')).startsWith(withoutNumbers(keys))
  })
}

/** One sub-select that stands in two places has two numbers. */
function withoutNumbers(text: string): string {
  return text.replace(/\(InitPlan \d+\)/g, '(InitPlan)')
}

/** Tells whether a condition is on one table alone, so that it can be asked of that table by itself. */
export function isOnOneTable({ node, condition }: Pick<HeldCondition, 'node' | 'condition'>): boolean {
  return (
    isTableScan(node) &&
    !/\((?:hashed )?(?:Init|Sub)Plan \d/.test(condition) &&
    [...aliasesIn(condition)].every((alias) => alias === node.Alias || alias === `"${node.Alias}"`)
  )
}
