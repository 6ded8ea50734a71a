/** What the command line prints: results to stdout, progress and errors to stderr. */

import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'

/** Writes a number with its noun: `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** One row of a table, cells by column. */
export type Cells = Readonly<Record<string, string | number>>

/** Prints a value as JSON, for programs. */
export function printJson(value: unknown): void {
  // JSON escapes only those control characters that are below a space.
  const text = JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, (found) => {
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  process.stdout.write(`${text}\n`)
}

/** Prints a line for people. */
export function printLine(line = ''): void {
  write(process.stdout, line)
}

/** Prints what commander says of wrong usage, which repeats the arguments. */
export function printUsageError(text: string): void {
  write(process.stderr, withoutCredentials(text).replace(/\n$/, ''))
}

/** Prints a note about the work itself, where it does not mix with results. */
export function printNote(line: string): void {
  write(process.stderr, line)
}

/** picocolors looks at stdout alone, and takes CI=true for a terminal. */
function write(stream: NodeJS.WriteStream, line: string): void {
  const isColored = stream.isTTY || Boolean(process.env.FORCE_COLOR)
  stream.write(`${withoutControls(isColored ? line : stripVTControlCharacters(line))}\n`)
}

const ESCAPE = '\u001b'

/** Takes out what a terminal would obey: servers and certificates say what they like. Colours and line ends stay. */
function withoutControls(line: string): string {
  return line.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069](\[\d{1,2}m)?/gu, (found, color = '') => {
    const isKept = found[0] === '\n' || found[0] === '\t' || (found[0] === ESCAPE && color !== '')
    return isKept ? found : color
  })
}

/** Gives a text from outside as a part of one line: without colours and line ends, too. */
export function plainText(text: string): string {
  return withoutControls(stripVTControlCharacters(text).replace(/\s+/g, ' '))
}

/** Hides user and password of every URL in a text. */
function withoutCredentials(text: string): string {
  return text.replace(/:\/\/.*@/g, '://[hidden]@')
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
