/** Restores a database by pg_restore and psql. pg_restore writes SQL and psql runs it, since a transaction of pg_restore's own could
 *  neither drop what was there before nor compare the rows at its end. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerTarget } from '../config.js'
import { type LoneSession, openLoneSession } from '../engine/lone-session.js'
import { BackupError } from '../errors.js'
import { PROJECT_TABLE } from '../migrate/source.js'
import { type MigrationName, migrationStatus } from '../migrate/status.js'
import { type Contents, readContents, readRows } from './archive.js'
import { backupSql } from './backup-sql.js'
import { readFacts, type ServerFacts } from './dump.js'
import type { RestoreResult, Task } from './options.js'
import { runScript } from './script.js'
import { findTool } from './tool.js'
import { toolEnvironment, withPrivateFolder } from './tool-environment.js'

/** What a database is restored with. */
export interface LoadTask extends Task {
  readonly server: ServerTarget
  readonly binFolder: string | undefined
  readonly connectTimeoutMs: number
  /** Of the file, without its seal. */
  readonly bytes: number
  readonly replace: boolean
  readonly owners: boolean
}

/** How many objects a message names. */
const MAX_NAMED = 5

/** Restores a dump, all of it or nothing.
 *  @throws {BackupError} when it cannot; the database is as it was then, unless its `outcome` is `unknown`
 *  @throws {ConnectionError} when the server cannot be reached */
export async function restoreDatabase(task: LoadTask): Promise<Omit<RestoreResult, 'durationMs'>> {
  const { file, server, binFolder, connectTimeoutMs, onStep } = task
  const [restore, psql] = await Promise.all([
    findTool('pg_restore', binFolder, file),
    findTool('psql', binFolder, file),
  ])
  const contents = await readContents(restore, file)
  onStep(`pg_restore ${restore.version} reads the whole file`)
  const rows = await readRows(restore, file)
  return await withPrivateFolder(async (folder) => {
    const naming = { folder, connectTimeoutMs, applicationName: 'ashlar restore' }
    const environment = await toolEnvironment(server, naming)
    const session = await openLoneSession(server, { ...naming, commandTimeoutMs: null })
    try {
      const facts = await readFacts(session)
      refuseNewer(contents, facts, file)
      const dropped = await findObstacles(session, task)
      const total = [...rows.values()].reduce((sum, count) => sum + count, 0)
      if (dropped.length > 0) onStep(`drops ${dropped.join(', ')}`)
      onStep(`restores ${contents.tables.size} tables and ${total} rows into PostgreSQL ${facts.version}`)
      const list = join(folder, 'contents')
      writeFileSync(list, await contentsFor(session, contents), { mode: 0o600 })
      await runScript({
        ...task,
        tools: { restore, psql },
        environment,
        args: restoreArguments(list, task),
        isOldServer: facts.major < 17,
        before: await prologue(session, facts, task),
        rows,
      })
      onStep('gathers statistics')
      await session.query(backupSql.analyze)
      return {
        file,
        bytes: task.bytes,
        kind: 'dump',
        tables: contents.tables.size,
        rows: total,
        postgresVersion: facts.version,
        dropped,
        migrations: await migrationsOf(session),
      }
    } finally {
      await session.close()
    }
  })
}

function restoreArguments(list: string, { file, owners }: LoadTask): readonly string[] {
  return [
    '--file=-',
    '--exit-on-error',
    `--use-list=${list}`,
    ...(owners ? [] : ['--no-owner', '--no-privileges']),
    file,
  ]
}

/** What a later server wrote, an earlier one may not know; pg_dump's manual promises nothing. */
function refuseNewer({ serverVersion, serverMajor }: Contents, { version, major }: ServerFacts, file: string): void {
  if (serverMajor <= major) return
  throw new BackupError(
    'version',
    file,
    `${file} is of PostgreSQL ${serverVersion}, and the server is PostgreSQL ${version}: restore it into a server of PostgreSQL ${serverMajor} or later`,
  )
}

/** Gives what is to be dropped. */
async function findObstacles(session: LoneSession, { file, server, replace }: LoadTask): Promise<readonly string[]> {
  const found = (await session.query<{ name: string }>(backupSql.found)).map(({ name }) => name)
  if (found.length === 0 || replace) return found
  const more = found.length > MAX_NAMED ? ` and ${found.length - MAX_NAMED} more` : ''
  throw new BackupError(
    'not-empty',
    file,
    `database ${server.database} is not empty, it holds ${found.slice(0, MAX_NAMED).join(', ')}${more}: name an empty database, or give --replace, which drops all of that in the same transaction`,
  )
}

/** Leaves out extensions that are there: they stay, and their comments are their owner's. */
async function contentsFor(session: LoneSession, { lines }: Contents): Promise<string> {
  const there = new Set((await session.query<{ name: string }>(backupSql.extensions)).map(({ name }) => name))
  const isThere = (line: string): boolean => {
    const name = /^\d+; \d+ \d+ (?:EXTENSION - (\S+)|COMMENT - EXTENSION "?([^" ]+))/.exec(line)
    return there.has(name?.[1] ?? name?.[2] ?? '')
  }
  return lines.filter((line) => !isThere(line)).join('\n')
}

/** What comes before the archive's own statements. Objects belong to the database's owner, so that those which an administrator
 *  restores serve the application's role that `ashlar init` made. */
async function prologue(session: LoneSession, { owner }: ServerFacts, task: LoadTask): Promise<string> {
  const drop = task.replace ? backupSql.dropAll : ''
  const start = `${backupSql.begin}${drop}`
  if (task.owners || owner === task.server.user) return start
  const [row] = await session.query<{ mayBecome: boolean }>(backupSql.mayBecome, [owner])
  return row?.mayBecome ? `${start}${backupSql.become(owner)}` : start
}

async function projectMigrations(session: Pick<LoneSession, 'query'>): Promise<number | null> {
  const [list] = await session.query<{ isThere: boolean }>(backupSql.hasList, [PROJECT_TABLE])
  if (list?.isThere !== true) return null
  const [row] = await session.query<{ applied: number }>(backupSql.countList(PROJECT_TABLE))
  return row?.applied ?? null
}

/** Tells where migrations stand: ashlar's own by their files, those of an application by their list. */
export async function migrationsOf(session: Pick<LoneSession, 'query'>): Promise<RestoreResult['migrations']> {
  const { applied, pending, missing } = await migrationStatus(session)
  const nameOf = ({ name }: MigrationName): string => name
  return {
    applied: applied.length,
    pending: pending.map(nameOf),
    missing: missing.map(nameOf),
    project: await projectMigrations(session),
  }
}
