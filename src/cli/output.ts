/** What the command line prints: results to stdout, progress and errors to stderr. */

import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'

/** One row of a table, cells by column. */
export type Cells = Readonly<Record<string, string | number>>

/** Prints a value as JSON, for programs. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** Prints a line for people. */
export function printLine(line = ''): void {
  write(process.stdout, line)
}

/** Prints a note about the work itself, where it does not mix with results. */
export function printNote(line: string): void {
  write(process.stderr, line)
}

/** picocolors looks at stdout alone, and takes CI=true for a terminal. */
function write(stream: NodeJS.WriteStream, line: string): void {
  const isColored = stream.isTTY || Boolean(process.env.FORCE_COLOR)
  stream.write(`${isColored ? line : stripVTControlCharacters(line)}\n`)
}

/** Lays rows out in columns: numbers to the right, texts to the left, no wider than needed. */
export function formatTable(rows: readonly Cells[]): string {
  const columns = Object.keys(rows[0] ?? {})
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => String(row[column]).length)))
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, index) => alignCell(cell, widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  return [pc.dim(line(columns)), ...rows.map((row) => line(columns.map((column) => row[column] ?? '')))].join('\n')
}

function alignCell(cell: string | number, width: number): string {
  return typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width)
}
