/** Finds the row that the server refused in the `where` of its error. That text holds values: nothing else of it is used. */

import type { CopyLoad } from './load.js'

/** Where the server stopped. */
export interface FailedRow {
  /** Counted from 0. */
  readonly row: number
  /** One of the load's columns; null where the error is of the row as a whole. */
  readonly column: string | null
}

/** Reads `COPY note, line 42, column text: "..."`, or what it is in the server's language: the table's name, then the
 *  line, then the column. Lines before it are of triggers and input functions, those behind it of the value. */
export function failedRow(where: string | undefined, { relation, columns }: CopyLoad): FailedRow | null {
  if (where === undefined) return null
  const table = escaped(relation)
  // Anchored: a line of a JSON error quotes the value.
  const match =
    new RegExp(`^COPY ${table}\\P{N}{1,40}?(\\d{1,15})`, 'mu').exec(where) ??
    new RegExp(`^\\P{L}?${table}\\P{N}{1,40}?(\\d{1,15})`, 'mu').exec(where)
  if (match === null) return null
  const rest = where.slice(match.index + match[0].length)
  const names = columns.filter((name) =>
    new RegExp(`^[^:"\\n]{0,20}?[ 「]${escaped(name)}(?=$|[^\\p{L}\\p{N}_])`, 'u').test(rest),
  )
  const column = names.sort((one, other) => other.length - one.length)[0] ?? null
  // The format has one line for each row: newlines in values are escaped.
  return { row: Number(match[1]) - 1, column }
}

function escaped(name: string): string {
  return name.replace(/[^\p{L}\p{N}]/gu, (sign) => `\\u{${(sign.codePointAt(0) as number).toString(16)}}`)
}
