/** Finds what a column's name means. */

import { type Node, namesIn } from '../tree.js'
import type { From, Place, Range, Scope } from './relation.js'

/** Finds the column that a ColumnRef means, in the nearest FROM that has it; null when that is not known. */
export function resolve(ref: Node, scope: Scope | null): Place | null {
  const names = namesIn(ref.fields)
  const name = names.at(-1)
  if (name === undefined || name === null) return null
  const alias = names.at(-2) ?? null
  for (let at = scope; at !== null; at = at.outer) {
    const ranges = alias === null ? at.from.ranges : at.from.ranges.filter((range) => range.alias === alias)
    if (alias === null && at.from.merged.get(name) === null) return null
    const merged = alias === null ? at.from.merged.get(name) : undefined
    const range = merged ?? ranges.find(({ relation }) => relation.columns?.some((column) => column.name === name))
    const column = range?.relation.columns?.find((each) => each.name === name)
    if (range !== undefined && column !== undefined) return { range, column, scope: at }
    // It may be one of those that are not known.
    if (alias === null ? ranges.some(({ relation }) => relation.columns === null) : ranges.length > 0) return null
  }
  return null
}

/** Finds the column that an expression is, if it is one. */
export function placeOf(expression: unknown, scope: Scope): Place | null {
  const ref = (expression as Node | null)?.ColumnRef
  return ref === undefined ? null : resolve(ref as Node, scope)
}

/** Tells whether two places are one column. */
export function isSamePlace(one: Place | null, other: Place | null): boolean {
  return one !== null && other !== null && one.range === other.range && one.column.name === other.column.name
}

/** Gives the columns that `*` or `alias.*` means; null when they are not known. */
export function starColumns(from: From, alias: string | null): readonly (readonly [Range, string])[] | null {
  if (from.merged.size > 0) return null
  const ranges = alias === null ? from.ranges : from.ranges.filter((range) => range.alias === alias)
  if (ranges.length === 0 || ranges.some(({ relation }) => relation.columns === null)) return null
  return ranges.flatMap((range) => (range.relation.columns ?? []).map(({ name }) => [range, name] as const))
}
