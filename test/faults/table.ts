/** The accounts as text. */

import type { FaultRow } from './fault.js'

const COLUMNS = [
  ['fault', 'fault'],
  ['operations', 'operations'],
  ['acked', 'acked'],
  ['failed', 'failed'],
  ['unknownResolved', 'unknown resolved'],
  ['unknownLeft', 'unknown left'],
  ['lost', 'lost'],
  ['ghost', 'ghost'],
  ['phantom', 'phantom'],
  ['duplicate', 'duplicate'],
  ['unsettled', 'unsettled'],
  ['recoveryMs', 'recovery (ms)'],
] as const satisfies readonly (readonly [keyof FaultRow, string])[]

/** Gives a row with exactly the keys of the accounts, in their order. */
export function accountsOf(row: FaultRow): FaultRow {
  return Object.fromEntries(COLUMNS.map(([key]) => [key, row[key]])) as unknown as FaultRow
}

/** Gives one aligned table, names to the left and numbers to the right. */
export function tableOf(rows: readonly FaultRow[]): string {
  const cells = [
    COLUMNS.map(([, title]) => title as string),
    ...rows.map((row) => COLUMNS.map(([key]) => `${row[key] ?? '-'}`)),
  ]
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  const pad = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  return cells.map((line) => line.map(pad).join('  ')).join('\n')
}
