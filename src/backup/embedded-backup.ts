/** Backs up an embedded server: stops it, and archives its folder. */

import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import type { ServerTarget } from '../config.js'
import { withFolderLock } from '../embedded/folder-lock.js'
import { isServed } from '../embedded/served.js'
import { type EmbeddedServer, startEmbeddedServer } from '../embedded/server.js'
import { deadlineIn } from '../embedded/waiting.js'
import { type LoneSession, openLoneSession } from '../engine/lone-session.js'
import { BackupError } from '../errors.js'
import { Secret } from '../secret.js'
import { backupSql } from './backup-sql.js'
import { readFacts, type ServerFacts } from './dump.js'
import { type FolderFacts, writeArchive } from './folder-archive.js'
import { readArchive } from './folder-reader.js'
import { writeNewFile } from './new-file.js'
import type { BackupResult, Task } from './options.js'
import { seal } from './seal.js'

/** Longest wait for another process that starts or stops the folder's server. */
export const LOCK_TIMEOUT_MS = 30_000

const CONNECT_TIMEOUT_MS = 5_000

/** What an embedded server is backed up with. */
export interface FolderBackupTask extends Task {
  readonly folder: string
  readonly mayReplace: boolean
}

/** Archives the folder of an embedded server that nobody uses, and reads the archive back, all of it. The server is started once
 *  before: what cannot start is no backup, and a server that was killed repairs its data then.
 *  @throws {BackupError} when it cannot; nothing is left of the file then
 *  @throws {EmbeddedServerError} when the server cannot be started */
export async function backupFolder(task: FolderBackupTask): Promise<Omit<BackupResult, 'durationMs'>> {
  const { file, onStep } = task
  const folder = existingFolder(task.folder, file)
  if (liesIn(file, realpathSync(join(folder, 'data')))) {
    throw new BackupError('file', file, `${file} lies among the data that it is a backup of: name a file elsewhere`)
  }
  return await writeNewFile(file, task.mayReplace, async (partial) => {
    onStep(`starts the server of ${folder} to see that it works, and stops it`)
    const { facts, tables } = await withServer(folder, file, async (session) => ({
      facts: await readFacts(session),
      tables: (await session.query(backupSql.tables)).length,
    }))
    await withFolderLock(folder, deadlineIn(LOCK_TIMEOUT_MS), async () => {
      if (isServed(folder)) throw inUse(folder, file)
      onStep('archives its folder')
      await writeArchive(partial, { folder, facts: describe(facts, tables), file })
    })
    onStep('reads the file back')
    await readArchive({ file, archive: partial, bytes: statSync(partial).size, into: null })
    await seal(partial)
    return { file, bytes: statSync(partial).size, kind: 'folder', tables, rows: null, postgresVersion: facts.version }
  })
}

/** Symbolic links followed; a folder that is not there is told where the file is made. */
function liesIn(file: string, folder: string): boolean {
  const parent = dirname(resolve(file))
  return existsSync(parent) && join(realpathSync(parent), sep).startsWith(join(folder, sep))
}

function existingFolder(path: string, file: string): string {
  const folder = resolve(path)
  if (path !== 'temp' && existsSync(join(folder, 'data'))) return realpathSync(folder)
  throw new BackupError(
    'refused',
    file,
    path === 'temp'
      ? 'embedded:temp is a new server for each connect(): there is nothing to back up'
      : `${folder} holds no embedded server: name the folder of one, as in embedded:./.ashlar`,
  )
}

function describe({ version }: ServerFacts, tables: number): FolderFacts {
  const { version: ashlar } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  const { platform, arch } = process
  return { format: 1, ashlar, postgres: version, platform, arch, tables, createdAt: new Date().toISOString() }
}

/** Starts a folder's server for `work`, and stops it.
 *  @throws {BackupError} `in-use` when another process has it */
export async function withServer<T>(
  folder: string,
  file: string,
  work: (session: Pick<LoneSession, 'query'>) => Promise<T>,
): Promise<T> {
  const server = await startEmbeddedServer({ folder })
  if (server.origin === 'borrowed') throw inUse(folder, file)
  try {
    const limits = { connectTimeoutMs: CONNECT_TIMEOUT_MS, commandTimeoutMs: null, applicationName: 'ashlar backup' }
    const session = await openLoneSession(targetOf(server), limits)
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  } finally {
    await server.close()
  }
}

function targetOf({ host, port, user, password, database }: EmbeddedServer): ServerTarget {
  return { host, port, user, database, password: new Secret(password), tls: 'disable' }
}

/** Says that a folder's server runs. */
export function inUse(folder: string, file: string): BackupError {
  return new BackupError(
    'in-use',
    file,
    `the server of ${folder} is in use: stop the process that runs it (\`ashlar dev\`, or the application) first; data that changes cannot be copied`,
  )
}
