import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { EmbeddedServerError } from '../errors.js'
import { folderError } from './file-access.js'

const ours =
  /^(\.gitignore|data|data\.partial-.*|server\.(json|log)(\..*)?|pgpass(\..*)?|password\.partial|lock(\..*)?)$/

/** The beginnings of the names of the folders that a restore works in: what comes, and what was there. */
export const restoringPrefix = 'restoring-'
export const replacedPrefix = 'replaced-'

/** The beginning of the names of temporary folders, in `os.tmpdir()`. */
export const tempPrefix = 'ashlar-temp-'

/** Makes the folder of a kept server, or takes the one that is there, and returns its real path.
 *  @throws {EmbeddedServerError} `folder-not-writable`; `folder-in-use` when it holds files that are not a server's */
export function prepareFolder(path: string): string {
  const absolute = resolve(path)
  try {
    mkdirSync(absolute, { recursive: true })
    const folder = realpathSync(absolute)
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    refuseForeign(folder)
    const ignore = join(folder, '.gitignore')
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n')
    return folder
  } catch (error) {
    throw folderError(absolute, error)
  }
}

/** Keeps `folder: '.'` from hiding a project from git and strewing a server over it. */
function refuseForeign(folder: string): void {
  const entries = readdirSync(folder)
  const foreign = entries.filter((name) => !ours.test(name))
  if (foreign.length === 0 || entries.includes('server.json')) return
  // As `ashlar restore` leaves them when it is killed in between.
  const replaced = foreign.find((name) => name.startsWith(replacedPrefix))
  if (
    replaced !== undefined &&
    foreign.every((name) => name.startsWith(replacedPrefix) || name.startsWith(restoringPrefix))
  ) {
    throw new EmbeddedServerError(
      'folder-in-use',
      `a restore into ${folder} was ended in between, and what was there before is in ${join(folder, replaced)}: restore once more, which puts that back first`,
    )
  }
  throw new EmbeddedServerError(
    'folder-in-use',
    `${folder} holds other files (${foreign.slice(0, 3).join(', ')}): name a new or an empty folder for the embedded server`,
  )
}

/** Makes a folder for a server that is gone when it closes, and returns its real path. */
export function makeTempFolder(): string {
  try {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), tempPrefix)))
    // Off Linux the server's user reaches the data by its path; the names are known and every secret in it is 0600.
    if (process.platform !== 'linux') chmodSync(folder, 0o711)
    return folder
  } catch (error) {
    throw folderError(tmpdir(), error)
  }
}
