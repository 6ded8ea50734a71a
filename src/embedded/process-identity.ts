import { execFileSync } from 'node:child_process'
import { readlinkSync, statSync } from 'node:fs'
import { codeOf, readOrNull } from './file-access.js'

const onLinux = process.platform === 'linux'

/** Fields of /proc/PID/stat from the third (state) on; the second, the name, may hold blanks and brackets. */
function procStat(pid: number): readonly string[] | null {
  const text = onLinux ? readOrNull(`/proc/${pid}/stat`) : null
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function ps(column: string, pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
    }).trim()
  } catch {
    return null
  }
}

/** Tells whether the process runs. A zombie does not: under a container's first process nobody may ever collect it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (codeOf(error) !== 'EPERM') return false
  }
  const state = procStat(pid)?.[0]
  return state !== 'Z' && state !== 'X'
}

/** Describes when and where a process started, so that a later process with its number is not taken for it: on Linux
 *  boot, pid namespace and start tick; elsewhere the start time of `ps`; null when neither can be had. */
export function startIdentity(pid: number): string | null {
  if (!onLinux) return process.platform === 'win32' ? null : ps('lstart', pid)
  const tick = procStat(pid)?.[19]
  const boot = readOrNull('/proc/sys/kernel/random/boot_id')?.trim()
  if (tick === undefined || boot === undefined) return null
  try {
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}/${tick}`
  } catch {
    return null
  }
}

/** A process as another one wrote it down. */
export interface ProcessRecord {
  readonly pid: number
  readonly start: string | null
}

/** Tells what became of a recorded process. `elsewhere`: it belongs to another container of this machine (two containers
 *  may share a folder), where its number means nothing to us. */
export function stateOf(process: ProcessRecord): 'alive' | 'dead' | 'elsewhere' {
  if (onLinux && process.start !== null) {
    const [boot, namespace] = process.start.split('/')
    const [ownBoot, ownNamespace] = startIdentity(globalThis.process.pid)?.split('/') ?? []
    if (boot === ownBoot && namespace !== ownNamespace) return 'elsewhere'
  }
  if (!isRunning(process.pid)) return 'dead'
  const start = startIdentity(process.pid)
  return process.start === null || start === null || start === process.start ? 'alive' : 'dead'
}

/** Tells whether the process is a PostgreSQL server of this data folder. On Linux by its working folder, which holds even
 *  after the folder was moved and for servers started with a relative path; elsewhere by its command line. */
export function servesFolder(pid: number, data: string): 'yes' | 'no' | 'unknown' {
  if (!isRunning(pid)) return 'no'
  if (!onLinux) {
    const command = process.platform === 'win32' ? null : ps('command', pid)
    if (command === null) return 'unknown'
    return command.includes(data) && command.includes('postgres') ? 'yes' : 'no'
  }
  // A shell that happens to stand in the folder is not a server.
  if (readOrNull(`/proc/${pid}/comm`)?.trim() !== 'postgres') return 'no'
  try {
    const [theirs, ours] = [statSync(`/proc/${pid}/cwd`), statSync(data)]
    return theirs.dev === ours.dev && theirs.ino === ours.ino ? 'yes' : 'no'
  } catch {
    return 'unknown'
  }
}
