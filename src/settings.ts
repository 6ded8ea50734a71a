/** Every setting: its option, its environment variable, and what it must be. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from './errors.js'
import { sessionAttrs } from './session-attrs.js'

/** Options by path (`pool.max`), as far as they are given. */
export type Given = ReadonlyMap<string, unknown>
/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>

/** One option: where it may come from, and what it must be. */
interface Setting {
  readonly environment: string | null
  /** Made when a value is checked: most settings are never given, and all the schemas are a tenth of the start. */
  readonly schema: () => z.ZodType
  readonly limit: string
  /** What to write instead of values that are often tried; shown in place of `limit`. */
  readonly advice?: Readonly<Record<string, string>>
  readonly fromText: (text: string) => unknown
  readonly isSecret?: boolean
}

const asText = (text: string): unknown => text
const nonEmpty = (limit: string) => ({ schema: () => z.string().min(1), limit, fromText: asText })

/** The server cuts a longer name in silence, and takes a NUL for the end. */
const name = (kind: string) => ({
  schema: () => z.string().refine((text) => text !== '' && Buffer.byteLength(text) <= 63 && !text.includes('\0')),
  limit: `a ${kind} name of 1 to 63 bytes, without NUL`,
  fromText: asText,
})

function integer(min: number, max: number) {
  return {
    schema: () => z.int().min(min).max(max),
    limit: `an integer from ${min} to ${max}`,
    fromText: (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : text),
  }
}

function integerOrNull(min: number, max: number, meaning = 'no limit') {
  const { schema, limit, fromText } = integer(min, max)
  return {
    schema: () => schema().nullable(),
    limit: `${limit}, or null for ${meaning} (\`none\` in the environment)`,
    fromText: (text: string): unknown => (text === 'none' ? null : fromText(text)),
  }
}

const port = integer(1, 65_535)

/** As libpq has it: where one is left out between commas, the default is meant. */
function isPortList(text: string): boolean {
  return text.includes(',') && text.split(',').every((each) => each === '' || isPort(each))
}

function isPort(text: string): boolean {
  return port.schema().safeParse(port.fromText(text)).success
}

function isHost(text: string): boolean {
  return /^[^@\s,\0]+$/.test(text) && !/^\[|:\/\//.test(text)
}

const boolean = {
  schema: () => z.boolean(),
  limit: 'true or false',
  fromText: (text: string): unknown => (/^(?:true|false)$/.test(text) ? text === 'true' : text),
}

const hook = {
  schema: () => z.custom((value) => typeof value === 'function'),
  limit: 'a function',
  fromText: asText,
}

/** Tells whether a value has these functions; `optional` ones may be missing. */
function hasFunctions(value: unknown, required: readonly string[], optional: readonly string[] = []): boolean {
  if (typeof value !== 'object' || value === null) return false
  const at = (name: string): unknown => (value as Readonly<Record<string, unknown>>)[name]
  return (
    required.every((name) => typeof at(name) === 'function') &&
    optional.every((name) => ['function', 'undefined'].includes(typeof at(name)))
  )
}

const isLogger = (value: unknown): boolean => hasFunctions(value, ['warn', 'error'], ['debug', 'info'])

const providerFunctions: Readonly<Record<string, string>> = { tracerProvider: 'getTracer', meterProvider: 'getMeter' }

function isTelemetry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === 'none'
  return Object.entries(value).every(
    ([name, provider]) =>
      Object.hasOwn(providerFunctions, name) &&
      (provider === undefined || hasFunctions(provider, [providerFunctions[name] ?? ''])),
  )
}

const DAY_MS = 86_400_000
const TEN_MINUTES_MS = 600_000
const GIB = 1_073_741_824

const PEM = 'the path of a PEM file, or the PEM text itself'
const IN_SILENCE = 'falls back to plain text in silence'

const settings = {
  url: { environment: 'DATABASE_URL', ...nonEmpty('a URL'), isSecret: true },
  host: {
    environment: 'PGHOST',
    schema: () => z.string().refine((list) => list.split(',').every(isHost)),
    limit: 'host names, addresses (without brackets) or folders of Unix sockets, with commas between them',
    fromText: asText,
    isSecret: true,
  },
  port: {
    environment: 'PGPORT',
    schema: () => z.union([port.schema(), z.string().refine(isPortList)]),
    limit: `${port.limit}, or a list of them with commas, as long as that of the hosts`,
    fromText: port.fromText,
  },
  user: { environment: 'PGUSER', ...name('role') },
  password: {
    environment: 'PGPASSWORD',
    schema: () => z.string().regex(/^[^\0]+$/),
    limit: 'a non-empty string without NUL',
    fromText: asText,
    isSecret: true,
  },
  database: { environment: 'PGDATABASE', ...name('database') },
  sslmode: {
    environment: 'PGSSLMODE',
    schema: () => z.enum(['disable', 'require', 'verify-ca', 'verify-full']),
    limit: 'disable, require, verify-ca or verify-full',
    advice: {
      allow: `verify-full, or require where the server cannot be checked: allow ${IN_SILENCE}`,
      prefer: `verify-full, or require where the server cannot be checked: prefer ${IN_SILENCE}`,
      'no-verify': 'require, which is its name in libpq',
    },
    fromText: asText,
  },
  sslrootcert: { environment: 'PGSSLROOTCERT', ...nonEmpty(PEM), isSecret: true },
  sslcert: { environment: 'PGSSLCERT', ...nonEmpty(PEM), isSecret: true },
  sslkey: { environment: 'PGSSLKEY', ...nonEmpty(PEM), isSecret: true },
  targetSessionAttrs: {
    environment: 'PGTARGETSESSIONATTRS',
    schema: () => z.enum(sessionAttrs),
    limit: 'any, read-write, read-only, primary, standby or prefer-standby',
    fromText: asText,
  },
  pool: {
    environment: 'ASHLAR_POOL',
    schema: () => z.literal('none'),
    limit: '`none`, or as an option an object of pool options',
    fromText: asText,
  },
  'pool.min': { environment: 'ASHLAR_POOL_MIN', ...integer(0, 1_000) },
  'pool.max': { environment: 'ASHLAR_POOL_MAX', ...integer(1, 1_000) },
  'pool.maxUses': { environment: 'ASHLAR_POOL_MAX_USES', ...integerOrNull(1, 1_000_000_000, 'never') },
  'pool.maxLifetimeMs': {
    environment: 'ASHLAR_POOL_MAX_LIFETIME_MS',
    ...integerOrNull(1_000, 7 * DAY_MS),
  },
  'pool.acquireTimeoutMs': { environment: 'ASHLAR_POOL_ACQUIRE_TIMEOUT_MS', ...integer(1, TEN_MINUTES_MS) },
  'pool.connectTimeoutMs': { environment: 'ASHLAR_POOL_CONNECT_TIMEOUT_MS', ...integer(1, TEN_MINUTES_MS) },
  'pool.idleTimeoutMs': { environment: 'ASHLAR_POOL_IDLE_TIMEOUT_MS', ...integerOrNull(1, DAY_MS) },
  'pool.pingAfterIdleMs': { environment: 'ASHLAR_POOL_PING_AFTER_IDLE_MS', ...integerOrNull(1, DAY_MS, 'never') },
  'pool.watchdogMs': { environment: 'ASHLAR_POOL_WATCHDOG_MS', ...integerOrNull(100, TEN_MINUTES_MS, 'never') },
  'pool.maxWaiting': { environment: 'ASHLAR_POOL_MAX_WAITING', ...integer(0, 1_000_000) },
  'pool.leakThresholdMs': { environment: 'ASHLAR_POOL_LEAK_THRESHOLD_MS', ...integerOrNull(1, DAY_MS, 'never') },
  'pool.closeTimeoutMs': { environment: 'ASHLAR_POOL_CLOSE_TIMEOUT_MS', ...integerOrNull(1, TEN_MINUTES_MS) },
  'pool.lanes': { environment: 'ASHLAR_POOL_LANES', ...integerOrNull(1, 64, 'no sharing') },
  'pool.laneDepth': { environment: 'ASHLAR_POOL_LANE_DEPTH', ...integer(1, 1_024) },
  'pool.laneBytes': { environment: 'ASHLAR_POOL_LANE_BYTES', ...integer(1_024, GIB) },
  'pool.onConnect': { environment: null, ...hook },
  'pool.onBorrow': { environment: null, ...hook },
  'pool.onLeak': { environment: null, ...hook },
  retry: {
    environment: 'ASHLAR_RETRY',
    schema: () => z.literal('none'),
    limit: '`none`, or as an option an object of retry options',
    fromText: asText,
  },
  'retry.maxAttempts': { environment: 'ASHLAR_RETRY_MAX_ATTEMPTS', ...integer(1, 100) },
  'retry.maxConflictAttempts': { environment: 'ASHLAR_RETRY_MAX_CONFLICT_ATTEMPTS', ...integer(1, 1_000) },
  'retry.baseDelayMs': { environment: 'ASHLAR_RETRY_BASE_DELAY_MS', ...integer(1, 60_000) },
  'retry.maxDelayMs': { environment: 'ASHLAR_RETRY_MAX_DELAY_MS', ...integer(1, TEN_MINUTES_MS) },
  'retry.random': { environment: null, ...hook },
  'retry.clock': {
    environment: null,
    schema: () => z.custom((value) => hasFunctions(value, ['now', 'sleep'])),
    limit: 'an object with the functions `now` and `sleep`',
    fromText: asText,
  },
  preparedStatements: { environment: 'ASHLAR_PREPARED_STATEMENTS', ...boolean },
  maxPreparedStatements: { environment: 'ASHLAR_MAX_PREPARED_STATEMENTS', ...integer(1, 10_000) },
  coalesce: { environment: 'ASHLAR_COALESCE', ...boolean },
  operationRetentionMs: {
    environment: 'ASHLAR_OPERATION_RETENTION_MS',
    ...integerOrNull(60_000, 365 * DAY_MS, 'no deletion'),
  },
  commandTimeoutMs: { environment: 'ASHLAR_COMMAND_TIMEOUT_MS', ...integerOrNull(1, DAY_MS) },
  applicationName: {
    environment: 'PGAPPNAME',
    schema: () => z.string().refine((name) => name !== '' && Buffer.byteLength(name) <= 63),
    limit: 'a text of 1 to 63 bytes',
    fromText: asText,
  },
  telemetry: {
    environment: null,
    schema: () => z.custom(isTelemetry),
    limit: '`none`, or an object of `tracerProvider` and `meterProvider`',
    fromText: asText,
    isSecret: true,
  },
  logger: {
    environment: null,
    schema: () => z.custom(isLogger),
    limit: 'an object with the functions `warn` and `error`, and if it likes `debug` and `info`',
    fromText: asText,
    isSecret: true,
  },
  logLevel: {
    environment: 'ASHLAR_LOG_LEVEL',
    schema: () => z.enum(['debug', 'info', 'warn', 'error']),
    limit: 'debug, info, warn or error',
    fromText: asText,
  },
  migrate: { environment: null, ...boolean },
  project: {
    environment: null,
    schema: () => z.string().refine((folder) => existsSync(join(folder, 'migrations'))),
    limit: 'the folder of an application, with migrations/ in it',
    fromText: asText,
  },
} as const satisfies Record<string, Setting>

/** An option's path. */
export type Field = keyof typeof settings
const fields = Object.keys(settings) as Field[]

/** Read by other parts of ashlar, so not a mistake when it is set. */
const otherVariables = ['ASHLAR_EMBEDDED_USER', 'ASHLAR_ADMIN_URL', 'ASHLAR_PG_BIN']

/** @throws {ConfigError} when an option, or a variable that starts with ASHLAR_, is not among the settings */
export function refuseUnknown(given: Given, environment: Environment): void {
  for (const name of given.keys()) {
    if (!Object.hasOwn(settings, name)) throw unknown(`option ${name}`, fields)
  }
  const variables = [...fields.map((field) => settings[field].environment ?? ''), ...otherVariables]
  for (const name of Object.keys(environment)) {
    if (name.startsWith('ASHLAR_') && !variables.includes(name)) {
      throw unknown(
        name,
        variables.filter((variable) => variable.startsWith('ASHLAR_')),
      )
    }
  }
}

function unknown(field: string, known: readonly string[]): ConfigError {
  return new ConfigError({ field, value: 'unknown', limit: `one of ${known.join(', ')}` })
}

/** Gives the environment variable of a setting, for errors. */
export function variableOf(field: Field): string {
  return settings[field].environment ?? field
}

/** Gives a setting's value from the options, else from the environment, else undefined. An empty variable is unset.
 *  @throws {ConfigError} when the value is out of the setting's limits */
export function readSetting<T>(field: Field, given: Given, environment: Environment): T | undefined {
  const setting: Setting = settings[field]
  if (given.has(field)) return checkSetting<T>(field, field, given.get(field))
  const text = setting.environment === null ? undefined : environment[setting.environment]
  if (setting.environment === null || text === undefined || text === '') return undefined
  return checkSetting<T>(field, setting.environment, setting.fromText(text))
}

/** Gives the value back when it is within the setting's limits. `source` is where it came from, for the error.
 *  @throws {ConfigError} when it is not */
export function checkSetting<T>(field: Field, source: string, value: unknown): T {
  const { schema, limit, advice = {}, isSecret }: Setting = settings[field]
  const result = schema().safeParse(value)
  if (result.success) return result.data as T
  const advised = typeof value === 'string' && Object.hasOwn(advice, value) ? advice[value] : undefined
  throw new ConfigError({ field: source, value: isSecret ? '[hidden]' : shown(value), limit: advised ?? limit })
}

/** JSON has no word for a function or a symbol, and refuses a bigint. */
function shown(value: unknown): string {
  return ['function', 'symbol', 'bigint'].includes(typeof value) ? `a ${typeof value}` : JSON.stringify(value)
}
