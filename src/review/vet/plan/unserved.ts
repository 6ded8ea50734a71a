/** The filters of a query that no index serves. */

import type { SourceQuery } from '../../../generate/source-query.js'
import type { Variant } from '../../../generate/variants.js'
import type { QueryContext } from '../rule.js'
import { conjunctsOf, leftOf, parametersIn } from './condition.js'
import { filtersOf, type HeldCondition, isOnOneTable, type PlanFilters, servedKey } from './filters.js'
import { type IndexCatalogue, readIndexes } from './index-catalogue.js'
import { keyLookups } from './key-lookup.js'
import { type ParameterPlace, parameterPlaces } from './parameter-line.js'
import { isTableScan, type PlanNode } from './plan-node.js'
import { type Planner, type Plans, plannerOf } from './planner.js'

/** A parameter in a condition that no index serves. */
export interface Unserved {
  readonly parameter: string
  readonly line: number
  readonly held: HeldCondition
}

/** What plans show of a query. */
export interface PlannedQuery {
  readonly unserved: readonly Unserved[]
  /** Conditions of plans that their indexes do not serve, with parameters or without, those of joins too, each once. */
  readonly held: readonly (HeldCondition & { readonly variant: Variant })[]
  readonly indexes: IndexCatalogue
}

const planned = new WeakMap<SourceQuery, Promise<PlannedQuery>>()
const catalogues = new WeakMap<object, Promise<IndexCatalogue>>()

/** Gives the indexes of the server that vets. */
export function indexesOf(client: QueryContext['client']): Promise<IndexCatalogue> {
  const known = catalogues.get(client) ?? readIndexes(client)
  catalogues.set(client, known)
  return known
}

/** Gives the variants whose plans count, the smallest first: without optional lines, and each mark alone. */
export function plannedVariants({ variants }: Pick<QueryContext, 'variants'>): readonly Variant[] {
  return variants
    .filter(({ marks }) => marks === 0 || marks === 1)
    .sort((one, other) => one.lines.length - other.lines.length)
}

/** Plans a query once for all rules. */
export function planQuery(context: QueryContext): Promise<PlannedQuery> {
  const known = planned.get(context.source) ?? findUnserved(context)
  planned.set(context.source, known)
  return known
}

async function findUnserved(context: QueryContext): Promise<PlannedQuery> {
  const planner = plannerOf(context.client)
  const indexes = await indexesOf(context.client)
  const unserved: Unserved[] = []
  const held = new Map<string, PlannedQuery['held'][number]>()
  // Where a filter stands in several variants, the smallest decides: what serves there is there in the others.
  const decided = new Set<string>()
  for (const variant of plannedVariants(context)) {
    const plans = await planner.plansOf(variant.statement.text)
    if (plans === null) continue
    const found = served(plans, indexes)
    for (const one of found.held) held.set(one.condition, { ...one, variant })
    for (const [index, { parameter }] of variant.statement.bindings.entries()) {
      const places = parameterPlaces(context.source, variant, parameter)
      const conditions = found.unserved.filter(({ parameters }) => parameters.includes(index + 1))
      const byLine = new Map(conditions.map((one) => [placeOf(one, places), one]))
      for (const { line } of places) {
        if (decided.has(`${line} ${parameter}`)) continue
        decided.add(`${line} ${parameter}`)
        const condition = byLine.get(line)
        if (condition === undefined || (await isServedAlone(planner, indexes, condition))) continue
        if (await isServedBeside(planner, indexes, context, { variant, parameter, held: condition })) continue
        unserved.push({ parameter, line, held: condition })
      }
    }
  }
  return { unserved, held: [...held.values()], indexes }
}

/** The line of a condition: one that names its column, else the first. */
function placeOf({ condition }: HeldCondition, places: readonly ParameterPlace[]): number | undefined {
  const columns = leftOf(condition).flatMap(({ column }) => column ?? [])
  const named = places.find(({ text }) => columns.length > 0 && columns.every((column) => text.includes(column)))
  return (named ?? places[0])?.line
}

interface Served {
  /** Conditions with a parameter that no plan's index serves for that table. */
  readonly unserved: readonly HeldCondition[]
  readonly held: readonly HeldCondition[]
}

/** A parameter is served when one of the plans finds rows of the table by it: on empty tables the planner may take any
 *  index. */
function served({ plain, bitmap, ordered }: Plans, indexes: IndexCatalogue): Served {
  const all = [plain, bitmap, ordered].map((plan) => filtersOf(plan, indexes))
  const lookups = keyLookups([plain, bitmap], indexes)
  const keys = new Set(all.flatMap(({ served, excused }) => [...served, ...excused]))
  // Of joins what nested loops leave: other joins ask no index.
  const held = [...(all[1]?.held ?? []), ...(all[0]?.held ?? []).filter(({ node }) => isTableScan(node))]
  const unserved = held.flatMap((one) => {
    if (lookups.has(one.node.Alias ?? '')) return []
    const parameters = one.parameters.filter((number) => !keys.has(servedKey(one.node, number)))
    return parameters.length === 0 ? [] : [{ ...one, parameters }]
  })
  return { unserved, held }
}

/** Where several filters of a table have an index each, a plan may take but one: this asks for one filter of the table
 *  by itself, and beside the conditions without parameters, which a partial index may need. */
export async function isServedAlone(
  planner: Planner,
  indexes: IndexCatalogue,
  { node, condition, parameters }: HeldCondition,
): Promise<boolean> {
  if (!isOnOneTable({ node, condition })) return false
  const constant = constantConditions(node).filter((one) => isOnOneTable({ node, condition: one }) && one !== condition)
  for (const conditions of [[condition], [condition, ...constant]]) {
    const plans = await planner.plansOf(selectFrom(node, conditions))
    if (plans === null) continue
    const { unserved } = served(plans, indexes)
    const isFree =
      parameters.length > 0
        ? !unserved.some((one) => one.parameters.some((number) => parameters.includes(number)))
        : [plans.plain, plans.bitmap].some((plan) => !holds(filtersOf(plan, indexes), condition))
    if (isFree) return true
  }
  return false
}

function holds({ held }: PlanFilters, condition: string): boolean {
  return held.some((one) => one.condition === condition)
}

function constantConditions(scan: PlanNode): readonly string[] {
  const conditions = [scan.Filter, scan['Index Cond']].flatMap((text) => (text === undefined ? [] : conjunctsOf(text)))
  return conditions.filter((condition) => parametersIn(condition).length === 0)
}

function selectFrom(scan: PlanNode, conditions: readonly string[]): string {
  const [schema, table, alias] = [scan.Schema, scan['Relation Name'], scan.Alias].map(quoted)
  return `SELECT FROM ${schema}.${table} AS ${alias} WHERE ${conditions.join(' AND ')}`
}

function quoted(name: string | undefined): string {
  return `"${(name ?? '').replaceAll('"', '""')}"`
}

/** A choice may bring the condition of a partial index (`deleted_at IS NULL -- @if deleted=hidden`). */
async function isServedBeside(
  planner: Planner,
  indexes: IndexCatalogue,
  { variants }: QueryContext,
  { variant, parameter, held }: { readonly variant: Variant; readonly parameter: string; readonly held: HeldCondition },
): Promise<boolean> {
  for (const other of choicesBeside(variant, variants)) {
    const plans = await planner.plansOf(other.statement.text)
    if (plans === null) continue
    const { unserved } = served(plans, indexes)
    const number = other.statement.bindings.findIndex((binding) => binding.parameter === parameter) + 1
    if (!unserved.some(({ node, parameters }) => node.Alias === held.node.Alias && parameters.includes(number)))
      return true
  }
  return false
}

/** Gives the variants that have one mark more, which brings lines without parameters: a choice. */
export function choicesBeside(variant: Variant, variants: readonly Variant[]): readonly Variant[] {
  return variants.filter(
    ({ marks, lines, statement }) =>
      marks === (variant.marks ?? 0) + 1 &&
      statement.bindings.length === variant.statement.bindings.length &&
      lines.length > variant.lines.length &&
      variant.lines.every((line) => lines.includes(line)),
  )
}

/** Tells what a node is to readers: `Seq Scan on agent.template`. */
export function nodeText(node: PlanNode): string {
  const name = isTableScan(node) ? ` on ${node.Schema}.${node['Relation Name']}` : ''
  return `${node['Node Type']}${name}`
}
