/** The rule `offset`: pages are found by key. */

import { findingIn, lineOf } from './place.js'
import type { QueryRule } from './rule.js'
import { field, locationOf, type Node, nodesWith } from './tree.js'

const NAME = 'offset'

export const offset: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'OFFSET reads and throws away all rows before it, and repeats or skips rows when others are written between pages.',
  check({ source, variants: [whole], tree }) {
    if (whole === undefined) return []
    return nodesWith(tree, 'limitOffset')
      .filter(skips)
      .map(({ limitOffset }) =>
        findingIn(source, lineOf(source, whole, locationOf(limitOffset)), {
          rule: NAME,
          message:
            'OFFSET reads all rows that it skips, and repeats or misses some when rows are written between pages',
          advice: 'page by key: `WHERE (<order key>) > (:after...)` with the ORDER BY of a unique key',
        }),
      )
  },
}

/** OFFSET 0 only keeps the planner from merging a subquery. */
function skips({ limitOffset }: Node): boolean {
  const number = field(field(limitOffset as Node, 'A_Const') ?? {}, 'ival')
  return number === null || number.ival !== undefined
}
