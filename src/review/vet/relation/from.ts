/** Reads FROM: what it names, how it is joined, and which sides of joins may be absent. */

import type { Table } from '../tables.js'
import { field, lastName, type Node, namesIn, nodeList, nodesNamed } from '../tree.js'
import { cannotHold, conjuncts } from './conditions.js'
import { resolve } from './names.js'
import type { Reader } from './reader.js'
import { type Column, type From, type Key, type Range, type Relation, type Scope, UNKNOWN } from './relation.js'

/** Reads the items of a FROM into a scope. */
export function readItems(items: unknown, scope: Scope, reader: Reader): readonly Range[] {
  return nodeList(items).flatMap((item) => readItem(item, scope, reader))
}

/** Adds conditions that must hold for a row to be there at all. */
export function addConditions(scope: Scope, condition: unknown, reader: Reader): void {
  const parts = conjuncts(condition)
  scope.from.conditions.push(...parts.map((node) => ({ node, ranges: null })))
  rejectAbsent(scope, parts, scope.from.nulled, reader)
}

/** Gives what a table has for columns and keys. */
export function tableRelation(table: Table): Relation {
  const columns = table.columns.map(({ name, isNotNull, typeOid }): Column => {
    // A view's columns are what its query gives, which is not looked at.
    const nulls = table.isView ? 'unknown' : isNotNull ? 'never' : 'maybe'
    return { name, nulls, typeOid }
  })
  return { columns, keys: table.uniqueKeys, rows: 'many' }
}

/** Adds a relation to a FROM under its alias. */
export function addRange(from: From, relation: Relation, alias: Node | null, name: string): Range {
  const names = namesIn(alias?.colnames)
  const newName = (old: string): string => {
    const index = relation.columns?.findIndex((column) => column.name === old) ?? -1
    return names[index] ?? old
  }
  const keys = relation.keys.map((key): Key => ({ ...key, columns: key.columns.map(newName) }))
  const columns =
    relation.columns?.map((column, index) => ({ ...column, name: names[index] ?? column.name })) ??
    (names.length === 0 ? null : names.map((each): Column => ({ name: each ?? '', nulls: 'unknown', typeOid: null })))
  const renamed: Relation = names.length === 0 ? relation : { ...relation, columns, keys }
  const range: Range = { alias: (alias?.aliasname as string | undefined) ?? name, relation: renamed }
  from.ranges.push(range)
  return range
}

function readItem(item: Node, scope: Scope, reader: Reader): readonly Range[] {
  const [kind = '', node] = Object.entries(item as Record<string, Node>)[0] ?? []
  if (node === undefined) return []
  const alias = field(node, 'alias')
  switch (kind) {
    case 'RangeVar': {
      const name = node.relname as string
      return [addRange(scope.from, reader.relationNamed(name, (node.schemaname as string) ?? null), alias, name)]
    }
    case 'RangeSubselect': {
      const inner = field(field(node, 'subquery') ?? {}, 'SelectStmt') ?? {}
      return [addRange(scope.from, reader.select(inner, node.lateral === true ? scope : scope.outer), alias, '')]
    }
    case 'RangeFunction':
      return [readFunction(node, scope, reader)]
    case 'JoinExpr':
      return readJoin(node, scope, reader)
    case 'JsonTable':
    case 'RangeTableFunc':
      reader.expressions(node, scope)
      return [addRange(scope.from, { ...UNKNOWN, rows: 'bounded' }, alias, '')]
    default: {
      const table = nodesNamed(node, 'RangeVar')[0]
      const name = (table?.relname as string | undefined) ?? ''
      return [addRange(scope.from, UNKNOWN, table === undefined ? alias : field(table, 'alias'), name)]
    }
  }
}

function readFunction(node: Node, scope: Scope, reader: Reader): Range {
  const calls = nodeList(node.functions).map((part) => nodeList(field(part, 'List')?.items))
  const names = calls.map(([call]) => lastName(field(call ?? {}, 'FuncCall')?.funcname))
  const defined = [
    ...calls.flatMap(([, definitions]) => namesOf(field(definitions ?? {}, 'List')?.items)),
    ...namesOf(node.coldeflist),
  ]
  const alias = field(node, 'alias')
  const aliasNames = namesIn(alias?.colnames).map((name) => name ?? '')
  const hasOrdinality = node.ordinality === true
  const single =
    names.length === 1 && hasScalarRows(names[0] ?? '') ? [(alias?.aliasname as string) ?? names[0] ?? ''] : []
  const listed = aliasNames.length > 0 ? aliasNames : defined.length > 0 ? defined : single
  const all = hasOrdinality && aliasNames.length === 0 && listed.length > 0 ? [...listed, 'ordinality'] : listed
  const last = all.at(-1) ?? ''
  const isSeries = names.length === 1 && names[0] === 'generate_series'
  const keys =
    all.length > 0 && (hasOrdinality || isSeries)
      ? [{ columns: [hasOrdinality ? last : (all[0] ?? '')], predicate: null }]
      : []
  const isKey = (name: string): boolean => keys.some(({ columns }) => columns.includes(name))
  const relation: Relation = {
    columns:
      all.length === 0 ? null : all.map((name) => ({ name, nulls: isKey(name) ? 'never' : 'unknown', typeOid: null })),
    keys,
    rows: reader.functionRows(names),
  }
  for (const [call] of calls) reader.expressions(call, scope)
  return addRange(scope.from, relation, alias === null ? null : { aliasname: alias.aliasname }, names[0] ?? '')
}

/** Of these it is known that their rows have one column, which has the name of the function or of its alias. */
function hasScalarRows(name: string): boolean {
  return ['unnest', 'generate_series', 'generate_subscripts', 'regexp_split_to_table', 'string_to_table'].includes(name)
}

function namesOf(definitions: unknown): readonly string[] {
  return nodeList(definitions).map(
    (definition) => (field(definition, 'ColumnDef')?.colname as string | undefined) ?? '',
  )
}

function readJoin(node: Node, scope: Scope, reader: Reader): readonly Range[] {
  const { from } = scope
  const first = from.conditions.length
  const left = readItems([node.larg], scope, reader)
  const before = from.nulled.length
  const middle = from.conditions.length
  const right = readItems([node.rarg], scope, reader)
  const [leftNulled, rightNulled] = [from.nulled.slice(0, before), from.nulled.slice(before)]
  const using =
    node.isNatural === true ? sharedColumns(left, right) : namesIn(node.usingClause).map((name) => name ?? '')
  const parts = [...conjuncts(node.quals), ...using.map((name) => equation(name, left, right))]
  const optional = { JOIN_LEFT: right, JOIN_RIGHT: left }[node.jointype as string]
  if (optional === right || node.jointype === 'JOIN_FULL') narrow(from, middle, from.conditions.length, right)
  if (optional === left || node.jointype === 'JOIN_FULL') narrow(from, first, middle, left)
  // In a FULL join, and where it is not known which columns a NATURAL join compares, ON tells nothing of single rows.
  if (node.jointype === 'JOIN_FULL' || using.includes('')) {
    from.nulled.push({ ranges: left, isRejected: false }, { ranges: right, isRejected: false })
  } else if (optional === undefined) {
    from.conditions.push(...parts.map((part) => ({ node: part, ranges: null })))
    rejectAbsent(scope, parts, [...leftNulled, ...rightNulled], reader)
  } else {
    from.conditions.push(...parts.map((part) => ({ node: part, ranges: optional })))
    rejectAbsent(scope, parts, optional === right ? rightNulled : leftNulled, reader)
    from.nulled.push({ ranges: optional, isRejected: false })
  }
  for (const name of using) {
    const side = node.jointype === 'JOIN_FULL' ? null : optional === left ? right : left
    const owner = side?.find(({ relation }) => relation.columns?.some((column) => column.name === name))
    from.merged.set(name, owner ?? null)
  }
  reader.expressions(node.quals, scope)
  return [...left, ...right]
}

/** What is asked within a side that may be absent tells only of that side. */
function narrow({ conditions }: From, start: number, end: number, side: readonly Range[]): void {
  for (const [index, { node, ranges }] of conditions.slice(start, end).entries()) {
    conditions[start + index] = { node, ranges: ranges ?? side }
  }
}

/** What NATURAL compares; one name that is empty when that is not known. */
function sharedColumns(left: readonly Range[], right: readonly Range[]): readonly string[] {
  const names = (ranges: readonly Range[]): readonly string[] | null =>
    ranges.some(({ relation }) => relation.columns === null)
      ? null
      : ranges.flatMap(({ relation }) => (relation.columns ?? []).map(({ name }) => name))
  const [ours, others] = [names(left), names(right)]
  return ours === null || others === null ? [''] : ours.filter((name) => others.includes(name))
}

function equation(name: string, left: readonly Range[], right: readonly Range[]): Node {
  const ref = (ranges: readonly Range[]): Node => {
    const range = ranges.find(({ relation }) => relation.columns?.some((column) => column.name === name)) ?? ranges[0]
    return { ColumnRef: { fields: [{ String: { sval: range?.alias } }, { String: { sval: name } }] } }
  }
  const name_ = [{ String: { sval: '=' } }]
  return { A_Expr: { kind: 'AEXPR_OP', name: name_, lexpr: ref(left), rexpr: ref(right) } }
}

/** Marks sides of outer joins of which a condition says that they are not absent. */
function rejectAbsent(scope: Scope, parts: readonly Node[], sides: From['nulled'], { routines }: Reader): void {
  for (const side of sides) {
    const isAbsent = (ref: Node): boolean => {
      const place = resolve(ref, scope)
      return place !== null && place.scope === scope && side.ranges.includes(place.range)
    }
    side.isRejected ||= parts.some((part) => cannotHold(part, isAbsent, routines))
  }
}
