/** Tells whether the rows that a LIMIT lets through are always the same. */

import type { Routines } from '../routines.js'
import { field, nodeList, shapeOf } from '../tree.js'
import { tellApart } from './closure.js'
import { isSamePlace, placeOf } from './names.js'
import { nullsAt } from './nulls.js'
import { meant } from './outputs.js'
import type { Selected } from './selected.js'
import type { Subqueries } from './subqueries.js'

/** Tells whether a SELECT has no LIMIT, or an ORDER BY that no two of its rows are equal in, or does not need one. */
export function isOrdered(
  { node, scope, outputs, isGrouped, isExpanded, isExists, relation }: Selected,
  subqueries: Subqueries,
  routines: Routines,
): boolean {
  if (field(field(node, 'limitCount') ?? { A_Const: { isnull: true } }, 'A_Const')?.isnull === true) return true
  if (relation.rows === 'one' || isExists || node.limitOption === 'LIMIT_OPTION_WITH_TIES') return true
  // It takes what is free: which rows those are, no order says.
  if (nodeList(node.lockingClause).some((each) => field(each, 'LockingClause')?.waitPolicy === 'LockWaitSkip'))
    return true
  if (outputs?.every(({ expression }) => expression.A_Const !== undefined) === true) return true
  const items = nodeList(node.sortClause).map((item) =>
    meant(field(field(item, 'SortBy') ?? {}, 'node') ?? {}, outputs, scope),
  )
  const places = items.flatMap((item) => placeOf(item, scope) ?? [])
  const shapes = items.map(shapeOf)
  const ordered = (outputs ?? [])
    .filter(
      ({ expression, place }) =>
        shapes.includes(shapeOf(expression)) || places.some((each) => isSamePlace(each, place)),
    )
    .map(({ name }) => name)
  const isKey = relation.keys.some(
    ({ columns, predicate }) => predicate === null && columns.every((name) => ordered.includes(name)),
  )
  if (isKey) return true
  const seeds = places
    .filter((place) => place.scope === scope)
    .map((place) => ({ place, holdsNoNull: nullsAt(place, routines) === 'never' }))
  return !isGrouped && !isExpanded && tellApart(scope, seeds, subqueries)
}
