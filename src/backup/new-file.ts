/** A file that is there whole or not at all. */

import { createHash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs'
import { link, open, readdir, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { isRunning } from '../embedded/process-identity.js'
import { BackupError } from '../errors.js'

/** Has `write` fill a file that only its owner reads, under another name beside it, and gives it its name at the end. When
 *  `write` fails, or the process exits before, nothing is left; what a killed one leaves, the next removes. `mayReplace`: whether a file of the name may be there.
 *  @throws {BackupError} `file-exists`, `file`, or what `write` throws */
export async function writeNewFile<T>(
  file: string,
  mayReplace: boolean,
  write: (partial: string) => Promise<T>,
): Promise<T> {
  const path = resolve(file)
  if (existsSync(path) && statSync(path).isDirectory())
    throw new BackupError('file', file, `${file} is a folder: name a file in it`)
  if (!mayReplace && existsSync(path)) throw taken(file)
  await removeLeftovers(path)
  const partial = join(dirname(path), `${partialPrefix(path)}${process.pid}-${randomBytes(6).toString('hex')}`)
  const remove = (): void => rmSync(partial, { force: true })
  process.on('exit', remove)
  try {
    closeSync(openSync(partial, 'wx', 0o600))
    const result = await write(partial)
    await toDisk(partial)
    await (mayReplace ? rename(partial, path) : publish(partial, path, file))
    await toDisk(dirname(path)).catch(() => {})
    return result
  } catch (error) {
    throw fileError(file, error)
  } finally {
    remove()
    process.off('exit', remove)
  }
}

/** Names the machine: on a shared disk, a process of another one is not known to be dead. */
function partialPrefix(path: string): string {
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
  return `.${basename(path)}.partial-${machine}-`
}

/** What processes left that were killed while they wrote the file. */
async function removeLeftovers(path: string): Promise<void> {
  const prefix = partialPrefix(path)
  const names = await readdir(dirname(path)).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const [, pid] = /^(\d+)-[0-9a-f]{12}$/.exec(name.slice(prefix.length)) ?? []
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(join(dirname(path), name), { force: true }).catch(() => {})
  }
}

/** Unlike a rename, a link does not replace what another process wrote in the meantime. */
async function publish(partial: string, path: string, file: string): Promise<void> {
  try {
    await link(partial, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(file)
    // A file system without links.
    if (existsSync(path)) throw taken(file)
    await rename(partial, path)
  }
}

function taken(file: string): BackupError {
  return new BackupError(
    'file-exists',
    file,
    `${file} is there already: name another file, or give --force to replace it`,
  )
}

/** Waits until a file or folder is on disk. */
export async function toDisk(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room, or name a file on another disk',
  EDQUOT: 'the quota of this user is used up: make room, or name a file on another disk',
  ENOENT: 'its folder does not exist: make it first',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the disk is read-only',
}

/** Gives the error to throw when writing a file failed. */
export function fileError(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof BackupError || code === undefined || !/^E[A-Z]+$/.test(code)) return error
  return new BackupError('file', file, `${file} cannot be written (${code}): ${advice[code] ?? 'name another file'}`)
}
