import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedServerError } from '../errors.js'
import { type ClusterSetup, ensureCluster } from './cluster.js'
import { ensureDatabase } from './connection.js'
import { findFreePort } from './free-port.js'
import { own } from './owned-servers.js'
import { type Settings, startPostmaster, stopPostmaster } from './postmaster.js'
import { startIdentity } from './process-identity.js'
import { type ServerState, writeState } from './state-file.js'

// Each loses only to a process that takes the port within the 40 ms of a start.
const portAttempts = 5

/** Where a server runs. */
export interface LaunchedServer {
  readonly pid: number
  readonly port: number
}

/** What a caller may choose about it. */
interface WantedServer {
  readonly port: number | undefined
  /** The port to prefer when none was given. */
  readonly lastPort: number | null
  readonly settings: Settings
}

/** Returns the state of a server that this process owns. */
export function ownedState(setup: ClusterSetup, pid: number | null, port: number | null): ServerState {
  return {
    pid,
    port,
    password: setup.password,
    ownerPid: process.pid,
    ownerStart: startIdentity(process.pid),
    startedAt: pid === null ? null : new Date().toISOString(),
    version: setup.binaries.version,
    temp: setup.temp,
  }
}

/** Returns the state of the same folder once its server is stopped: the password and the port to prefer are kept. */
export function stoppedState(state: ServerState): ServerState {
  return { ...state, pid: null, ownerPid: null, ownerStart: null, startedAt: null }
}

function portError(port: number | undefined): EmbeddedServerError {
  return new EmbeddedServerError(
    'no-free-port',
    port === undefined
      ? `no port of 127.0.0.1 stayed free long enough to start a server, ${portAttempts} times: try again, or give a port`
      : `port ${port} of 127.0.0.1 is in use or may not be used: give another port, or none to have a free one chosen`,
  )
}

async function startOnFreePort(
  setup: ClusterSetup,
  wanted: WantedServer,
  started: (server: LaunchedServer) => void,
): Promise<LaunchedServer> {
  const attempts = wanted.port === undefined ? [wanted.lastPort ?? 0, ...Array(portAttempts).fill(0)] : [wanted.port]
  for (const attempt of attempts) {
    const port = await findFreePort(attempt)
    if (port === null) continue
    const pid = await startPostmaster(setup, port, wanted.settings, (pid) => started({ pid, port }))
    if (pid !== null) return { pid, port }
  }
  throw portError(wanted.port)
}

async function openDatabase(setup: ClusterSetup, { pid, port }: LaunchedServer): Promise<void> {
  try {
    await ensureDatabase(port, setup.password, setup.deadline.remainingMs())
  } catch (error) {
    // Whatever kept the session from opening could keep it from ending too.
    await stopPostmaster(pid, 'SIGQUIT')
    const why = error instanceof Error ? error.message : String(error)
    throw new EmbeddedServerError(
      setup.deadline.isOver() ? 'start-timeout' : 'start-failed',
      `the server in ${setup.folder} started, but its database could not be opened (${why}): see ${join(setup.folder, 'server.log')}; the password must be the one in server.json`,
      error,
    )
  }
}

/** Makes the cluster and the database where they are missing, and starts the server as this process's own.
 *  @throws {EmbeddedServerError} when any step fails; no process of it is left then */
export async function launchServer(setup: ClusterSetup, wanted: WantedServer): Promise<LaunchedServer> {
  // Before the cluster is made, which takes most of the time.
  if (wanted.port !== undefined && (await findFreePort(wanted.port)) === null) throw portError(wanted.port)
  const before = ownedState(setup, null, wanted.lastPort)
  // Before the cluster, which without its password would be useless.
  writeState(setup.folder, before)
  let disown = () => {}
  // At once, so that a process that exits during the start takes its server along.
  const started = ({ pid, port }: LaunchedServer) => {
    disown = own(setup.folder, { pid, temp: setup.temp })
    writeState(setup.folder, ownedState(setup, pid, port))
  }
  try {
    await ensureCluster(setup)
    const server = await startOnFreePort(setup, wanted, started)
    await openDatabase(setup, server)
    return server
  } catch (error) {
    disown()
    if (existsSync(setup.folder)) writeState(setup.folder, stoppedState(before))
    throw error
  }
}
