/** Swaps the data of an embedded server's folder, and makes good a swap that was ended in between. */

import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { replacedPrefix, restoringPrefix } from '../embedded/folder.js'
import { withFolderLock } from '../embedded/folder-lock.js'
import { signal } from '../embedded/postmaster.js'
import { servesFolder, stateOf } from '../embedded/process-identity.js'
import { isServed } from '../embedded/served.js'
import { readPostmasterFile } from '../embedded/state-file.js'
import { deadlineIn } from '../embedded/waiting.js'
import { BackupError } from '../errors.js'
import { inUse, LOCK_TIMEOUT_MS } from './embedded-backup.js'
import { fileError } from './new-file.js'

interface SwapTask {
  readonly file: string
  readonly replace: boolean
}

/** Puts the new data in the place of the old. server.json goes first and comes last: data without it is refused at the next
 *  start, so that a process killed in between loses nothing, and {@link putBack} makes good what it left. */
export async function swap(folder: string, staging: string, { file, replace }: SwapTask): Promise<void> {
  await withFolderLock(folder, deadlineIn(LOCK_TIMEOUT_MS), async () => {
    if (isServed(folder)) throw inUse(folder, file)
    if (existsSync(join(folder, 'data')) && !replace)
      throw new BackupError('not-empty', file, `${folder} holds data by now`)
    const old = mkdtempSync(join(folder, replacedPrefix))
    const moves = [
      ...['server.json', 'data'].map((name) => [join(folder, name), join(old, name)] as const),
      ...['data', 'server.json'].map((name) => [join(staging, name), join(folder, name)] as const),
    ].filter(([from], index) => index > 1 || existsSync(from))
    const done: (readonly [string, string])[] = []
    try {
      for (const move of moves) {
        renameSync(...move)
        done.push(move)
      }
    } catch (error) {
      for (const [from, to] of done.reverse()) renameSync(to, from)
      rmSync(old, { recursive: true, force: true })
      throw fileError(folder, error)
    }
    rmSync(old, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 })
  })
}

/** Makes good what restores left that were killed: puts what was there back where the new data was not whole yet, and
 *  removes what nobody needs. */
export async function putBack(path: string): Promise<void> {
  const folder = resolve(path)
  if (!existsSync(folder) || !readdirSync(folder).some((name) => OLD.test(name) || STAGING.test(name))) return
  await withFolderLock(folder, deadlineIn(LOCK_TIMEOUT_MS), async () => {
    const names = readdirSync(folder)
    const old = names
      .filter((name) => OLD.test(name))
      .map((name) => join(folder, name))
      .filter(holdsData)
    const server = join(folder, 'server.json')
    const [only] = old
    if (old.length === 1 && only !== undefined && !existsSync(server) && !isServed(folder)) undo(only, folder)
    const staging = names.filter((name) => STAGING.test(name)).map((name) => join(folder, name))
    for (const each of [...(existsSync(server) ? old : []), ...staging.filter(isAbandoned)]) removeWithServer(each)
  })
}

const OLD = new RegExp(`^${replacedPrefix}\\w{6}$`)
const STAGING = new RegExp(`^${restoringPrefix}(\\d+)-\\w{6}$`)

/** Others may keep a folder of such a name. */
function holdsData(folder: string): boolean {
  return readdirSync(folder).every((name) => name === 'data' || name === 'server.json')
}

function undo(old: string, folder: string): void {
  for (const name of ['data', 'server.json']) {
    if (!existsSync(join(old, name))) continue
    // What came: it has no server.json yet.
    rmSync(join(folder, name), { recursive: true, force: true })
    renameSync(join(old, name), join(folder, name))
  }
}

function isAbandoned(folder: string): boolean {
  return stateOf({ pid: Number(STAGING.exec(basename(folder))?.[1]), start: null }) === 'dead'
}

/** Removes a folder that a restore worked in, and ends a server that still runs there. */
export function removeWithServer(folder: string): void {
  const pid = readPostmasterFile(join(folder, 'data'))?.pid ?? null
  if (pid !== null && servesFolder(pid, join(folder, 'data')) === 'yes') signal(pid, 'SIGQUIT')
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}
