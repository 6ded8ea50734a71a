import { closeSync, constants, fchownSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

const maxLogBytes = 10 * 1024 * 1024
const shownBytes = 16 * 1024
const shownLines = 12

/** A log file opened for a server to write into. */
export interface ServerLog {
  readonly path: string
  readonly descriptor: number
  /** Returns the last lines that this server wrote, without the secret. */
  tail(secret: string): string
  close(): void
}

/** Opens FOLDER/server.log for appending; one of more than 10 MB becomes server.log.old first. */
export function openServerLog(folder: string): ServerLog {
  const path = join(folder, 'server.log')
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(path, `${path}.old`)
  // Not through a symbolic link: root may be working in a folder that another user can write.
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW = 0 } = constants
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
  if (process.getuid?.() === 0) {
    const { uid, gid } = statSync(folder)
    fchownSync(descriptor, uid, gid)
  }
  const begin = fstatSync(descriptor).size
  return {
    path,
    descriptor,
    tail(secret) {
      const end = fstatSync(descriptor).size
      const buffer = Buffer.alloc(Math.min(end - begin, shownBytes))
      const read = readSync(descriptor, buffer, 0, buffer.length, end - buffer.length)
      const text = buffer.toString('utf8', 0, read).replaceAll(secret, '[hidden]').trim()
      return text.split('\n').slice(-shownLines).join('\n')
    },
    close: () => closeSync(descriptor),
  }
}
