import { readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { EmbeddedServerError } from '../errors.js'

/** Returns the error's code (`ENOENT`, or an SQLSTATE), or null when it has none. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

/** Reads a text file; null when it is not there or may not be read. */
export function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** Names the user that this process runs as, for messages. */
export function currentUser(): string {
  try {
    const { username, uid } = userInfo()
    return uid < 0 ? username : `${username} (uid ${uid})`
  } catch {
    // A uid without an entry in /etc/passwd, usual in containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

function ownerOf(path: string): string {
  try {
    return `, owned by uid ${statSync(path).uid},`
  } catch {
    return ''
  }
}

const refusals = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC', 'ELOOP', 'ENAMETOOLONG'])

/** Returns the error to throw when a step on the folder failed: folder-not-writable when the file system refused it,
 *  the error itself otherwise. */
export function folderError(folder: string, error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof EmbeddedServerError || code === null || !refusals.has(code)) return error
  return new EmbeddedServerError(
    'folder-not-writable',
    `${folder}${ownerOf(folder)} cannot be used by ${currentUser()}: ${code}. Make it writable for that user, or name another folder`,
    error,
  )
}
