/** Backs up a database, and restores it: a server by pg_dump, an embedded one by its folder. */

import { statSync } from 'node:fs'
import { resolveConfig } from '../config.js'
import { findWriter } from '../engine/hosts/find-writer.js'
import { BackupError } from '../errors.js'
import type { BackupOptions, BackupResult, RestoreOptions, RestoreResult } from './options.js'
import { type BackupKind, checkSeal } from './seal.js'

/** Writes a backup of a database to a new file, which only this user reads, and reads it back: the file is there when all of it
 *  is sound. A server's is an archive of pg_dump (custom format), which plain pg_restore takes too; that of an embedded server,
 *  which no process may use meanwhile, holds its data and its password.
 *  @throws {BackupError} when there is none; nothing is left of the file then
 *  @throws {ConfigError} when an option cannot be used
 *  @throws {ConnectionError} when the server cannot be reached
 *  @throws {EmbeddedServerError} when the embedded server does not start */
export async function backup(file: string, options: BackupOptions = {}): Promise<BackupResult> {
  const started = performance.now()
  const { url, force = false, onStep = () => {} } = options
  const config = resolveConfig(url === undefined ? {} : { url })
  const shared = { file, onStep, mayReplace: force }
  const result =
    'embeddedFolder' in config.target
      ? await (await import('./embedded-backup.js')).backupFolder({ ...shared, folder: config.target.embeddedFolder })
      : await (await import('./dump.js')).backupDatabase({
          ...shared,
          server: await findWriter(config.target, config),
          binFolder: binFolderOf(options),
          connectTimeoutMs: config.pool.connectTimeoutMs,
        })
  return { ...result, durationMs: Math.round(performance.now() - started) }
}

/** Restores a database from the file of {@link backup}: whole, or not at all. Checks the file's checksum first.
 *  @throws {BackupError} when the file is damaged, the database is not empty, or the server refuses it
 *  @throws {ConfigError} when an option cannot be used
 *  @throws {ConnectionError} when the server cannot be reached
 *  @throws {EmbeddedServerError} when the embedded server does not start */
export async function restore(file: string, options: RestoreOptions = {}): Promise<RestoreResult> {
  const started = performance.now()
  const { url, replace = false, owners = false, unsealed = false, onStep = () => {} } = options
  const config = resolveConfig(url === undefined ? {} : { url })
  const isEmbedded = 'embeddedFolder' in config.target
  const { kind, bytes } = await checkSeal(file, unsealed)
  refuseOtherKind(file, kind, isEmbedded)
  const shared = { file, onStep, bytes, replace }
  const result =
    'embeddedFolder' in config.target
      ? await (await import('./embedded-restore.js')).restoreFolder({ ...shared, folder: config.target.embeddedFolder })
      : await (await import('./load.js')).restoreDatabase({
          ...shared,
          owners,
          server: await findWriter(config.target, config),
          binFolder: binFolderOf(options),
          connectTimeoutMs: config.pool.connectTimeoutMs,
        })
  return { ...result, bytes: statSync(file).size, durationMs: Math.round(performance.now() - started) }
}

function binFolderOf({ binFolder }: Pick<BackupOptions, 'binFolder'>): string | undefined {
  const variable = process.env.ASHLAR_PG_BIN
  return binFolder ?? (variable === '' ? undefined : variable)
}

function refuseOtherKind(file: string, kind: BackupKind, isEmbedded: boolean): void {
  if ((kind === 'folder') === isEmbedded) return
  throw new BackupError(
    'not-a-backup',
    file,
    kind === 'folder'
      ? `${file} is the folder of an embedded server: restore it to one, as in --url embedded:./.ashlar`
      : `${file} is a dump of a server, not the folder of an embedded one: restore it by a postgres:// URL, such as that of a running embedded server`,
  )
}
