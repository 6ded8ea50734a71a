import { ConfigError } from '../errors.js'
import type { Settings } from './postmaster.js'

/** How an embedded server is started. */
export interface EmbeddedServerOptions {
  /** Where the server and its data live, made when missing; `temp`: a new folder that is gone when the server closes. */
  readonly folder: string | 'temp'
  /** For everything together: waiting for another process, making the cluster, starting. Default 30,000. */
  readonly startTimeoutMs?: number | undefined
  /** Default: the folder's last port when it is free, any free port otherwise. */
  readonly port?: number | undefined
  /** The system user that the server runs as when this process is root; ignored otherwise. Default: the environment's
   *  ASHLAR_EMBEDDED_USER, then `nobody`. */
  readonly user?: string | undefined
  /** PostgreSQL parameters. A server that is adopted or borrowed keeps those that it was started with. */
  readonly settings?: Settings | undefined
}

// What keeps the server private to this machine and this folder.
const fixedSettings = new Set(['listen_addresses', 'port', 'unix_socket_directories', 'data_directory', 'hba_file'])

function refuseUnless(holds: boolean, field: string, value: unknown, limit: string): void {
  if (!holds) throw new ConfigError({ field: `embedded.${field}`, value: String(value), limit })
}

/** Refuses options that cannot be meant.
 *  @throws {ConfigError} that names the option */
export function checkOptions({ folder, startTimeoutMs = 1, port = 1, settings = {} }: EmbeddedServerOptions): void {
  const isFolder = typeof folder === 'string' && folder.trim() !== '' && !folder.includes('\0')
  refuseUnless(isFolder, 'folder', JSON.stringify(folder), 'the path of a folder, or "temp"')
  // setTimeout's limit.
  const isTime = Number.isInteger(startTimeoutMs) && startTimeoutMs >= 1 && startTimeoutMs <= 2_147_483_647
  refuseUnless(isTime, 'startTimeoutMs', startTimeoutMs, 'a whole number from 1 to 2147483647')
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535
  refuseUnless(isPort, 'port', port, 'a whole number from 1 to 65535')
  for (const [name, value] of Object.entries(settings)) {
    const known = /^[a-z_][a-z0-9_.]*$/i.test(name) && !fixedSettings.has(name.toLowerCase())
    refuseUnless(known, `settings.${name}`, value, 'a parameter of PostgreSQL that ashlar does not set itself')
  }
}
