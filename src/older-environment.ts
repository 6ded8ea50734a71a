/** What URLs and variables of SQLAlchemy and asyncpg are called here. Only hints come of it: nothing of them is read. */

import type { Environment } from './settings.js'

const variables: Readonly<Record<string, string>> = {
  POSTGRES_SERVER: 'PGHOST',
  POSTGRES_HOST: 'PGHOST',
  POSTGRES_PORT: 'PGPORT',
  POSTGRES_USER: 'PGUSER',
  POSTGRES_PASSWORD: 'PGPASSWORD',
  POSTGRES_DB: 'PGDATABASE',
  POOL_SIZE: 'ASHLAR_POOL_MAX, POOL_OVERFLOW added',
  POOL_OVERFLOW: 'ASHLAR_POOL_MAX, POOL_SIZE added',
  POOL_TIMEOUT: 'ASHLAR_POOL_ACQUIRE_TIMEOUT_MS, in milliseconds',
  POOL_RECYCLE: 'ASHLAR_POOL_MAX_LIFETIME_MS, in milliseconds',
}

/** Gives a hint for variables that are set and that ashlar does not read, to follow a sentence; empty without any. */
export function olderVariablesHint(environment: Environment): string {
  const hints = Object.entries(variables).filter(([name]) => environment[name])
  if (hints.length === 0) return ''
  return `; not read: ${hints.map(([name, ours]) => `${name} (write ${ours})`).join(', ')}`
}

/** What to write instead of a URL. */
export interface UrlAdvice {
  /** What it is, for a ConfigError. */
  readonly value: string
  /** What to write. */
  readonly limit: string
}

/** Tells what to write instead of a URL for SQLAlchemy; null for any other. Nothing but its scheme is repeated. */
export function adviceForUrl(text: string): UrlAdvice | null {
  const driver = /^postgres(?:ql)?\+[a-z0-9_]+(?=:)/i.exec(text)?.[0]
  if (driver !== undefined) {
    const ssl = /[?&]ssl=([^&#]*)/.exec(text)?.[1]
    const rest = ssl === undefined ? 'the rest unchanged' : `its parameter ssl ${adviceForSsl(ssl)}`
    return { value: `of scheme ${driver}:`, limit: `written with postgres:// and ${rest}` }
  }
  const file = /^(?:sqlite(?:\+[a-z0-9_]+)?|file)(?=:)/i.exec(text)?.[0]
  if (file === undefined) return null
  // SQLAlchemy's `sqlite://` alone is in memory.
  const isInMemory = /:memory:|mode=memory/.test(text) || /^sqlite[^:]*:\/*$/i.test(text)
  const instead = isInMemory ? 'embedded:temp' : 'embedded:FOLDER (such as embedded:./.ashlar)'
  return { value: `of scheme ${file}:`, limit: `${instead}: an embedded PostgreSQL; ashlar opens no SQLite file` }
}

const sslWords: Readonly<Record<string, string>> = {
  true: 'verify-full (or require, where the server cannot be checked)',
  false: 'disable',
  disable: 'disable',
  require: 'require',
  'verify-ca': 'verify-ca',
  'verify-full': 'verify-full',
}

/** Tells what to write instead of asyncpg's parameter `ssl`. */
export function adviceForSsl(value: string): string {
  return `written sslmode=${Object.hasOwn(sslWords, value) ? sslWords[value] : 'verify-full'}`
}
