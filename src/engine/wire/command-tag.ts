/** Command tags: `INSERT 0 5`, `SELECT 3`, `COMMIT` (PostgreSQL manual, section 54.7, CommandComplete). */

import { asciiOf } from '../byte-text.js'

const ZERO = 48

/** Gives the number of rows, which stands last; null where the tag has none. */
export function countOf(bytes: Buffer, start: number, end: number): number | null {
  // The last byte is a NUL.
  let at = end - 2
  let count = 0
  for (let unit = 1; at >= start; unit *= 10, at -= 1) {
    const digit = (bytes[at] as number) - ZERO
    if (digit < 0 || digit > 9) break
    count += digit * unit
  }
  return at === end - 2 ? null : count
}

/** Gives the words in front of the numbers: `INSERT`, `CREATE TABLE`. */
export function commandOf(bytes: Buffer, start: number, end: number): string {
  return asciiOf(bytes, start, end - 1).replace(/( \d+)+$/, '')
}
