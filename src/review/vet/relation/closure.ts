/** How many rows a FROM can give, and what tells them apart: what is fixed by equations fixes more by unique keys. */

import { field, lastName, type Node, nodeList, nodesNamed } from '../tree.js'
import { conjuncts } from './conditions.js'
import { placeOf, resolve } from './names.js'
import { type Condition, type Key, mostRows, type Place, type Range, type Rows, type Scope } from './relation.js'
import { extraRefs, type Subqueries } from './subqueries.js'

/** One column has, or is among, the values of others. */
interface Equation {
  readonly target: Place
  /** What must be fixed for that. */
  readonly needs: readonly Place[]
  readonly rows: Rows
}

/** What is taken for fixed at first. A column that may be NULL there tells no rows apart. */
export interface Seed {
  readonly place: Place
  readonly holdsNoNull: boolean
}

interface Fixed {
  readonly rows: Rows
  readonly holdsNoNull: boolean
}

/** Gives how many rows of a FROM there can be. */
export function countRows(scope: Scope, subqueries: Subqueries): Rows {
  return close(scope, [], subqueries, 'count').rows
}

/** Gives how many different values some columns of a FROM can have together. */
export function countValues(scope: Scope, places: readonly Place[], subqueries: Subqueries): Rows {
  const { rowsAt } = close(scope, [], subqueries, 'count')
  return mostRows(places.map((place) => rowsAt(place) ?? 'many'))
}

/** Tells whether no two rows of a FROM are the same in all of these columns. */
export function tellApart(scope: Scope, seeds: readonly Seed[], subqueries: Subqueries): boolean {
  return close(scope, seeds, subqueries, 'apart').rows === 'one'
}

interface Closure {
  readonly rows: Rows
  /** Null: the column is not fixed. */
  rowsAt(place: Place): Rows | null
}

/** To tell rows apart, a column that is among several values is not fixed, and a relation of few rows neither. */
function close(scope: Scope, seeds: readonly Seed[], subqueries: Subqueries, purpose: 'count' | 'apart'): Closure {
  const { ranges, conditions } = scope.from
  const fixed = new Map<Range, Map<string, Fixed>>(ranges.map((range) => [range, new Map()]))
  const whole = new Map<Range, Rows>()
  for (const range of ranges) {
    const { rows } = range.relation
    if (rows === 'one' || (rows === 'bounded' && purpose === 'count')) whole.set(range, rows)
  }
  for (const { place, holdsNoNull } of seeds) {
    fixed.get(place.range)?.set(place.column.name, { rows: 'one', holdsNoNull })
  }
  const equations = conditions
    .flatMap((condition) => equationsOf(condition, scope, subqueries))
    .filter(({ rows }) => rows === 'one' || purpose === 'count')
  const rowsAt = ({ range, column }: Place): Rows | null =>
    whole.get(range) ?? fixed.get(range)?.get(column.name)?.rows ?? null
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false
    for (const { target, needs, rows } of equations) {
      const counts = needs.map(rowsAt)
      const known = fixed.get(target.range)?.get(target.column.name)
      if (counts.includes(null) || known === undefined ? counts.includes(null) : known.holdsNoNull) continue
      const all = mostRows([rows, ...(counts as Rows[])])
      fixed.get(target.range)?.set(target.column.name, { rows: known?.rows ?? all, holdsNoNull: true })
      hasChanged = true
    }
    for (const range of ranges) {
      const rows = keyRows(range, fixed.get(range) ?? new Map(), scope, subqueries)
      if (rows === null || (whole.get(range) ?? 'many') === 'one' || whole.get(range) === rows) continue
      whole.set(range, rows)
      hasChanged = true
    }
  }
  return { rows: mostRows(ranges.map((range) => whole.get(range) ?? 'many')), rowsAt }
}

/** Gives how many rows a range has when some of its columns are fixed; null when no key of it is. */
function keyRows(range: Range, fixed: ReadonlyMap<string, Fixed>, scope: Scope, subqueries: Subqueries): Rows | null {
  const counts = range.relation.keys
    .filter((key) => holdsFor(key, range, scope, subqueries))
    .flatMap(({ columns }) => {
      const parts = columns.map((name) => fixed.get(name))
      return parts.every((part) => part?.holdsNoNull === true)
        ? [mostRows(parts.map((part) => part?.rows ?? 'many'))]
        : []
    })
  if (counts.length === 0) return null
  return counts.includes('one') ? 'one' : 'bounded'
}

/** A partial index tells apart only rows for which its condition is known to hold. */
function holdsFor({ predicate }: Key, range: Range, scope: Scope, { predicates }: Subqueries): boolean {
  if (predicate === null) return true
  const node = predicates.get(predicate)
  const says = (condition: Condition, shape: string): boolean =>
    (condition.ranges === null || condition.ranges.includes(range)) &&
    plainShape(condition.node) === shape &&
    nodesNamed(condition.node, 'ColumnRef').every((ref) => resolve(ref, scope)?.range === range)
  return (
    node !== undefined &&
    conjuncts(node).every((part) => scope.from.conditions.some((condition) => says(condition, plainShape(part))))
  )
}

/** A condition without the aliases of its columns, and without the types that the catalogue writes at constants. */
function plainShape(condition: Node): string {
  return JSON.stringify(condition, (key, whole) => {
    if (key === 'location') return undefined
    const value = whole?.TypeCast?.arg?.A_Const === undefined ? whole : whole.TypeCast.arg
    return key === 'fields' ? (value as unknown[]).slice(-1) : value
  })
}

function equationsOf({ node, ranges }: Condition, scope: Scope, subqueries: Subqueries): readonly Equation[] {
  const make = (target: unknown, source: unknown, rows: Rows, within?: Scope): readonly Equation[] => {
    const place = placeOf(target, scope)
    if (place === null || place.scope !== scope) return []
    // An outer join's ON tells nothing of the side that is always there.
    if (ranges !== null && !ranges.includes(place.range)) return []
    const needs = extraRefs(source, scope, subqueries, within)
    return needs === null ? [] : [{ target: place, needs, rows }]
  }
  const link = field(node, 'SubLink')
  if (link !== null) {
    const isIn = link.subLinkType === 'ANY_SUBLINK' && (link.operName === undefined || lastName(link.operName) === '=')
    const rows = isIn ? subqueries.results.get(link)?.rows : undefined
    if (rows === undefined || rows === 'many') return []
    return partsOf(link.testexpr).flatMap((part) => make(part, link.subselect, rows, subqueries.scopes.get(link)))
  }
  const expression = field(node, 'A_Expr')
  if (expression === null || lastName(expression.name) !== '=') return []
  const { kind, lexpr, rexpr } = expression
  if (kind === 'AEXPR_OP_ANY') return make(lexpr, rexpr, 'bounded')
  if (kind === 'AEXPR_IN') {
    const rows = nodeList(field(rexpr as Node, 'List')?.items).length === 1 ? 'one' : 'bounded'
    return partsOf(lexpr).flatMap((part) => make(part, rexpr, rows))
  }
  if (kind !== 'AEXPR_OP') return []
  const [left, right] = [lexpr, rexpr].map((side) => field((side ?? {}) as Node, 'RowExpr'))
  if (!left || !right) return [...make(lexpr, rexpr, 'one'), ...make(rexpr, lexpr, 'one')]
  const others = nodeList(right.args)
  return nodeList(left.args).flatMap((part, index) => [
    ...make(part, others[index], 'one'),
    ...make(others[index], part, 'one'),
  ])
}

/** The parts of a row, `(a, b)`; of anything else itself. */
function partsOf(expression: unknown): readonly unknown[] {
  const row = field((expression ?? {}) as Node, 'RowExpr')
  return row === null ? [expression] : nodeList(row.args)
}
