/** What a SELECT of one FROM gives: its columns, its groups and how many rows they are. */

import type { Routines } from '../routines.js'
import { field, lastName, type Node, nodeList, nodesNamed, walk } from '../tree.js'
import { countRows, countValues } from './closure.js'
import { isSamePlace, placeOf } from './names.js'
import { columnsOf, meant, type Output, outputKeys, readOutputs } from './outputs.js'
import type { Reader } from './reader.js'
import { fewerRows, mostRows, type Relation, type Rows, type Scope } from './relation.js'

/** One SELECT of a statement, without its LIMIT. */
export interface Selected {
  readonly node: Node
  readonly scope: Scope
  readonly outputs: readonly Output[] | null
  /** Whether its rows are groups of rows of its FROM. */
  readonly isGrouped: boolean
  /** Whether a function of sets in its target list makes several rows of one. */
  readonly isExpanded: boolean
  /** Whether only what it gives at all is asked for, by EXISTS. */
  readonly isExists: boolean
  /** What it gives without its LIMIT. */
  readonly relation: Relation
}

/** Reads a SELECT whose FROM and WHERE stand in its scope. */
export function readSelected(node: Node, scope: Scope, reader: Reader): Omit<Selected, 'isExists'> {
  const { routines, subqueries } = reader
  const isGrouped = node.groupClause !== undefined
  const hasHaving = node.havingClause !== undefined
  const aggregates = hasAggregate(node.targetList, routines) || hasHaving
  const isTotal = aggregates && !isGrouped
  const isFromNothing = node.fromClause === undefined
  const outputs = withTotals(
    node,
    scope,
    readOutputs(node.targetList, { scope, routines, subqueries, aggregated: aggregatedRows(node, scope) }),
  )
  const base = countRows(scope, subqueries)
  const expands = expandedRows(node.targetList, reader)
  const groups = isTotal ? 'one' : isGrouped ? fewerRows(base, countGroups(node, scope, outputs, reader)) : base
  // What an aggregate has collected may be all rows again.
  const rows = expands === null ? groups : mostRows([groups, expands, aggregates ? base : 'one'])
  const hasOneRow = (isTotal && !hasHaving) || (isFromNothing && node.whereClause === undefined)
  const relation: Relation = {
    columns: columnsOf(outputs),
    keys: outputs === null || expands ? [] : outputKeys(node, { scope, outputs, subqueries, rows, isGrouped }),
    rows,
    ...(hasOneRow && !expands && rows === 'one' ? { hasOneRow: true } : {}),
  }
  return { node, scope, outputs, isGrouped: isGrouped || isTotal, isExpanded: expands !== null, relation }
}

/** Tells whether there is an aggregate at this level. */
export function hasAggregate(expression: unknown, routines: Routines): boolean {
  let found = false
  walk(expression, (key, node) => {
    if (key === 'FuncCall' && node.over === undefined && routines.isAggregate(lastName(node.funcname))) found = true
    return key !== 'SubLink'
  })
  return found
}

/** Of what an aggregate is. A grouping set may be of no rows, and what HAVING rules out is not looked at. */
function aggregatedRows(node: Node, { from }: Scope): 'some' | 'perhaps none' | 'unknown' {
  if (node.havingClause !== undefined) return 'unknown'
  if (node.groupClause !== undefined) {
    return nodesNamed(node.groupClause, 'GroupingSet').length > 0 ? 'unknown' : 'some'
  }
  if (node.fromClause === undefined) return 'unknown'
  const hasRows = from.conditions.length === 0 && from.ranges.every(({ relation }) => relation.hasOneRow === true)
  return hasRows ? 'some' : 'perhaps none'
}

/** The rows of totals, that ROLLUP, CUBE and an empty grouping set add, have NULL for what the others are grouped by. */
function withTotals(node: Node, scope: Scope, outputs: readonly Output[] | null): readonly Output[] | null {
  if (node.havingClause !== undefined) return outputs
  const places = nodesNamed(node.groupClause, 'GroupingSet')
    .filter(({ kind, content }) =>
      kind === 'GROUPING_SET_SETS'
        ? nodeList(content).some((set) => field(set, 'GroupingSet')?.kind === 'GROUPING_SET_EMPTY')
        : kind === 'GROUPING_SET_ROLLUP' || kind === 'GROUPING_SET_CUBE',
    )
    .flatMap(({ content }) => nodesNamed(content, 'ColumnRef').map((ColumnRef) => placeOf({ ColumnRef }, scope)))
  if (places.length === 0) return outputs
  return (
    outputs?.map((output) =>
      places.some((place) => isSamePlace(place, output.place)) ? { ...output, nulls: 'maybe' as const } : output,
    ) ?? null
  )
}

/** How many rows functions of sets in the target list make of one; null: there are none. */
function expandedRows(expression: unknown, reader: Reader): Rows | null {
  const names: string[] = []
  walk(expression, (key, node) => {
    if (key === 'FuncCall' && reader.routines.isSetReturning(lastName(node.funcname)))
      names.push(lastName(node.funcname))
    return key !== 'SubLink'
  })
  return names.length === 0 ? null : reader.functionRows(names)
}

/** How many groups there can be: as many as the columns that they are made by have values. */
function countGroups(
  node: Node,
  scope: Scope,
  outputs: readonly Output[] | null,
  { routines, subqueries }: Reader,
): Rows {
  const places = nodeList(node.groupClause).map((group) => placeOf(meant(group, outputs, scope, true), scope))
  const counts = places.map((place): Rows => {
    if (place === null) return 'many'
    const { typeOid } = place.column
    const isFew = typeOid !== null && routines.isEnumerable(typeOid)
    return fewerRows(countValues(scope, [place], subqueries), isFew ? 'bounded' : 'many')
  })
  return mostRows(counts)
}
