import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedServerError } from '../errors.js'
import { type ClusterSetup, dataArgument } from './cluster.js'
import { codeOf } from './file-access.js'
import { isRunning, servesFolder } from './process-identity.js'
import { programOptions } from './program.js'
import { openServerLog, type ServerLog } from './server-log.js'
import { readPostmasterFile } from './state-file.js'
import { becomesTrue, pause } from './waiting.js'

const fastShutdownMs = 30_000
const quickShutdownMs = 5_000

/** Server parameters by name. */
export type Settings = Readonly<Record<string, string | number>>

// Nothing in a temporary server outlives the machine, so nothing needs to reach the disk.
const tempSettings: Settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

function serverArguments(setup: ClusterSetup, data: string, port: number, settings: Settings): readonly string[] {
  const all = {
    ...(setup.temp ? tempSettings : {}),
    ...settings,
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
  }
  return [
    '-D',
    dataArgument(data, setup.user),
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

/** Starts the server's process apart from this one: Ctrl-C in the terminal does not reach it, it survives its parent, and
 *  it does not keep this process running. */
async function spawnDetached(setup: ClusterSetup, args: readonly string[], data: string, log: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const child = spawn(setup.binaries.postgres, args, {
      ...programOptions(setup.user),
      cwd: data,
      detached: true,
      stdio: ['ignore', log, log],
    })
    child.once('error', reject)
    child.once('spawn', () => resolve(child.pid ?? 0))
    child.unref()
  })
}

/** PostgreSQL trusts any process of its user whose number is in a left-over postmaster.pid, as in a copied folder or after
 *  a container's restart, and refuses to start. */
function removeForeignPostmasterFile(data: string): void {
  const left = readPostmasterFile(data)
  if (left === null || !isRunning(left.pid) || servesFolder(left.pid, data) !== 'no') return
  rmSync(join(data, 'postmaster.pid'), { force: true })
}

type Outcome = 'ready' | 'port-taken' | 'ended' | 'timeout'

async function waitForOutcome(pid: number, data: string, log: ServerLog, setup: ClusterSetup): Promise<Outcome> {
  while (isRunning(pid)) {
    const file = readPostmasterFile(data)
    if (file?.pid === pid && file.status === 'ready') return 'ready'
    if (setup.deadline.isOver()) return 'timeout'
    await pause()
  }
  return log.tail(setup.password).includes('could not bind') ? 'port-taken' : 'ended'
}

/** Starts a server on the port and waits until it takes connections; null when another process took the port.
 *  @param started told of the process at once, so that it can be written down before anything else happens
 *  @throws {EmbeddedServerError} `start-timeout`, `start-failed`; no process is left */
export async function startPostmaster(
  setup: ClusterSetup,
  port: number,
  settings: Settings,
  started: (pid: number) => void,
): Promise<number | null> {
  const data = join(setup.folder, 'data')
  removeForeignPostmasterFile(data)
  const log = openServerLog(setup.folder)
  try {
    const pid = await spawnDetached(setup, serverArguments(setup, data, port, settings), data, log.descriptor)
    started(pid)
    const outcome = await waitForOutcome(pid, data, log, setup)
    if (outcome === 'ready') return pid
    if (outcome === 'port-taken') return null
    if (outcome === 'timeout') await stopPostmaster(pid, 'SIGQUIT')
    const what = outcome === 'timeout' ? `was not ready within ${setup.deadline.totalMs} ms` : 'ended while it started'
    throw new EmbeddedServerError(
      outcome === 'timeout' ? 'start-timeout' : 'start-failed',
      `the server in ${setup.folder} ${what}; the last lines of ${log.path}:\n${log.tail(setup.password)}`,
    )
  } finally {
    log.close()
  }
}

/** Sends a signal to a process that may be gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

/** Stops a server and waits until it is gone: SIGINT ends its sessions and makes a checkpoint; SIGQUIT, which leaves the
 *  recovery to the next start, comes first when `first` says so, or after 30 s; SIGKILL 5 s after that. */
export async function stopPostmaster(pid: number, first: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
  const gone = () => !isRunning(pid)
  if (first === 'SIGINT') {
    signal(pid, 'SIGINT')
    if (await becomesTrue(gone, fastShutdownMs)) return
  }
  signal(pid, 'SIGQUIT')
  if (await becomesTrue(gone, quickShutdownMs)) return
  signal(pid, 'SIGKILL')
  await becomesTrue(gone, quickShutdownMs)
}
