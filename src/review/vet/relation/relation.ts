/** What a statement's tree tells of rows: their columns, what tells them apart, and how many there can be. */

import type { Node } from '../tree.js'

/** Whether a value can be NULL, as far as the tree can tell. */
export type Nulls = 'never' | 'maybe' | 'unknown'

/** How many rows there can be: one at the most; as many as the caller gives or a LIMIT lets through; or any number. */
export type Rows = 'one' | 'bounded' | 'many'

/** A column of a relation. */
export interface Column {
  readonly name: string
  readonly nulls: Nulls
  /** Of a table's column; else null. */
  readonly typeOid: number | null
  /** Of the expression that it is, in bytes. */
  readonly location?: number | undefined
}

/** Columns that tell rows apart. */
export interface Key {
  readonly columns: readonly string[]
  /** Only rows for which this holds, as SQL; null: all. */
  readonly predicate: string | null
}

/** What FROM can name. */
export interface Relation {
  /** Null when they are not known. */
  readonly columns: readonly Column[] | null
  readonly keys: readonly Key[]
  readonly rows: Rows
  /** Whether there is a row in any case. */
  readonly hasOneRow?: true
}

/** A relation in FROM under a name. */
export interface Range {
  readonly alias: string
  readonly relation: Relation
}

/** The side of an outer join whose columns are NULL where nothing matches. */
export interface Nulled {
  readonly ranges: readonly Range[]
  /** What says that rows with NULL for all of them are not there, or null. */
  isRejected: boolean
}

/** A condition, and which relations it can tell of: those of an outer join's ON only of the side that may be absent. */
export interface Condition {
  readonly node: Node
  /** Null: all. */
  readonly ranges: readonly Range[] | null
}

/** A FROM with its WHERE. */
export interface From {
  readonly ranges: Range[]
  readonly nulled: Nulled[]
  /** Joined by AND. */
  readonly conditions: Condition[]
  /** Columns that USING or NATURAL merged, by the range whose value they have; null when by both. */
  readonly merged: Map<string, Range | null>
}

/** What names mean in a place. */
export interface Scope {
  readonly from: From
  readonly outer: Scope | null
}

/** A column in a FROM. */
export interface Place {
  readonly range: Range
  readonly column: Column
  readonly scope: Scope
}

export const NOTHING: Relation = { columns: [], keys: [], rows: 'one' }
export const UNKNOWN: Relation = { columns: null, keys: [], rows: 'many' }

const order: readonly Rows[] = ['one', 'bounded', 'many']

/** Gives the greater of several counts. */
export function mostRows(counts: readonly Rows[]): Rows {
  return order[Math.max(0, ...counts.map((count) => order.indexOf(count)))] ?? 'many'
}

/** Gives the lesser of two counts. */
export function fewerRows(one: Rows, other: Rows): Rows {
  return order[Math.min(order.indexOf(one), order.indexOf(other))] ?? 'many'
}

export function emptyFrom(): From {
  return { ranges: [], nulled: [], conditions: [], merged: new Map() }
}
