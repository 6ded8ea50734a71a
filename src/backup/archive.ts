/** What an archive of pg_dump holds, as pg_restore tells it. */

import type { Readable } from 'node:stream'
import { BackupError } from '../errors.js'
import { baseEnvironment, failureIn, startTool, type Tool } from './tool.js'

/** An archive's table of contents. */
export interface Contents {
  /** The server's version at the time: `15.18`. */
  readonly serverVersion: string
  readonly serverMajor: number
  /** By their number on that server. */
  readonly tables: ReadonlySet<string>
  /** For `pg_restore --use-list`. */
  readonly lines: readonly string[]
}

/** Reads the table of contents.
 *  @throws {BackupError} `damaged`; `version` when pg_restore is older than the pg_dump that wrote it */
export async function readContents(restore: Tool, file: string, archive = file): Promise<Contents> {
  const listing = startTool(restore, ['--list', archive], baseEnvironment())
  const chunks: string[] = []
  listing.stdout.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
  const end = await listing.ended
  if (end.exitCode !== 0) throw unreadable(restore, file, failureIn(end))
  const lines = chunks.join('').split('\n')
  const version = lines
    .map((line) => /^;\s+Dumped from database version: ((\d+)\S*)/.exec(line))
    .find((found) => found !== null)
  // 1259 is pg_class: of a table itself, not of its rows or its attachment.
  const tables = lines.flatMap((line) => /^\d+; 1259 (\d+) TABLE /.exec(line)?.[1] ?? [])
  return {
    serverVersion: version?.[1] ?? 'unknown',
    serverMajor: Number(version?.[2] ?? 0),
    tables: new Set(tables),
    lines,
  }
}

/** Reads the whole archive, every block of it, and counts the rows of each table. Names are quoted, and a character is a byte of
 *  the database's encoding.
 *  @throws {BackupError} `damaged` */
export async function readRows(restore: Tool, file: string, archive = file): Promise<ReadonlyMap<string, number>> {
  const reading = startTool(restore, ['--data-only', '--file=-', archive], baseEnvironment())
  const [rows, end] = await Promise.all([countRows(reading.stdout), reading.ended])
  if (end.exitCode !== 0) throw unreadable(restore, file, failureIn(end))
  if (rows === null) throw unreadable(restore, file, 'the rows of a table have no end')
  return rows
}

function unreadable(restore: Tool, file: string, reason: string): BackupError {
  if (reason.includes('unsupported version')) {
    return new BackupError(
      'version',
      file,
      `${file} was written by a later pg_dump than pg_restore ${restore.version} can read (${reason}): install later client programs, or name their folder by --bin-dir`,
    )
  }
  return new BackupError(
    'damaged',
    file,
    `${file} cannot be read by pg_restore ${restore.version}: ${reason}; use another copy`,
  )
}

const LINE_END = 10
const NAME = String.raw`(?:"(?:[^"]|"")+"|[^\s".(]+)`
const COPY = new RegExp(String.raw`^COPY (${NAME}\.${NAME}) (?:\(.*\))? ?FROM stdin;$`)

/** Counts the lines between each `COPY ... FROM stdin;` and its `\.`: a row is one line, whatever it holds. Null when the
 *  script ends among them. Keeps no more than a piece of it. */
export async function countRows(script: Readable | AsyncIterable<Buffer>): Promise<ReadonlyMap<string, number> | null> {
  const rows = new Map<string, number>()
  let table: string | null = null
  // The beginning of a line that the next chunk ends. Of a row, two characters are enough.
  let begun = ''
  for await (const chunk of script as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; ) {
      const end = chunk.indexOf(LINE_END, from)
      const until = end === -1 ? chunk.length : end
      const most = table === null ? until : Math.min(until, from + Math.max(0, 3 - begun.length))
      begun += chunk.toString('latin1', from, most)
      from = until + 1
      if (end === -1) break
      if (table === null) {
        table = COPY.exec(begun)?.[1] ?? null
        if (table !== null) rows.set(table, rows.get(table) ?? 0)
      } else if (begun === '\\.') table = null
      else rows.set(table, (rows.get(table) ?? 0) + 1)
      begun = ''
    }
  }
  return table === null ? rows : null
}
