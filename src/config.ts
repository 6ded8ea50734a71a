/** Options and environment to one validated, frozen configuration. */

import { isIPv4 } from 'node:net'
import { userInfo } from 'node:os'
import { parseConnectionUrl, type UrlParts } from './connection-url.js'
import { ConfigError } from './errors.js'
import { Secret } from './secret.js'
import { checkSetting, type Environment, type Field, type Given, readSetting, refuseUnknown } from './settings.js'

/** All defaults. Times in milliseconds. */
export const defaults = {
  port: 5432,
  applicationName: 'ashlar',
  commandTimeoutMs: 60_000,
  migrate: false,
  pool: {
    max: 50,
    acquireTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
    idleTimeoutMs: 300_000,
  },
} as const

/** Sizes and limits of the pool. */
export interface PoolOptions {
  /** Most connections at a time, 1 to 1,000. Default 50. Environment: ASHLAR_POOL_MAX. */
  readonly max?: number
  /** Longest wait for a free connection, in ms, 1 to 600,000. Default 10,000. ASHLAR_POOL_ACQUIRE_TIMEOUT_MS. */
  readonly acquireTimeoutMs?: number
  /** Longest time to make a connection, in ms, 1 to 600,000. Default 5,000. ASHLAR_POOL_CONNECT_TIMEOUT_MS. */
  readonly connectTimeoutMs?: number
  /** A connection idle for so long is closed, in ms, 1 to 86,400,000. null: never. Default 300,000.
   *  ASHLAR_POOL_IDLE_TIMEOUT_MS (`none` for null). */
  readonly idleTimeoutMs?: number | null
}

/** How to reach the database, and within which limits. What is not given here comes from the environment. */
export interface ConnectOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=...`, `embedded:FOLDER` or `embedded:temp`.
   *  Environment: DATABASE_URL. */
  readonly url?: string
  /** Wins over the URL's. Environment: PGHOST. */
  readonly host?: string
  /** 1 to 65,535. Default 5432. Environment: PGPORT. */
  readonly port?: number
  /** Default: the name of the operating system's user. Environment: PGUSER. */
  readonly user?: string
  /** Environment: PGPASSWORD; without it, pg looks into the password file (PGPASSFILE). */
  readonly password?: string
  /** Default: the user's name. Environment: PGDATABASE. */
  readonly database?: string
  /** `disable`, or `verify-full` (encrypted, certificate and host name checked).
   *  Default: `disable` on the loopback interface and on Unix sockets, else `verify-full`. Environment: PGSSLMODE. */
  readonly sslmode?: 'disable' | 'verify-full'
  readonly pool?: PoolOptions
  /** The server stops a statement that runs longer, in ms, 1 to 86,400,000. null: no limit. Default 60,000.
   *  ASHLAR_COMMAND_TIMEOUT_MS (`none` for null). */
  readonly commandTimeoutMs?: number | null
  /** Shown in pg_stat_activity, at most 63 bytes. Default `ashlar`. Environment: PGAPPNAME. */
  readonly applicationName?: string
  /** Applies pending migrations before anything else. Default false. */
  readonly migrate?: boolean
}

/** A server on the network, all parts known. */
export interface ServerTarget {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: Secret | null
  readonly database: string
  readonly tls: 'disable' | 'verify-full'
}

/** Limits that hold whatever the target is. */
interface Limits {
  readonly pool: {
    readonly max: number
    readonly acquireTimeoutMs: number
    readonly connectTimeoutMs: number
    readonly idleTimeoutMs: number | null
  }
  readonly commandTimeoutMs: number | null
  readonly applicationName: string
}

/** What the engine needs to know. */
export interface ServerConfig extends Limits {
  readonly server: ServerTarget
}

/** The validated configuration: a server, or an embedded one that is still to be started. */
export interface Config extends Limits {
  readonly target: ServerTarget | { readonly embeddedFolder: string }
  readonly migrate: boolean
}

/** Resolves options and environment to a configuration; frozen, and safe to print.
 *  @throws {ConfigError} when a value is out of its limits, a name is unknown, or no server is given */
export function resolveConfig(
  options: ConnectOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const given = flatten(options)
  refuseUnknown(given, environment)
  const read = <T>(field: Field, fallback: T): T => readSetting(field, given, environment) ?? (fallback as never)
  // null means "no limit" and must not fall back to the default.
  const readLimit = (field: Field, fallback: number): number | null => {
    const value = readSetting<number | null>(field, given, environment)
    return value === undefined ? fallback : value
  }
  const url = readUrl(given, environment)
  return freeze({
    target: url.embeddedFolder === undefined ? toServer(url, given, environment) : toEmbedded(url, given),
    pool: {
      max: read('pool.max', defaults.pool.max),
      acquireTimeoutMs: read('pool.acquireTimeoutMs', defaults.pool.acquireTimeoutMs),
      connectTimeoutMs: read('pool.connectTimeoutMs', defaults.pool.connectTimeoutMs),
      idleTimeoutMs: readLimit('pool.idleTimeoutMs', defaults.pool.idleTimeoutMs),
    },
    commandTimeoutMs: readLimit('commandTimeoutMs', defaults.commandTimeoutMs),
    applicationName: pickFrom(url, 'applicationName', given, environment) ?? defaults.applicationName,
    migrate: read('migrate', defaults.migrate),
  })
}

function flatten({ pool = {}, ...rest }: ConnectOptions): Given {
  if (typeof pool !== 'object' || pool === null) {
    throw new ConfigError({ field: 'pool', value: String(pool), limit: 'an object of pool options' })
  }
  const entries = [...Object.entries(rest), ...Object.entries(pool).map(([name, value]) => [`pool.${name}`, value])]
  return new Map(entries.filter(([, value]) => value !== undefined) as [string, unknown][])
}

function readUrl(given: Given, environment: Environment): UrlParts {
  const text = readSetting<string>('url', given, environment)
  // A host among the options says where to connect: the environment's URL is then about another server.
  if (text === undefined || (given.has('host') && !given.has('url'))) return {}
  return parseConnectionUrl(text, given.has('url') ? 'url' : 'DATABASE_URL')
}

type UrlField = Field & keyof UrlParts

/** Gives a setting from the options, else from the URL, else from the environment. */
function pickFrom<T>(url: UrlParts, field: UrlField, given: Given, environment: Environment): T | undefined {
  if (!given.has(field) && url[field] !== undefined) return checkSetting(field, `url ${field}`, url[field])
  return readSetting<T>(field, given, environment)
}

function toServer(url: UrlParts, given: Given, environment: Environment): ServerTarget {
  const pick = <T>(field: UrlField): T | undefined => pickFrom(url, field, given, environment)
  const host = pick<string>('host')
  if (host === undefined) {
    throw new ConfigError({
      field: 'url',
      value: 'not given',
      limit: 'given as an option (--url) or in DATABASE_URL; `embedded:./.ashlar` starts a server for development',
    })
  }
  const user = pick<string>('user') ?? userInfo().username
  const password = given.has('password') ? null : url.password
  const secret = password ?? asSecret(readSetting<string>('password', given, environment))
  return {
    host,
    port: pick('port') ?? defaults.port,
    user,
    password: secret,
    database: pick('database') ?? user,
    tls: pick('sslmode') ?? (isLocal(host) ? 'disable' : 'verify-full'),
  }
}

function asSecret(text: string | undefined): Secret | null {
  return text === undefined ? null : new Secret(text)
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.')) || host.startsWith('/')
}

function toEmbedded({ embeddedFolder = '' }: UrlParts, given: Given): Config['target'] {
  const extra = ['host', 'port', 'user', 'password', 'database', 'sslmode'].find((field) => given.has(field))
  if (extra !== undefined) {
    throw new ConfigError({ field: extra, value: 'given', limit: 'left out: an embedded server chooses its own' })
  }
  return { embeddedFolder }
}

function freeze(config: Config): Config {
  Object.freeze(config.target)
  Object.freeze(config.pool)
  return Object.freeze(config)
}
