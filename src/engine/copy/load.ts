/** What a caller wants loaded by COPY, checked and rendered. */

import { ValidationError, type ValidationIssue } from '../../errors.js'
import type { CallOptions } from '../call-limits.js'
import { isStorableText, UNSTORABLE_TEXT } from '../codec.js'
import { type CopyRows, RowSource } from './row-source.js'

/** How far a load is. */
export interface CopyProgress {
  /** Rows that were handed to the network. */
  readonly rows: number
  /** Bytes of COPY data that were handed to the network. */
  readonly bytes: number
}

/** Options of `copyInto`. */
export interface CopyOptions extends CallOptions {
  /** Called each time that some rows were handed to the network, about every 64 KiB. A promise that it gives is waited for
   *  before more are sent. What it throws or rejects with ends the load, and is passed on. */
  readonly onProgress?: ((progress: CopyProgress) => unknown) | undefined
}

/** Those that a load has beside the options of every call. */
export const COPY_OPTIONS = ['onProgress'] as const

/** One load. */
export interface CopyLoad {
  /** What errors call it. */
  readonly query: string
  /** The table's name without its schema, as the server's errors have it. */
  readonly relation: string
  readonly columns: readonly string[]
  /** Never executed: the server tells the columns' types by it. */
  readonly describeText: string
  readonly copyText: string
  readonly source: RowSource
  readonly onProgress: ((progress: CopyProgress) => unknown) | null
}

/** The name of a load in errors and in `pg_stat_activity`. */
export const COPY_INTO = 'copyInto'

/** PostgreSQL cuts longer identifiers, with a notice only: a name that is cut could mean another table. */
const MAX_NAME_BYTES = 63

/** Checks what a caller gives.
 *  @throws {ValidationError} when a name cannot be one, there are no columns, or the rows cannot be iterated */
export function toLoad(
  table: string,
  columns: readonly string[],
  rows: CopyRows,
  { onProgress }: CopyOptions,
): CopyLoad {
  const names = typeof table === 'string' ? table.split('.') : []
  const issues = [...tableIssues(names), ...columnIssues(columns)]
  if (!isIterable(rows)) issues.push({ path: 'rows', message: 'must be an iterable or async iterable of arrays' })
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    issues.push({ path: 'onProgress', message: 'must be a function' })
  }
  if (issues.length > 0) throw new ValidationError(COPY_INTO, issues)
  const target = names.map(quoted).join('.')
  const list = columns.map(quoted).join(', ')
  return {
    query: COPY_INTO,
    relation: names.at(-1) as string,
    columns,
    describeText: `SELECT ${list} FROM ${target}`,
    copyText: `/* ${COPY_INTO} */ COPY ${target} (${list}) FROM STDIN`,
    source: new RowSource(rows),
    onProgress: onProgress ?? null,
  }
}

function tableIssues(names: readonly string[]): ValidationIssue[] {
  if (names.length < 1 || names.length > 2) return [{ path: 'table', message: "must be 'table' or 'schema.table'" }]
  return names.flatMap((name) => nameIssues('table', name))
}

function columnIssues(columns: readonly string[]): ValidationIssue[] {
  if (!Array.isArray(columns)) return [{ path: 'columns', message: 'must be an array of names' }]
  if (columns.length === 0) return [{ path: 'columns', message: 'must name at least one column' }]
  return columns.flatMap((name, index) => nameIssues(`columns[${index}]`, name))
}

function nameIssues(path: string, name: unknown): ValidationIssue[] {
  if (typeof name !== 'string' || name === '') return [{ path, message: 'must be a name that is not empty' }]
  if (!isStorableText(name)) return [{ path, message: UNSTORABLE_TEXT }]
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return [{ path, message: `must be at most ${MAX_NAME_BYTES} bytes` }]
  return []
}

function isIterable(rows: unknown): boolean {
  return typeof rows === 'object' && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows)
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
