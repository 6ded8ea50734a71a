import { execFileSync } from 'node:child_process'
import { EmbeddedServerError } from '../errors.js'
import { readOrNull } from './file-access.js'

/** The system user that the server runs as when the process itself is root. */
export interface ServerUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

function fromPasswd(name: string): ServerUser | null {
  for (const line of (readOrNull('/etc/passwd') ?? '').split('\n')) {
    const [entry, , uid, gid] = line.split(':')
    if (entry === name && uid !== undefined && gid !== undefined) return { name, uid: Number(uid), gid: Number(gid) }
  }
  return null
}

/** Asks `id`, which also knows users of a directory service and those of macOS. */
function fromId(name: string): ServerUser | null {
  const ask = (flag: string) =>
    Number(execFileSync('id', [flag, '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  try {
    return { name, uid: ask('-u'), gid: ask('-g') }
  } catch {
    return null
  }
}

/** Finds the user for the server's processes: null, "as this process", unless the process is root, as which PostgreSQL
 *  refuses to run. Root takes `name`, then ASHLAR_EMBEDDED_USER, then `nobody`. No user is ever created.
 *  @throws {EmbeddedServerError} `no-user` when there is no such user or it is root itself */
export function findServerUser(name: string | undefined): ServerUser | null {
  if (process.getuid?.() !== 0) return null
  const wanted = name ?? process.env.ASHLAR_EMBEDDED_USER ?? 'nobody'
  const user = fromPasswd(wanted) ?? fromId(wanted)
  const advice = 'name an unprivileged user in the option `user` or in ASHLAR_EMBEDDED_USER, or run as one'
  if (user === null) throw new EmbeddedServerError('no-user', `there is no system user "${wanted}": ${advice}`)
  if (user.uid === 0) {
    throw new EmbeddedServerError('no-user', `PostgreSQL refuses to run as root, which "${wanted}" is: ${advice}`)
  }
  return user
}
