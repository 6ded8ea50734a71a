import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { signal } from './postmaster.js'
import { isRunning, servesFolder } from './process-identity.js'

interface OwnedServer {
  /** Null before the server's process exists. */
  readonly pid: number | null
  readonly temp: boolean
}

// A temporary server ends within 5 ms of SIGQUIT, and must not write into its folder while that is being removed.
const lastWaitMs = 250

/** By folder: a process owns at most one server of each. */
const owned = new Map<string, OwnedServer>()

/** Everything here must be synchronous: after 'exit' nothing else runs. */
function stopAll(): void {
  for (const [folder, { pid, temp }] of owned) {
    try {
      if (pid !== null && servesFolder(pid, join(folder, 'data')) !== 'no') signal(pid, temp ? 'SIGQUIT' : 'SIGINT')
      if (!temp) continue
      if (pid !== null) waitUntilGone(pid)
      rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 })
    } catch {
      // The next temporary server removes what is left, and the next start on a kept folder finds its server.
    }
  }
}

function waitUntilGone(pid: number): void {
  const end = performance.now() + lastWaitMs
  const cell = new Int32Array(new SharedArrayBuffer(4))
  while (isRunning(pid) && performance.now() < end) Atomics.wait(cell, 0, 0, 5)
}

/** Makes this process stop the folder's server, and remove the folder of a temporary one, on its 'exit' event. No signal
 *  handler is installed: that is for the program. Returns what takes it back, unless the folder has another server of
 *  this process by then. */
export function own(folder: string, server: OwnedServer): () => void {
  if (owned.size === 0) process.on('exit', stopAll)
  owned.set(folder, server)
  return () => {
    if (owned.get(folder) === server) owned.delete(folder)
    if (owned.size === 0) process.off('exit', stopAll)
  }
}
