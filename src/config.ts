/** Options and environment to one validated, frozen configuration. */

import { userInfo } from 'node:os'
import { parseConnectionUrl, type UrlParts } from './connection-url.js'
import { ConfigError } from './errors.js'
import { olderVariablesHint } from './older-environment.js'
import type { PoolConfig, PoolOptions } from './pool-options.js'
import { Secret } from './secret.js'
import {
  checkSetting,
  type Environment,
  type Field,
  type Given,
  readSetting,
  refuseUnknown,
  variableOf,
} from './settings.js'
import { type FoundSetting, resolveTls, type TlsField, type TlsMode, type TlsTarget } from './tls-target.js'

/** All defaults. Times in milliseconds; null: never, or no limit. */
export const defaults = {
  port: 5432,
  applicationName: 'ashlar',
  commandTimeoutMs: 60_000,
  migrate: false,
  pool: {
    min: 10,
    max: 50,
    maxUses: null,
    maxLifetimeMs: 1_800_000,
    acquireTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
    idleTimeoutMs: 300_000,
    pingAfterIdleMs: 1_000,
    maxWaiting: 10_000,
    leakThresholdMs: null,
    closeTimeoutMs: 30_000,
    lanes: 4,
    laneDepth: 32,
    laneBytes: 1_048_576,
  },
  preparedStatements: true,
  maxPreparedStatements: 100,
  coalesce: false,
  migration: {
    lockTimeoutMs: 60_000,
  },
} as const

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
  /** Environment: PGPASSWORD; without it, the password file (PGPASSFILE, `~/.pgpass`). */
  readonly password?: string
  /** Default: the user's name. Environment: PGDATABASE. */
  readonly database?: string
  /** `disable`; `require`: encrypted, and the server not checked; `verify-ca`: its certificate checked; `verify-full`:
   *  its host name too. Default: `disable` on the loopback interface, else `verify-full`. Unix sockets carry no TLS.
   *  Environment: PGSSLMODE. */
  readonly sslmode?: 'disable' | TlsMode
  /** Certificates of the authorities that are trusted: the path of a PEM file, or the PEM text itself. Default, and
   *  `system`: those that Node knows. Environment: PGSSLROOTCERT. */
  readonly sslrootcert?: string
  /** The client's certificate, for servers that ask for one: path or PEM text. Environment: PGSSLCERT. */
  readonly sslcert?: string
  /** The unencrypted key of `sslcert`: path or PEM text. Environment: PGSSLKEY. */
  readonly sslkey?: string
  /** Sizes, limits and hooks of the pool; or `none`: a connection of its own for each statement and each transaction, closed
   *  after it, for serverless functions and scripts. `connect` opens none then, and an error comes with the first call.
   *  At most `pool.max` are open at a time all the same. Environment: ASHLAR_POOL, which sizes given here do not undo. */
  readonly pool?: PoolOptions | 'none'
  /** Whether statements are prepared under a name and kept on their connection. false: for a pooler in between that cannot
   *  keep them, and that may give each transaction another session. Nothing is set for the session then: the server is not
   *  told `commandTimeoutMs`. Default true. Environment: ASHLAR_PREPARED_STATEMENTS (`true` or `false`). */
  readonly preparedStatements?: boolean
  /** Most prepared statements of a connection, 1 to 10,000; of more, the one unused for longest is closed on the server.
   *  Default 100. ASHLAR_MAX_PREPARED_STATEMENTS. */
  readonly maxPreparedStatements?: number
  /** Whether point lookups by key that are called in one tick of the event loop become one statement; see
   *  {@link CallOptions.coalesce} to decide it call by call. Default false. ASHLAR_COALESCE (`true` or `false`). */
  readonly coalesce?: boolean
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
  readonly tls: 'disable' | TlsTarget
}

/** Limits that hold whatever the target is. */
interface Limits {
  readonly pool: PoolConfig
  readonly preparedStatements: boolean
  readonly maxPreparedStatements: number
  readonly coalesce: boolean
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
  const read: Read = (field, fallback) => {
    const value = readSetting<typeof fallback>(field, given, environment)
    // null means "never" or "no limit" and must not fall back to the default.
    return value === undefined ? fallback : value
  }
  const url = readUrl(given, environment)
  return freeze({
    target: url.embeddedFolder === undefined ? toServer(url, given, environment) : toEmbedded(url, given),
    pool: readPool(read, given),
    preparedStatements: read('preparedStatements', defaults.preparedStatements),
    maxPreparedStatements: read('maxPreparedStatements', defaults.maxPreparedStatements),
    coalesce: read('coalesce', defaults.coalesce),
    commandTimeoutMs: read('commandTimeoutMs', defaults.commandTimeoutMs),
    applicationName: pickFrom(url, 'applicationName', given, environment) ?? defaults.applicationName,
    migrate: read('migrate', defaults.migrate),
  })
}

/** Gives a setting's value, or the fallback where it is not set. */
type Read = <T>(field: Field, fallback: T) => T

function readPool(read: Read, given: Given): PoolConfig {
  const { pool } = defaults
  return {
    keepsConnections: read<'none' | null>('pool', null) !== 'none',
    ...readSizes(read, given),
    maxUses: read('pool.maxUses', pool.maxUses),
    maxLifetimeMs: read('pool.maxLifetimeMs', pool.maxLifetimeMs),
    acquireTimeoutMs: read('pool.acquireTimeoutMs', pool.acquireTimeoutMs),
    connectTimeoutMs: read('pool.connectTimeoutMs', pool.connectTimeoutMs),
    idleTimeoutMs: read('pool.idleTimeoutMs', pool.idleTimeoutMs),
    pingAfterIdleMs: read('pool.pingAfterIdleMs', pool.pingAfterIdleMs),
    maxWaiting: read('pool.maxWaiting', pool.maxWaiting),
    leakThresholdMs: read('pool.leakThresholdMs', pool.leakThresholdMs),
    closeTimeoutMs: read('pool.closeTimeoutMs', pool.closeTimeoutMs),
    lanes: read('pool.lanes', pool.lanes),
    laneDepth: read('pool.laneDepth', pool.laneDepth),
    laneBytes: read('pool.laneBytes', pool.laneBytes),
    onConnect: read('pool.onConnect', null),
    onBorrow: read('pool.onBorrow', null),
    onLeak: read('pool.onLeak', null),
  }
}

/** A `max` below the default of `min` is the caller's word for both; two that contradict each other are a mistake. */
function readSizes(read: Read, given: Given): Pick<PoolConfig, 'min' | 'max'> {
  const max = read<number>('pool.max', defaults.pool.max)
  const min = read<number>('pool.min', Math.min(defaults.pool.min, max))
  if (min > max) {
    const field = given.has('pool.min') ? 'pool.min' : variableOf('pool.min')
    throw new ConfigError({ field, value: String(min), limit: `at most pool.max, which is ${max}` })
  }
  return { min, max }
}

function flatten({ pool = {}, ...rest }: ConnectOptions): Given {
  const isObject = typeof pool === 'object' && pool !== null
  const ofPool = isObject ? Object.entries(pool).map(([name, value]) => [`pool.${name}`, value]) : [['pool', pool]]
  const entries = [...Object.entries(rest), ...ofPool]
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

const URL_NEEDED =
  'given as an option (--url; `url` or `host` of connect), in DATABASE_URL or in PGHOST; `embedded:./.ashlar` starts a server for development'

function toServer(url: UrlParts, given: Given, environment: Environment): ServerTarget {
  const pick = <T>(field: UrlField): T | undefined => pickFrom(url, field, given, environment)
  const host = pick<string>('host')
  if (host === undefined) {
    throw new ConfigError({
      field: 'url',
      value: 'not given',
      limit: `${URL_NEEDED}${olderVariablesHint(environment)}`,
    })
  }
  const user = pick<string>('user') ?? ownName()
  const password = given.has('password') ? null : url.password
  if (password) checkSetting('password', 'url password', password.reveal())
  const secret = password ?? asSecret(readSetting<string>('password', given, environment))
  return {
    host,
    port: pick('port') ?? defaults.port,
    user,
    password: secret,
    database: pick('database') ?? user,
    tls: resolveTls(host, (field) => findTlsSetting(field, url, given, environment)),
  }
}

/** @throws {ConfigError} when the process runs under a number that has no name, as in containers */
function ownName(): string {
  try {
    return userInfo().username
  } catch {
    throw new ConfigError({
      field: 'user',
      value: 'not given',
      limit: 'given (in the URL, as an option or in PGUSER): the user of this process has no name',
    })
  }
}

function asSecret(text: string | undefined): Secret | null {
  return text === undefined ? null : new Secret(text)
}

function findTlsSetting(field: TlsField, url: UrlParts, given: Given, environment: Environment): FoundSetting | null {
  const value = pickFrom<string>(url, field, given, environment)
  if (value === undefined) return null
  if (given.has(field)) return { value, source: field, isExplicit: true }
  if (url[field] !== undefined) return { value, source: `url ${field}`, isExplicit: true }
  return { value, source: variableOf(field), isExplicit: false }
}

const serverFields: readonly (keyof ConnectOptions)[] = [
  'host',
  'port',
  'user',
  'password',
  'database',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
]

function toEmbedded({ embeddedFolder = '' }: UrlParts, given: Given): Config['target'] {
  const extra = serverFields.find((field) => given.has(field))
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
