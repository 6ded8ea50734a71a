/** The rule `sort-without-index`: a page of a list does not sort the whole table. */

import type { Variant } from '../../../generate/variants.js'
import { findingIn } from '../place.js'
import type { QueryContext, QueryRule } from '../rule.js'
import { drivingNode, isTableScan, nodesOf, type PlanNode } from './plan-node.js'
import { plannerOf } from './planner.js'
import { choicesBeside, nodeText, plannedVariants } from './unserved.js'

const NAME = 'sort-without-index'

export const sortWithoutIndex: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'A limited list reads and sorts the whole table for each page: no index has its order.',
  async check(context) {
    const { source, variants } = context
    const findings = new Map<number, ReturnType<typeof findingIn>>()
    for (const variant of plannedVariants(context)) {
      const sort = await sortOf(context, variant)
      if (sort === null) continue
      const beside = await Promise.all(choicesBeside(variant, variants).map((other) => sortOf(context, other)))
      if (beside.includes(null)) continue
      const { line, choice, isChosen } = orderOf(context, variant)
      if (!isChosen || findings.has(line)) continue
      const keys = (sort['Sort Key'] ?? []).join(', ')
      findings.set(
        line,
        findingIn(source, line, {
          rule: NAME,
          ...(choice === null ? {} : { parameter: choice }),
          message: `${nodeText(drivingNode(sort))} is read as a whole and sorted by ${keys} for each page`,
          advice: `add an index with these keys; or say why not: \`-- @vet-off ${NAME}${choice === null ? '' : `(${choice})`}: <reason>\``,
        }),
      )
    }
    return [...findings.values()]
  },
}

/** The sort of a whole table below a LIMIT that a plan has though it avoids sorts. */
async function sortOf({ client }: QueryContext, { statement }: Variant): Promise<PlanNode | null> {
  const plans = await plannerOf(client).plansOf(statement.text)
  if (plans === null) return null
  const found = nodesOf(plans.ordered).find(
    ({ node, above }) => node['Node Type'] === 'Sort' && above[0]?.['Node Type'] === 'Limit' && readsAll(node),
  )
  return found?.node ?? null
}

/** Groups must be counted before they are sorted; and where an index finds rows, those are sorted. */
function readsAll(sort: PlanNode): boolean {
  const below = nodesOf(sort).filter(({ node }) => node !== sort)
  const isCounted = below.some(({ node }) => /Aggregate|Group|WindowAgg|Unique|SetOp/.test(node['Node Type']))
  return (
    !isCounted &&
    isTableScan(drivingNode(sort)) &&
    !below.some(({ node, above }) => node['Index Cond'] !== undefined && !isInner(node, above))
  )
}

/** Below the inner side of a nested loop: looked up for each row of the outer one. */
function isInner(node: PlanNode, above: readonly PlanNode[]): boolean {
  const path = [node, ...above]
  return path.some((one, index) => {
    const parent = path[index + 1]
    return parent?.['Node Type'] === 'Nested Loop' && parent.Plans?.indexOf(one) !== 0
  })
}

/** The line that orders: of a choice its own behind ORDER BY, else the one with ORDER BY. Where there are choices, one is
 *  always given (`isChosen`). */
function orderOf({ source }: QueryContext, { lines }: Variant) {
  const texts = source.ir.statement.split('\n').map((text, index) => ({ text, line: source.line + index }))
  const by = texts.findLast(({ text, line }) => lines.includes(line) && /\bORDER\s+BY\b/i.test(text))
  const choices = texts.flatMap(({ text, line }) => {
    const [, name] = /--\s*@if\b.*?(\w+)=/.exec(text) ?? []
    return name !== undefined && line >= (by?.line ?? 0) ? [{ line, name }] : []
  })
  const own = choices.find(({ line }) => lines.includes(line))
  return {
    line: own?.line ?? by?.line ?? source.line,
    choice: own?.name ?? null,
    isChosen: choices.length === 0 || own !== undefined,
  }
}
