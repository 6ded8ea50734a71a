/** The columns that a SELECT or RETURNING gives, and which of them tell its rows apart. */

import { field, lastName, locationOf, type Node, namesIn, nodeList, shapeOf } from '../tree.js'
import { type Seed, tellApart } from './closure.js'
import { isSamePlace, placeOf, starColumns } from './names.js'
import { nullsAt, nullsOf, type Surroundings } from './nulls.js'
import type { Column, Key, Nulls, Place, Rows, Scope } from './relation.js'
import type { Subqueries } from './subqueries.js'

/** One column that a SELECT gives. */
export interface Output {
  readonly name: string
  readonly expression: Node
  readonly nulls: Nulls
  /** The column of FROM that it is; null when it is computed. */
  readonly place: Place | null
}

/** Gives outputs as the columns of a relation. */
export function columnsOf(outputs: readonly Output[] | null): readonly Column[] | null {
  if (outputs === null) return null
  return outputs.map(({ name, nulls, place, expression }) => ({
    name,
    nulls,
    typeOid: place?.column.typeOid ?? null,
    location: locationOf(expression),
  }))
}

/** Reads a target list; null when it has a star of which the columns are not known. */
export function readOutputs(list: unknown, around: Surroundings): readonly Output[] | null {
  const outputs: Output[] = []
  for (const item of nodeList(list)) {
    const target = field(item, 'ResTarget') ?? {}
    const value = (target.val ?? {}) as Node
    const names = namesIn(field(value, 'ColumnRef')?.fields)
    if (field(value, 'A_Indirection') !== null && JSON.stringify(value).includes('"A_Star"')) return null
    if (names.length > 0 && names.at(-1) === null) {
      const columns = starColumns(around.scope.from, names.at(-2) ?? null)
      if (columns === null) return null
      for (const [range, name] of columns) {
        const column = range.relation.columns?.find((each) => each.name === name)
        if (column === undefined) return null
        const place: Place = { range, column, scope: around.scope }
        const expression = { ColumnRef: { fields: [{ String: { sval: range.alias } }, { String: { sval: name } }] } }
        outputs.push({ name, expression, nulls: nullsAt(place, around.routines), place })
      }
      continue
    }
    outputs.push({
      name: (target.name as string | undefined) ?? nameFor(value),
      expression: value,
      nulls: nullsOf(value, around),
      place: placeOf(value, around.scope),
    })
  }
  return outputs
}

/** The name that PostgreSQL gives a column without an alias. */
function nameFor(value: Node): string {
  const [kind = '', node] = Object.entries(value as Record<string, Node>)[0] ?? []
  if (node === undefined) return '?column?'
  if (kind === 'ColumnRef') return lastName(node.fields)
  if (kind === 'FuncCall') return lastName(node.funcname)
  if (kind === 'CoalesceExpr') return 'coalesce'
  if (kind === 'CaseExpr') return 'case'
  if (kind === 'TypeCast') {
    const inner = nameFor((node.arg ?? {}) as Node)
    return inner === '?column?' ? lastName(field(node, 'typeName')?.names) : inner
  }
  return '?column?'
}

/** Gives the expression that an item of ORDER BY or GROUP BY means: a number counts the outputs, a plain name is that of an
 *  output first in ORDER BY, and of a column of FROM first in GROUP BY. */
export function meant(item: Node, outputs: readonly Output[] | null, scope: Scope, isGroup = false): Node {
  const position = (field(item, 'A_Const')?.ival as { readonly ival?: number } | undefined)?.ival
  if (position !== undefined) return outputs?.[position - 1]?.expression ?? item
  const names = namesIn(field(item, 'ColumnRef')?.fields)
  if (names.length !== 1 || (isGroup && placeOf(item, scope)?.scope === scope)) return item
  return outputs?.find(({ name }) => name === names[0])?.expression ?? item
}

interface Selection {
  readonly scope: Scope
  readonly outputs: readonly Output[]
  readonly subqueries: Subqueries
  readonly rows: Rows
  readonly isGrouped: boolean
}

/** Gives the sets of a SELECT's columns that tell its rows apart. */
export function outputKeys(node: Node, selection: Selection): readonly Key[] {
  const { outputs, rows, isGrouped } = selection
  const keys: Key[] = []
  if (rows === 'one') keys.push({ columns: [], predicate: null })
  if (isPlainDistinct(node)) keys.push({ columns: outputs.map(({ name }) => name), predicate: null })
  if (isGrouped) return [...keys, ...groupKeys(node, selection)]
  return [...keys, ...rangeKeys(selection)]
}

/** DISTINCT, and not DISTINCT ON. */
function isPlainDistinct({ distinctClause }: Node): boolean {
  return distinctClause !== undefined && nodeList(distinctClause).every((each) => Object.keys(each).length === 0)
}

function groupKeys({ groupClause }: Node, { outputs, scope }: Selection): readonly Key[] {
  const names = nodeList(groupClause).map((group) => {
    const shape = shapeOf(meant(group, outputs, scope, true))
    const place = placeOf(group, scope)
    return outputs.find((output) => shapeOf(output.expression) === shape || isSamePlace(output.place, place))?.name
  })
  return names.includes(undefined) ? [] : [{ columns: names as readonly string[], predicate: null }]
}

/** A key of one range is one of all rows when it fixes the rows of the others, too. */
function rangeKeys({ scope, outputs, subqueries }: Selection): readonly Key[] {
  return scope.from.ranges.flatMap((range) =>
    range.relation.keys.flatMap((key) => {
      const found = key.columns.map((name) =>
        outputs.find(({ place }) => place?.scope === scope && place.range === range && place.column.name === name),
      )
      if (found.includes(undefined)) return []
      const seeds = found.flatMap((output): readonly Seed[] =>
        output?.place ? [{ place: output.place, holdsNoNull: output.nulls === 'never' }] : [],
      )
      if (!tellApart(scope, seeds, subqueries)) return []
      return [{ columns: found.map((output) => output?.name ?? ''), predicate: null }]
    }),
  )
}
