/** The rule `not-in-null`: NOT IN, and `<> ALL` which is the same, do not meet NULL. */

import { findingIn, lineOf } from './place.js'
import type { QueryRule, VetFinding } from './rule.js'
import { field, lastName, locationOf, nodeList, nodesNamed } from './tree.js'

const NAME = 'not-in-null'

export const notInNull: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'One NULL among the rows of NOT IN (SELECT ...) makes it true for no row at all, without a word.',
  check({ source, extremes }) {
    const findings: VetFinding[] = []
    for (const variant of extremes) {
      const { tree, subqueries } = variant.reading
      const links = nodesNamed(tree, 'BoolExpr')
        .filter(({ boolop }) => boolop === 'NOT_EXPR')
        .flatMap(({ args }) => nodeList(args).map((arg) => field(arg, 'SubLink')))
      const others = nodesNamed(tree, 'SubLink').filter(
        ({ subLinkType, operName }) => subLinkType === 'ALL_SUBLINK' && lastName(operName) === '<>',
      )
      for (const link of [...links.filter((each) => each?.subLinkType === 'ANY_SUBLINK'), ...others]) {
        if (link === null) continue
        if (subqueries.results.get(link)?.columns?.some(({ nulls }) => nulls === 'maybe') !== true) continue
        findings.push(
          findingIn(source, lineOf(source, variant, locationOf(link)), {
            rule: NAME,
            message: 'the SELECT within NOT IN can give NULL, and then NOT IN is true for no row',
            advice: 'use NOT EXISTS, or add `WHERE ... IS NOT NULL` to that SELECT',
          }),
        )
      }
    }
    return findings
  },
}
