/** The rule `order-key`: what LIMIT cuts off is decided by an order that has no ties. */

import type { Variant } from '../../generate/variants.js'
import { findingIn, lineOf } from './place.js'
import { isOrdered } from './relation/order.js'
import type { Selected } from './relation/selected.js'
import type { QueryContext, QueryRule, VetFinding } from './rule.js'
import { extentOf, locationOf, nodeList, nodesWith } from './tree.js'

const NAME = 'order-key'

export const orderKey: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'A LIMIT without an order, or by one that has ties, gives other rows each time: pages repeat or skip some.',
  async check(context) {
    const findings: VetFinding[] = []
    for (const variant of ordersOf(context)) {
      const reading = await context.read(variant)
      if (reading === null) continue
      const { selects, subqueries } = reading
      for (const selected of selects) {
        const found = isOrdered(selected, subqueries, context.objects.routines)
          ? null
          : complain(selected, variant, context)
        const isTold = findings.some(({ line, message }) => line === found?.line && message === found.message)
        if (found !== null && !isTold) findings.push(found)
      }
    }
    return findings
  },
}

/** Gives the variant with the fewest lines for each way in which the lines of an ORDER BY are sent. */
function ordersOf({ source, tree, variants }: QueryContext): readonly Variant[] {
  const [whole, ...others] = variants
  if (whole === undefined || nodesWith(tree, 'limitCount').length === 0) return []
  if (others.length === 0) return [whole]
  const spans = nodesWith(tree, 'sortClause').flatMap(({ sortClause }) => {
    const extent = extentOf(sortClause)
    return extent === undefined ? [] : [extent.map((at) => lineOf(source, whole, at))]
  })
  const isSorting = (line: number): boolean => spans.some(([from = 0, to = 0]) => line >= from && line <= to)
  const shortest = new Map<string, Variant>()
  for (const variant of others) {
    const key = variant.lines.filter(isSorting).join()
    const known = shortest.get(key)
    if (known === undefined || variant.lines.length < known.lines.length) shortest.set(key, variant)
  }
  return [...shortest.values()]
}

function complain({ node }: Selected, variant: Variant, { source }: QueryContext): VetFinding {
  const items = nodeList(node.sortClause)
  const given =
    variant.given === null ? '' : variant.given === '' ? ' (when no optional line is sent)' : ` (${variant.given})`
  const place = items.length === 0 ? node.limitCount : items.at(-1)
  const message =
    items.length === 0
      ? 'a LIMIT without ORDER BY gives any rows, other ones each time'
      : 'the order does not end in a unique key: of rows that are equal in it, a page repeats or skips some'
  const advice =
    items.length === 0
      ? 'add an ORDER BY that ends in a unique key'
      : 'end the ORDER BY in the columns of a unique key that are NOT NULL'
  return findingIn(source, lineOf(source, variant, locationOf(place)), { rule: NAME, message: message + given, advice })
}
