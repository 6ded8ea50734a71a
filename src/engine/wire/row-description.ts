/** What the server tells of a statement's columns (PostgreSQL manual, section 54.7, RowDescription). */

import { textOf } from '../byte-text.js'
import type { Column } from '../row-shape.js'

/** Between a column's type and the next column: its size (2), modifier (4) and format (2). */
const BEHIND_TYPE = 8

/** Reads names and types; where a column comes from is passed over. */
export function readColumns(bytes: Buffer, start: number): readonly Column[] {
  const count = bytes.readInt16BE(start)
  let at = start + 2
  return Array.from({ length: count }, () => {
    const end = bytes.indexOf(0, at)
    const name = textOf(bytes, at, end)
    const typeAt = end + 1 + 4 + 2
    at = typeAt + 4 + BEHIND_TYPE
    return { name, dataTypeID: bytes.readUInt32BE(typeAt) }
  })
}
