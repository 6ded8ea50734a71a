import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tempPrefix } from './folder.js'
import { stopPostmaster } from './postmaster.js'
import { servesFolder, stateOf } from './process-identity.js'
import { readPostmasterFile, readState } from './state-file.js'

// For a folder whose owner cannot be judged: its process was killed before it wrote server.json, or it runs in another
// container that shares this folder for temporary files.
const unknownForTooLongMs = 24 * 60 * 60 * 1_000

function isLeftOver(folder: string): boolean {
  const found = lstatSync(folder)
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) return false
  const state = readState(folder)
  const owner =
    state === null || state.ownerPid === null ? 'elsewhere' : stateOf({ pid: state.ownerPid, start: state.ownerStart })
  return owner === 'dead' || (owner === 'elsewhere' && Date.now() - found.mtimeMs > unknownForTooLongMs)
}

async function remove(folder: string): Promise<void> {
  const data = join(folder, 'data')
  const pid = readPostmasterFile(data)?.pid ?? readState(folder)?.pid ?? null
  if (pid !== null && servesFolder(pid, data) === 'yes') await stopPostmaster(pid, 'SIGQUIT')
  rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 })
}

function listTempFolders(): readonly string[] {
  try {
    return readdirSync(tmpdir())
      .filter((name) => name.startsWith(tempPrefix))
      .map((name) => join(tmpdir(), name))
  } catch {
    // A folder for temporary files may be writable without being readable.
    return []
  }
}

/** Stops the servers and removes the folders of temporary servers of this user whose owner was killed. Best effort: what
 *  cannot be removed now is left for the next time. Never rejects. */
export async function removeLeftOverTempFolders(): Promise<void> {
  for (const folder of listTempFolders()) {
    try {
      if (isLeftOver(folder)) await remove(folder)
    } catch {
      // Another process removes it, or it is not ours to remove.
    }
  }
}
