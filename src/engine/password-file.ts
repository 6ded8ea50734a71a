/** The password file of libpq (PostgreSQL manual, section 34.16). pg's own reader warns of its end, and passes the file
 *  over when PGPASSWORD is set. */

import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ServerTarget } from '../config.js'

/** Whose password is looked for. */
type Login = Pick<ServerTarget, 'host' | 'port' | 'database' | 'user'>

const isWindows = process.platform === 'win32'

/** Gives the password of the first line that fits; null when there is no file or no such line. The file is the one that
 *  PGPASSFILE names, else `~/.pgpass`.
 *  @throws {Error} when the file is not safe to use, or cannot be read */
export async function findPassword(login: Login): Promise<string | null> {
  const path = process.env.PGPASSFILE || defaultPath()
  try {
    const { mode } = await stat(path)
    if (!isWindows && (mode & 0o077) !== 0) {
      throw new Error(`the password file ${path} is open to others than its owner: chmod 0600 makes it usable`)
    }
    return findLine(await readFile(path, 'utf8'), login)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new Error(`the password file ${path} cannot be read (${code})`)
  }
}

function defaultPath(): string {
  return isWindows
    ? join(process.env.APPDATA ?? homedir(), 'postgresql', 'pgpass.conf')
    : join(process.env.HOME ?? homedir(), '.pgpass')
}

/** host:port:database:user:password; a colon or backslash within a field has a backslash before it. */
const LINE = /^((?:\\.|[^\\:])*):((?:\\.|[^\\:])*):((?:\\.|[^\\:])*):((?:\\.|[^\\:])*):((?:\\.|[^\\:])+)/

function findLine(text: string, { host, port, database, user }: Login): string | null {
  const wanted = [host, String(port), database, user]
  for (const line of text.split(/\r?\n/)) {
    const fields = line.startsWith('#') ? null : LINE.exec(line)
    const fits = wanted.every((part, index) => {
      const field = fields?.[index + 1]
      return field === '*' || (field !== undefined && unescaped(field) === part)
    })
    if (fits) return unescaped(fields?.[5] ?? '')
  }
  return null
}

function unescaped(field: string): string {
  return field.replace(/\\(.)/g, '$1')
}
