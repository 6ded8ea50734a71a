import { EmbeddedServerError } from '../errors.js'
import { cacheBinaries } from './binaries-cache.js'
import { codeOf } from './file-access.js'
import { findPlatformPackage, type PlatformPackage, programPath } from './platform-package.js'
import { runProgram } from './program.js'
import type { ServerUser } from './server-user.js'

/** Programs that were seen to run as the server's user. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** Of PostgreSQL: `18.4`. */
  readonly version: string
  readonly major: number
}

const probeTimeoutMs = 20_000

/** Runs `postgres --version` (6 ms), which needs what the server needs: every folder above it, its libraries, its loader. */
async function probe(native: string, user: ServerUser | null): Promise<Binaries | Error> {
  const [initdb, postgres] = [programPath(native, 'initdb'), programPath(native, 'postgres')]
  try {
    const fields = { command: postgres, args: ['--version'], user, timeoutMs: probeTimeoutMs }
    const { output } = await runProgram(fields)
    const [, version, major] = /^postgres \(PostgreSQL\) ((\d+)\S*)/.exec(output) ?? []
    if (version === undefined) return new Error(output === '' ? 'it printed nothing' : output)
    return { initdb, postgres, version, major: Number(major) }
  } catch (error) {
    if (codeOf(error) === 'EPERM' && user !== null) {
      const advice = 'run as an ordinary user, or allow this container to switch users (CAP_SETUID, CAP_SETGID)'
      throw new EmbeddedServerError('no-user', `this process may not start programs as ${user.name}: ${advice}`, error)
    }
    // The kernel says "no such file" of a program that exists when its loader does not.
    if (codeOf(error) === 'ENOENT') return new Error('its loader is missing; these binaries need glibc, not musl')
    return error instanceof Error ? error : new Error(String(error))
  }
}

function cannotRun(postgres: string, user: ServerUser | null, cause: Error, advice: string): EmbeddedServerError {
  const as = user === null ? '' : ` as ${user.name}`
  return new EmbeddedServerError(
    'binaries-unreadable',
    `${postgres} does not run${as} (${cause.message}): ${advice}`,
    cause,
  )
}

/** Returns the package's programs in a place where the server's user can run them: the package itself, or, when it lies
 *  below a folder that is closed to that user (/root, `mktemp -d`), a copy in root's `cache` folder.
 *  @throws {EmbeddedServerError} `binaries-unreadable`; `no-user` when root may not switch to the user */
export async function runnableBinaries(
  found: PlatformPackage,
  user: ServerUser | null,
  cache = '/var/cache/ashlar',
): Promise<Binaries> {
  const inPlace = await probe(found.native, user)
  if (!(inPlace instanceof Error)) return inPlace
  const postgres = programPath(found.native, 'postgres')
  const asRoot = user === null ? inPlace : await probe(found.native, null)
  if (asRoot instanceof Error) {
    throw cannotRun(postgres, null, asRoot, `try \`npm rebuild ${found.name}\`, or use a server of your own`)
  }
  const advice = `run as an ordinary user, install the package where ${user?.name} can read it, or make ${cache} writable for root alone`
  try {
    const name = `postgresql-${found.version}-${process.platform}-${process.arch}`
    const copied = await probe(cacheBinaries(found.native, name, cache), user)
    if (!(copied instanceof Error)) return copied
    throw copied
  } catch (error) {
    throw cannotRun(postgres, user, error instanceof Error ? error : new Error(String(error)), advice)
  }
}

/** Finds PostgreSQL among the installed packages, ready to run as the server's user.
 *  @throws {EmbeddedServerError} `unsupported-platform`, `not-installed`, `binaries-unreadable`, `no-user` */
export async function findBinaries(user: ServerUser | null): Promise<Binaries> {
  return await runnableBinaries(findPlatformPackage(), user)
}
