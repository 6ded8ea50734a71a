import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterSetup } from './cluster.js'
import { withFolderLock } from './folder-lock.js'
import { type LaunchedServer, stoppedState } from './launch.js'
import { own } from './owned-servers.js'
import { stopPostmaster } from './postmaster.js'
import { servesFolder } from './process-identity.js'
import { readState, writeState } from './state-file.js'
import { deadlineIn } from './waiting.js'

// Longer than a stop at its worst.
const closeTimeoutMs = 60_000

/** A PostgreSQL server of this machine, and how to reach it. */
export interface EmbeddedServer {
  readonly host: '127.0.0.1'
  readonly port: number
  /** A superuser. */
  readonly user: 'ashlar'
  /** Not enumerable, so that it is not printed, copied or serialized with the rest. */
  readonly password: string
  readonly database: 'ashlar'
  /** Absolute. */
  readonly folder: string
  readonly pid: number
  /** `adopted`: its owner had died, and this process is the owner now; `borrowed`: its owner lives. */
  readonly origin: 'started' | 'adopted' | 'borrowed'
  /** Stops the server, and removes a temporary one's folder; does nothing to a borrowed server or when called again. */
  close(): Promise<void>
}

function handle(
  setup: ClusterSetup,
  server: LaunchedServer,
  origin: EmbeddedServer['origin'],
  stop: () => Promise<void>,
): EmbeddedServer {
  let closing: Promise<void> | null = null
  const visible: EmbeddedServer = {
    host: '127.0.0.1',
    port: server.port,
    user: 'ashlar',
    get password() {
      return setup.password
    },
    database: 'ashlar',
    folder: setup.folder,
    pid: server.pid,
    origin,
    close() {
      closing ??= stop()
      return closing
    },
  }
  return Object.defineProperty(visible, 'password', { enumerable: false })
}

/** Returns the handle of a server that another living process stops. */
export function borrowedServer(setup: ClusterSetup, server: LaunchedServer): EmbeddedServer {
  return handle(setup, server, 'borrowed', async () => {})
}

/** Returns the handle of a server that this process stops, at the latest when it exits. */
export function ownedServer(
  setup: ClusterSetup,
  server: LaunchedServer,
  origin: 'started' | 'adopted',
): EmbeddedServer {
  const { folder, temp } = setup
  const disown = own(folder, { pid: server.pid, temp })
  return handle(setup, server, origin, async () => {
    await (temp ? stopTemp(folder, server.pid) : stopKept(folder, server.pid))
    disown()
  })
}

async function stopIn(folder: string, pid: number): Promise<void> {
  // It may have ended by itself, and its number may be another process's by now.
  if (servesFolder(pid, join(folder, 'data')) !== 'no') await stopPostmaster(pid)
}

async function stopTemp(folder: string, pid: number): Promise<void> {
  await stopIn(folder, pid)
  rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 })
}

async function stopKept(folder: string, pid: number): Promise<void> {
  // Someone removed it; there is nothing to lock or to write down.
  if (!existsSync(folder)) return await stopIn(folder, pid)
  await withFolderLock(folder, deadlineIn(closeTimeoutMs), async () => {
    await stopIn(folder, pid)
    const state = readState(folder)
    // Another process may have started a server since, because this one had ended by itself.
    if (state?.pid === pid) writeState(folder, stoppedState(state))
  })
}
