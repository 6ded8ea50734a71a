/** The rule `index`: each filter is served by an index. */

import { findingIn } from '../place.js'
import type { QueryRule } from '../rule.js'
import { defeatingCast } from './cast.js'
import { leftOf } from './condition.js'
import type { HeldCondition } from './filters.js'
import { nodeText, planQuery } from './unserved.js'

const NAME = 'index'

export const indexRule: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'No index finds rows by a filter: the whole table is read for it, however few rows it leaves.',
  async check(context) {
    const { unserved, indexes } = await planQuery(context)
    return unserved
      .filter(({ held }) => defeatingCast(held, indexes) === null)
      .map(({ parameter, line, held }) =>
        findingIn(context.source, line, {
          rule: NAME,
          parameter,
          message: `:${parameter} is served by no index: ${whereHeld(held)}`,
          advice: `${indexFor(held)}; or say why not: \`-- @vet-off ${NAME}(${parameter}): <reason>\``,
        }),
      )
  },
}

function whereHeld({ node, condition, behind }: HeldCondition): string {
  if (behind !== null) return `${condition} stands behind the first key of ${behind}, which is read as a whole`
  return `${nodeText(node)} checks ${condition} row by row`
}

/** How EXPLAIN writes IS NOT DISTINCT FROM. */
const IS_SAME = /^\(NOT \((?:(?! AND | OR ).)* IS DISTINCT FROM (?:(?! AND | OR ).)*\)\)$/

/** By the operator; texts of conditions hold one at least. */
function indexFor({ condition }: HeldCondition): string {
  const [left] = leftOf(condition)
  const what = left?.column ?? 'the expression on the left, written as in the query'
  if (IS_SAME.test(condition)) {
    return 'no index serves IS NOT DISTINCT FROM: write `=` in an optional line (`-- @if`), and `IS NULL` where NULL is asked for'
  }
  if (/^\(?NOT \(|<>|!~|IS DISTINCT FROM/.test(condition)) return 'ask for what is there: no index finds what is not so'
  if (/^\(\$\d+ (?:= ANY|<@)/.test(condition)) return 'write `column @> ARRAY[:parameter]`, which a GIN index serves'
  if (/ OR /.test(condition)) return 'give each side of the OR an index, or make the filter an optional line (`-- @if`)'
  if (/ ~~\*? | ~\*? |%>/.test(condition)) return `add a GIN index with gin_trgm_ops on ${what}`
  if (/ (?:@>|<@|&&|@@|@\?|\?[|&]?) /.test(condition)) return `add a GIN index on ${what}`
  return `add a btree index that begins with ${what}`
}
