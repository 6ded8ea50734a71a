/** Results as a table for the screen. */

import type { CaseResult, ContenderResult } from './result.js'

/** Gives a table of a result: one line a contender, the best first as ratios tell. */
export function toTable({ case: name, unit, contenders, ratios }: CaseResult): string {
  const extras = [...new Set(Object.values(contenders).flatMap(extraNames))]
  const head = [name, `median, ${unit}`, 'lowest', 'highest', 'ratio', ...extras]
  const lines = Object.entries(contenders).map(([contender, result]) => [
    contender,
    figure(result.median),
    figure(Math.min(...result.runs)),
    figure(Math.max(...result.runs)),
    ratios[contender] === undefined ? '' : ratios[contender].toFixed(2),
    ...extras.map((extra) => (typeof result[extra] === 'number' ? figure(result[extra]) : '')),
  ])
  const rows = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column === 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}

function extraNames(result: ContenderResult): readonly string[] {
  return Object.keys(result).filter((name) => name !== 'median' && name !== 'runs')
}

function pad(cell: string, width: number, isName: boolean): string {
  return isName ? cell.padEnd(width) : cell.padStart(width)
}

/** Gives a figure with thousands marked. */
export function figure(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: Math.abs(value) >= 1_000 ? 21 : 4 })
}
