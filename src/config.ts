/** Options and environment to one validated, frozen configuration. */

import { userInfo } from 'node:os'
import { parseConnectionUrl, type UrlParts } from './connection-url.js'
import type { Logger, LogLevel } from './engine/monitor/logger.js'
import type { TelemetryOptions } from './engine/telemetry/telemetry-options.js'
import { ConfigError } from './errors.js'
import { olderVariablesHint } from './older-environment.js'
import type { PoolConfig, PoolOptions } from './pool-options.js'
import type { RetryConfig, RetryOptions } from './retry-options.js'
import { Secret } from './secret.js'
import type { TargetSessionAttrs } from './session-attrs.js'
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
    watchdogMs: 5_000,
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
  retry: {
    maxAttempts: 4,
    maxConflictAttempts: 50,
    baseDelayMs: 20,
    maxDelayMs: 1_000,
  },
  logLevel: 'warn',
  operationRetentionMs: 604_800_000,
  migration: {
    lockTimeoutMs: 60_000,
    statementLockTimeoutMs: 100,
    lockRetryMs: 60_000,
  },
} as const

/** How to reach the database, and within which limits. What is not given here comes from the environment. */
export interface ConnectOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=...`, `embedded:FOLDER` or `embedded:temp`. Several hosts:
   *  `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE`, see {@link ConnectOptions.targetSessionAttrs}.
   *  Environment: DATABASE_URL. */
  readonly url?: string
  /** Wins over the URL's. Several with commas between them: `a,b`. Environment: PGHOST. */
  readonly host?: string
  /** 1 to 65,535; of several hosts one for all, or a list such as `5432,5433`. Default 5432. Environment: PGPORT. */
  readonly port?: number | string
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
  /** Which server of several hosts to connect to, and what a single one must be: `any`; `read-write`: one that takes
   *  writes; `read-only`: one that takes none; `primary`; `standby`; `prefer-standby`: a standby, or else any. The host is
   *  found again when it fails or changes its role. Default: `any` for one host, and `read-write` for several: of these
   *  `any` would be a standby sooner or later, which refuses every write. Environment: PGTARGETSESSIONATTRS. */
  readonly targetSessionAttrs?: TargetSessionAttrs
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
  /** How long the results of calls with an `operationId` are kept, in ms, 60,000 to 31,536,000,000; who calls again later
   *  is not recognised. A handle that makes such calls deletes older ones in the background, once in ten minutes at the most,
   *  with `pool: 'none'` not at all. null: they are kept until `operations.deleteOld` is called. Default 604,800,000: seven
   *  days. ASHLAR_OPERATION_RETENTION_MS (`none` for null). */
  readonly operationRetentionMs?: number | null
  /** The server stops a statement that runs longer, in ms, 1 to 86,400,000. null: no limit. Default 60,000.
   *  ASHLAR_COMMAND_TIMEOUT_MS (`none` for null). */
  readonly commandTimeoutMs?: number | null
  /** How often calls are tried again where that is safe; or `none`: never. Environment: ASHLAR_RETRY
   *  (`none`). */
  readonly retry?: RetryOptions | 'none'
  /** Shown in pg_stat_activity, at most 63 bytes. Default `ashlar`. Environment: PGAPPNAME. */
  readonly applicationName?: string
  /** Where spans and metrics go, or `none`. Default: to the OpenTelemetry SDK that is registered, before `connect` or after
   *  it; without one nothing is measured. */
  readonly telemetry?: TelemetryOptions | 'none'
  /** Gets what happens to connections and calls, from `logLevel` on. Default: none, and nothing is logged. */
  readonly logger?: Logger
  /** `debug`, `info`, `warn` or `error`; at `warn` a healthy system logs nothing. Default `warn`. ASHLAR_LOG_LEVEL. */
  readonly logLevel?: LogLevel
  /** Applies pending migrations before anything else: ashlar's own, then those of `project`. Default false. */
  readonly migrate?: boolean
  /** The folder of the application, whose `migrations/` count too then: for `migrate`, and for what `health` finds
   *  pending. Relative to the working directory. Default: none, and ashlar's own migrations alone. */
  readonly project?: string
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
  readonly retry: RetryConfig
  readonly preparedStatements: boolean
  readonly maxPreparedStatements: number
  readonly coalesce: boolean
  readonly operationRetentionMs: number | null
  readonly commandTimeoutMs: number | null
  readonly applicationName: string
  readonly logLevel: LogLevel
}

/** Servers of which one is to be connected to. */
export interface ServersTarget {
  /** At least one, in the order in which they are named. */
  readonly servers: readonly ServerTarget[]
  readonly targetSessionAttrs: TargetSessionAttrs
}

/** What the engine needs to know. */
export interface ServerConfig extends Limits, ServersTarget {}

/** The validated configuration: servers, or an embedded one that is still to be started. */
export interface Config extends Limits {
  readonly target: ServersTarget | { readonly embeddedFolder: string }
  readonly migrate: boolean
  readonly project: string | null
}

/** Resolves options and environment to a configuration; frozen, and safe to print.
 *  @throws {ConfigError} when a value is out of its limits, a name is unknown, or no server is given */
export function resolveConfig(
  options: ConnectOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const given = flatten(options)
  refuseUnknown(given, environment)
  // Only checked: they are of other makers and may hold anything, and a configuration is safe to print.
  for (const field of ['telemetry', 'logger'] as const) readSetting(field, given, environment)
  const read: Read = (field, fallback) => {
    const value = readSetting<typeof fallback>(field, given, environment)
    // null means "never" or "no limit" and must not fall back to the default.
    return value === undefined ? fallback : value
  }
  const url = readUrl(given, environment)
  return freeze({
    target: url.embeddedFolder === undefined ? toServers(url, given, environment) : toEmbedded(url, given),
    pool: readPool(read, given),
    retry: readRetry(read),
    preparedStatements: read('preparedStatements', defaults.preparedStatements),
    maxPreparedStatements: read('maxPreparedStatements', defaults.maxPreparedStatements),
    coalesce: read('coalesce', defaults.coalesce),
    operationRetentionMs: read('operationRetentionMs', defaults.operationRetentionMs),
    commandTimeoutMs: read('commandTimeoutMs', defaults.commandTimeoutMs),
    applicationName: pickFrom(url, 'applicationName', given, environment) ?? defaults.applicationName,
    logLevel: read<LogLevel>('logLevel', defaults.logLevel),
    migrate: read('migrate', defaults.migrate),
    project: read('project', null),
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
    watchdogMs: read('pool.watchdogMs', pool.watchdogMs),
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

function readRetry(read: Read): RetryConfig {
  const { retry } = defaults
  return {
    isOn: read<'none' | null>('retry', null) !== 'none',
    maxAttempts: read('retry.maxAttempts', retry.maxAttempts),
    maxConflictAttempts: read('retry.maxConflictAttempts', retry.maxConflictAttempts),
    baseDelayMs: read('retry.baseDelayMs', retry.baseDelayMs),
    maxDelayMs: read('retry.maxDelayMs', retry.maxDelayMs),
    random: read('retry.random', null),
    clock: read('retry.clock', null),
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

/** Options in groups become paths. */
function flatten({ pool, retry, ...rest }: ConnectOptions): Given {
  const entries = [...Object.entries(rest), ...flattenGroup('pool', pool), ...flattenGroup('retry', retry)]
  return new Map(entries.filter(([, value]) => value !== undefined) as [string, unknown][])
}

function flattenGroup(name: string, group: unknown): readonly [string, unknown][] {
  if (typeof group !== 'object' || group === null) return [[name, group]]
  return Object.entries(group).map(([key, value]) => [`${name}.${key}`, value])
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

function toServers(url: UrlParts, given: Given, environment: Environment): ServersTarget {
  const pick = <T>(field: UrlField): T | undefined => pickFrom(url, field, given, environment)
  const hosts = pick<string>('host')?.split(',')
  if (hosts === undefined) {
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
  const database = pick<string>('database') ?? user
  const ports = portsOf(hosts, pick('port'), sourceOf('port', url, given))
  const servers = hosts.map((host, index) =>
    Object.freeze({
      host,
      port: ports[index] ?? defaults.port,
      user,
      password: secret,
      database,
      tls: resolveTls(host, (field) => findTlsSetting(field, url, given, environment)),
    }),
  )
  return {
    servers: Object.freeze(servers),
    targetSessionAttrs: pick('targetSessionAttrs') ?? (servers.length === 1 ? 'any' : 'read-write'),
  }
}

/** Gives a port for each host; undefined where the default is meant. */
function portsOf(
  hosts: readonly string[],
  port: number | string | undefined,
  source: string,
): readonly (number | undefined)[] {
  if (typeof port !== 'string') return hosts.map(() => port)
  const ports = port.split(',')
  if (ports.length !== hosts.length) {
    const count = hosts.length === 1 ? '1 host' : `${hosts.length} hosts`
    throw new ConfigError({
      field: source,
      value: `a list of ${ports.length} ports for ${count}`,
      limit: 'one port for all hosts, or a list as long as that of the hosts',
    })
  }
  return ports.map((each) => (each === '' ? undefined : Number(each)))
}

/** Where a setting comes from, for errors. */
function sourceOf(field: UrlField, url: UrlParts, given: Given): string {
  if (given.has(field)) return field
  return url[field] === undefined ? variableOf(field) : `url ${field}`
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
  return { value, source: sourceOf(field, url, given), isExplicit: given.has(field) || url[field] !== undefined }
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
  'targetSessionAttrs',
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
  Object.freeze(config.retry)
  return Object.freeze(config)
}
