/** What is known of the subqueries within expressions, and what an expression depends on. */

import { type Node, walk } from '../tree.js'
import { resolve } from './names.js'
import type { Place, Relation, Scope } from './relation.js'

/** Found while a statement is read. */
export interface Subqueries {
  /** What each SubLink's SELECT gives. */
  readonly results: Map<Node, Relation>
  /** The scope of each SubLink's SELECT. */
  readonly scopes: Map<Node, Scope>
  /** Conditions of partial indexes as trees, by their SQL. */
  readonly predicates: ReadonlyMap<string, Node>
}

/** Gives the columns of a scope's own FROM that an expression has; null when one of its names is not known.
 *  @param within the scope that the expression stands in: that one, or one of a subquery */
export function extraRefs(
  expression: unknown,
  scope: Scope,
  subqueries: Subqueries,
  within: Scope = scope,
): readonly Place[] | null {
  const found: Place[] = []
  let isKnown = true
  const collect = (value: unknown, at: Scope): void => {
    walk(value, (key, node) => {
      if (key === 'SubLink') {
        collect(node.testexpr, at)
        collect(node.subselect, subqueries.scopes.get(node) ?? at)
        return false
      }
      if (key !== 'ColumnRef') return true
      const place = resolve(node, at)
      // Within a subquery, what is not found is its own: only names of its FROM can be unknown.
      if (place === null) isKnown &&= at !== scope
      else if (place.scope === scope) found.push(place)
      return true
    })
  }
  collect(expression, within)
  return isKnown ? found : null
}
