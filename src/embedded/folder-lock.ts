import { randomUUID } from 'node:crypto'
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedServerError } from '../errors.js'
import { codeOf, readOrNull } from './file-access.js'
import { startIdentity, stateOf } from './process-identity.js'
import { type Deadline, pause } from './waiting.js'

// For a lock whose holder cannot be judged: empty, which it is only for microseconds after its creation, or of a process in
// another container. A start takes 1 to 2 s.
const unknownForTooLongMs = 10_000

interface Holder {
  readonly token: string
  readonly pid: number
  readonly start: string | null
}

function parseHolder(text: string): Holder | null {
  const [token, pid, start] = text.split('\n')
  if (token === undefined || token === '' || start === undefined || !Number.isSafeInteger(Number(pid))) return null
  return { token, pid: Number(pid), start: start === '' ? null : start }
}

function createFile(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o644 })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function isStale(file: string, text: string): boolean {
  const holder = parseHolder(text)
  const state = holder === null ? 'elsewhere' : stateOf(holder)
  if (state !== 'elsewhere') return state === 'dead'
  try {
    return Date.now() - statSync(file).mtimeMs > unknownForTooLongMs
  } catch {
    return false
  }
}

/** Replaces the lock of a dead holder. The guard file makes one process at a time the heir, and the second look keeps one
 *  that was slow from replacing the lock of the heir before it. */
function takeOver(file: string, seen: string, mine: string): boolean {
  const guard = `${file}.takeover`
  if (!createFile(guard, mine)) {
    const other = readOrNull(guard)
    if (other !== null && isStale(guard, other)) rmSync(guard, { force: true })
    return false
  }
  try {
    if (readOrNull(file) !== seen) return false
    const own = `${file}.${process.pid}`
    writeFileSync(own, mine, { mode: 0o644 })
    renameSync(own, file)
    return true
  } finally {
    rmSync(guard, { force: true })
  }
}

async function acquire(file: string, mine: string, folder: string, deadline: Deadline): Promise<void> {
  while (!createFile(file, mine)) {
    const seen = readOrNull(file)
    if (seen !== null && isStale(file, seen) && takeOver(file, seen, mine)) return
    if (deadline.isOver()) {
      const pid = parseHolder(seen ?? '')?.pid
      throw new EmbeddedServerError(
        'folder-in-use',
        `${pid === undefined ? 'another process' : `process ${pid}`} has been starting or stopping the server of ${folder} for ${deadline.totalMs} ms: wait for it, or end it`,
      )
    }
    await pause()
  }
}

/** Runs the work while no other process, and no other call in this one, starts or stops the server of the folder.
 *  The lock of a holder that died is taken over.
 *  @throws {EmbeddedServerError} `folder-in-use` when the lock is not to be had before the deadline */
export async function withFolderLock<T>(folder: string, deadline: Deadline, work: () => Promise<T>): Promise<T> {
  const file = join(folder, 'lock')
  const mine = [randomUUID(), process.pid, startIdentity(process.pid) ?? ''].join('\n')
  await acquire(file, mine, folder, deadline)
  try {
    return await work()
  } finally {
    if (readOrNull(file) === mine) rmSync(file, { force: true })
  }
}
