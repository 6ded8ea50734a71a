import { chownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { codeOf, readOrNull } from './file-access.js'

const stateShape = z.object({
  /** The server's process; null while it is stopped. */
  pid: z.int().positive().nullable(),
  /** The port in use, or the last one, which the next start prefers. */
  port: z.int().positive().nullable(),
  password: z.string().min(1),
  /** The process that stops the server; null while it is stopped. */
  ownerPid: z.int().positive().nullable(),
  /** See `startIdentity`. */
  ownerStart: z.string().nullable(),
  startedAt: z.string().nullable(),
  /** Of PostgreSQL: `18.4`. */
  version: z.string(),
  temp: z.boolean(),
})

/** What FOLDER/server.json holds. */
export type ServerState = Readonly<z.infer<typeof stateShape>>

/** Writes a file that only its owner reads, whole or not at all. When root writes into another user's folder the file
 *  becomes that user's, who could not start the server again otherwise. */
function writePrivate(folder: string, name: string, text: string): void {
  const partial = join(folder, `${name}.partial-${process.pid}`)
  rmSync(partial, { force: true })
  writeFileSync(partial, text, { mode: 0o600, flag: 'wx' })
  if (process.getuid?.() === 0) {
    const { uid, gid } = statSync(folder)
    chownSync(partial, uid, gid)
  }
  renameSync(partial, join(folder, name))
}

/** Reads FOLDER/server.json; null when it is missing or not readable as such. */
export function readState(folder: string): ServerState | null {
  try {
    return stateShape.parse(JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')))
  } catch (error) {
    // Taken for missing, another user's file would be replaced and its password lost.
    if (codeOf(error) === 'EACCES') throw error
    return null
  }
}

/** Writes FOLDER/server.json and, once there is a port, FOLDER/pgpass for `PGPASSFILE=FOLDER/pgpass psql`. */
export function writeState(folder: string, state: ServerState): void {
  writePrivate(folder, 'server.json', `${JSON.stringify(state, null, 2)}\n`)
  if (state.port !== null) writePrivate(folder, 'pgpass', `127.0.0.1:${state.port}:*:ashlar:${state.password}\n`)
}

/** What PostgreSQL writes into its own data/postmaster.pid. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number | null
  /** `starting`, `ready`, `stopping` or `standby`; empty at the very first. */
  readonly status: string
}

/** Reads data/postmaster.pid (lines: 1 pid, 4 port, 8 status); null when there is none. */
export function readPostmasterFile(data: string): PostmasterFile | null {
  const lines = readOrNull(join(data, 'postmaster.pid'))?.split('\n')
  const pid = Number(lines?.[0])
  if (lines === undefined || !Number.isSafeInteger(pid) || pid <= 0) return null
  const port = Number(lines[3])
  return { pid, port: Number.isSafeInteger(port) && port > 0 ? port : null, status: lines[7]?.trim() ?? '' }
}
