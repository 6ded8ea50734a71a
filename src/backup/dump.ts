/** Backs up a database by pg_dump. */

import { statSync } from 'node:fs'
import type { ServerTarget } from '../config.js'
import { type LoneSession, openLoneSession } from '../engine/lone-session.js'
import { BackupError } from '../errors.js'
import { readContents, readRows } from './archive.js'
import { backupSql } from './backup-sql.js'
import { writeNewFile } from './new-file.js'
import type { BackupResult, Task } from './options.js'
import { seal } from './seal.js'
import { failureIn, findTool, startTool, type Tool, type ToolEnvironment } from './tool.js'
import { toolEnvironment, withPrivateFolder } from './tool-environment.js'

/** What a database is dumped with. */
export interface DumpTask extends Task {
  readonly server: ServerTarget
  readonly binFolder: string | undefined
  readonly connectTimeoutMs: number
  readonly mayReplace: boolean
}

/** What a server says of itself and the database. */
export interface ServerFacts {
  readonly version: string
  readonly major: number
  readonly encoding: string
  /** Of the database. */
  readonly owner: string
}

/** How many tables a message names. */
const MAX_NAMED = 3

/** Dumps a database into a new file and reads it back, all of it.
 *  @throws {BackupError} when it cannot; nothing is left of the file then
 *  @throws {ConnectionError} when the server cannot be reached */
export async function backupDatabase(task: DumpTask): Promise<Omit<BackupResult, 'durationMs'>> {
  const { file, server, binFolder, connectTimeoutMs } = task
  const [dump, restore] = await Promise.all([
    findTool('pg_dump', binFolder, file),
    findTool('pg_restore', binFolder, file),
  ])
  return await withPrivateFolder(async (folder) => {
    const naming = { folder, connectTimeoutMs, applicationName: 'ashlar backup' }
    const environment = await toolEnvironment(server, naming)
    const session = await openLoneSession(server, { ...naming, commandTimeoutMs: null })
    try {
      const facts = await readFacts(session)
      refuseOlder(dump, facts, file)
      return await writeNewFile(file, task.mayReplace, (partial) =>
        dumpInto(partial, { ...task, dump, restore, environment, session, facts }),
      )
    } finally {
      await session.close()
    }
  })
}

/** Asks the server about itself and the database. */
export async function readFacts(session: Pick<LoneSession, 'query'>): Promise<ServerFacts> {
  const [facts] = await session.query<ServerFacts>(backupSql.server)
  if (facts === undefined) throw new Error('the server gave no row')
  return facts
}

/** pg_dump says so too, but names neither what to install nor the option. */
function refuseOlder(dump: Tool, { version, major }: ServerFacts, file: string): void {
  if (dump.major >= major) return
  throw new BackupError(
    'version',
    file,
    `pg_dump ${dump.version} cannot dump a server of PostgreSQL ${version}: install the client programs of PostgreSQL ${major} (\`apt-get install postgresql-client-${major}\`), or name their folder by --bin-dir or ASHLAR_PG_BIN`,
  )
}

interface DumpTools extends DumpTask {
  readonly dump: Tool
  readonly restore: Tool
  readonly environment: ToolEnvironment
  readonly session: LoneSession
  readonly facts: ServerFacts
}

async function dumpInto(partial: string, task: DumpTools): Promise<Omit<BackupResult, 'durationMs'>> {
  const { file, session, restore, facts, onStep } = task
  // The dump and the list that it is compared with are of one moment.
  await session.query(backupSql.beginSnapshot)
  await session.query(backupSql.waitForEver)
  const tables = await session.query<{ oid: string; name: string }>(backupSql.tables)
  const [snapshot] = await session.query<{ id: string }>(backupSql.snapshot)
  onStep(`pg_dump ${task.dump.version} reads ${tables.length} tables of PostgreSQL ${facts.version}`)
  await runDump(partial, snapshot?.id ?? '', task)
  await session.query(backupSql.endSnapshot)
  onStep(`pg_restore ${restore.version} reads the file back`)
  const contents = await readContents(restore, file, partial)
  const missing = tables.filter(({ oid }) => !contents.tables.has(oid)).map(({ name }) => name)
  if (missing.length > 0) {
    const more = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : ''
    throw new BackupError(
      'incomplete',
      file,
      `pg_dump left out ${missing.slice(0, MAX_NAMED).join(', ')}${more}, which the database has; no file was written`,
    )
  }
  const rows = await readRows(restore, file, partial)
  await seal(partial)
  return {
    file,
    bytes: statSync(partial).size,
    kind: 'dump',
    tables: contents.tables.size,
    rows: [...rows.values()].reduce((sum, count) => sum + count, 0),
    postgresVersion: facts.version,
  }
}

async function runDump(partial: string, snapshot: string, { file, dump, environment }: DumpTools): Promise<void> {
  // A name, not standard output: pg_dump goes back to write down where each table's rows begin.
  const args = ['--format=custom', '--no-password', `--snapshot=${snapshot}`, `--file=${partial}`]
  const end = await startTool(dump, args, environment).ended
  if (end.exitCode === 0) return
  const reason = failureIn(end)
  throw new BackupError('refused', file, `pg_dump failed: ${reason}${adviceOn(reason)}; no file was written`)
}

function adviceOn(reason: string): string {
  if (reason.includes('permission denied')) return ': use the URL of the role that owns the database, or of a superuser'
  return reason.includes('No space left') ? ': the disk is full, make room or name a file on another disk' : ''
}
