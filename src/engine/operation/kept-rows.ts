/** Results of statements as they are kept: the names of the columns once, in their order, which JSONB would not keep. */

import type { RawResult } from '../session.js'

/** What is kept of a result. */
export interface KeptRows {
  readonly names: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  readonly rowCount: number | null
  readonly command: string
}

export function toKept({ rows, rowCount, command }: RawResult): KeptRows {
  const names = Object.keys(rows[0] ?? {})
  return { names, rows: rows.map((row) => names.map((name) => row[name])), rowCount, command }
}

export function toResult({ names, rows, rowCount, command }: KeptRows): RawResult {
  const objects = rows.map((values) => Object.fromEntries(names.map((name, index) => [name, values[index]])))
  return { rows: objects, rowCount, command, status: 'I', hasMore: false }
}
