/** Tells whether expressions can be NULL, as far as the tree can tell. */

import type { Routines } from '../routines.js'
import { field, lastName, type Node, nodeList } from '../tree.js'
import { cannotHold } from './conditions.js'
import { isSamePlace, resolve } from './names.js'
import type { Nulls, Place, Scope } from './relation.js'
import type { Subqueries } from './subqueries.js'

/** Where an expression stands. */
export interface Surroundings {
  readonly scope: Scope
  readonly routines: Routines
  readonly subqueries: Subqueries
  /** Of how many rows an aggregate is: of a group's, of perhaps none, or of what the tree does not tell. */
  readonly aggregated: 'some' | 'perhaps none' | 'unknown'
}

const NEVER_NULL_AGGREGATES = new Set(['count', 'regr_count'])
const NUMBERING = new Set(['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'ntile'])
/** Without a third argument they are NULL where there is no row. */
const REACHING = new Set(['lag', 'lead'])
/** Of some rows they are an array, whatever the rows hold. */
const COLLECTING = new Set(['array_agg', 'json_agg', 'jsonb_agg', 'json_object_agg', 'jsonb_object_agg'])

/** Tells whether the column of a place can be NULL behind WHERE and the joins. */
export function nullsAt({ range, column, scope }: Place, routines: Routines): Nulls {
  const place = { range, column, scope }
  const isAbsent = scope.from.nulled.some((side) => side.ranges.includes(range) && !side.isRejected)
  if (!isAbsent && column.nulls === 'never') return 'never'
  const isThis = (ref: Node): boolean => isSamePlace(resolve(ref, scope), place)
  const isRefused = scope.from.conditions.some(
    ({ node, ranges }) => ranges === null && cannotHold(node, isThis, routines),
  )
  if (isRefused) return 'never'
  return isAbsent ? 'maybe' : column.nulls
}

/** Tells whether an expression can be NULL. */
export function nullsOf(expression: unknown, around: Surroundings): Nulls {
  const of = (child: unknown): Nulls => nullsOf(child, around)
  const all = (children: unknown): readonly Nulls[] => nodeList(children).map(of)
  const [kind = '', node] = Object.entries((expression ?? {}) as Record<string, Node>)[0] ?? []
  if (node === undefined) return 'unknown'
  switch (kind) {
    case 'ColumnRef': {
      const place = resolve(node, around.scope)
      return place === null ? 'unknown' : nullsAt(place, around.routines)
    }
    case 'A_Const':
      return node.isnull === true ? 'maybe' : 'never'
    case 'NullTest':
    case 'BooleanTest':
    case 'A_ArrayExpr':
    case 'RowExpr':
    case 'SQLValueFunction':
      return 'never'
    case 'TypeCast':
    case 'CollateClause':
      return of(node.arg)
    case 'CoalesceExpr':
    case 'MinMaxExpr':
      return firstKnown(all(node.args))
    case 'CaseExpr': {
      const results = [...nodeList(node.args).map((part) => of(field(part, 'CaseWhen')?.result)), of(node.defresult)]
      return results.every((result) => result === 'never') ? 'never' : 'unknown'
    }
    case 'A_Expr':
      return operatorNulls(node, of, around)
    case 'FuncCall':
      return functionNulls(node, of, around)
    case 'SubLink':
      return subqueryNulls(node, around)
    default:
      return 'unknown'
  }
}

function firstKnown(parts: readonly Nulls[]): Nulls {
  if (parts.includes('never')) return 'never'
  return parts.every((part) => part === 'maybe') ? 'maybe' : 'unknown'
}

function operatorNulls(node: Node, of: (child: unknown) => Nulls, { routines }: Surroundings): Nulls {
  if (node.kind === 'AEXPR_DISTINCT' || node.kind === 'AEXPR_NOT_DISTINCT') return 'never'
  if (node.kind === 'AEXPR_NULLIF') return 'maybe'
  if (node.kind !== 'AEXPR_OP' || !routines.isStrictOperator(lastName(node.name))) return 'unknown'
  return [node.lexpr, node.rexpr].some((side) => side !== undefined && of(side) === 'maybe') ? 'maybe' : 'unknown'
}

function functionNulls(node: Node, of: (child: unknown) => Nulls, { routines, aggregated }: Surroundings): Nulls {
  const name = lastName(node.funcname)
  if (NEVER_NULL_AGGREGATES.has(name) || (NUMBERING.has(name) && node.over !== undefined)) return 'never'
  const parts = nodeList(node.args).map(of)
  if (node.over !== undefined && (name === 'nth_value' || (REACHING.has(name) && parts.length < 3))) return 'maybe'
  // Of NULL it makes no rows.
  if (routines.isSetReturning(name)) return 'unknown'
  if (!routines.isAggregate(name)) {
    return routines.isStrictFunction(name) && parts.includes('maybe') ? 'maybe' : 'unknown'
  }
  if (node.over !== undefined || routines.isCustom(name)) return 'unknown'
  if (aggregated === 'unknown') return 'unknown'
  if (aggregated === 'perhaps none' || node.agg_filter !== undefined) return 'maybe'
  if (node.agg_within_group === true) return 'unknown'
  if (COLLECTING.has(name)) return 'never'
  return parts.length === 1 ? (parts[0] ?? 'unknown') : 'unknown'
}

function subqueryNulls(node: Node, { subqueries }: Surroundings): Nulls {
  if (node.subLinkType === 'EXISTS_SUBLINK' || node.subLinkType === 'ARRAY_SUBLINK') return 'never'
  if (node.subLinkType !== 'EXPR_SUBLINK') return 'unknown'
  const result = subqueries.results.get(node)
  // One that may give no row finds one, for all that the tree can tell.
  return result?.hasOneRow === true ? (result.columns?.[0]?.nulls ?? 'unknown') : 'unknown'
}
