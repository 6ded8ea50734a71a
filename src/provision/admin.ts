import { resolveConfig, type ServersTarget, type ServerTarget } from '../config.js'
import { ConfigError } from '../errors.js'
import type { Environment } from '../settings.js'

/** The variables that name the application's own server and role, which is not the administrator. */
const ofApplication = new Set([
  'DATABASE_URL',
  'PGHOST',
  'PGPORT',
  'PGUSER',
  'PGPASSWORD',
  'PGDATABASE',
  'PGTARGETSESSIONATTRS',
])

/** Gives the administrator that `--admin-url` or ASHLAR_ADMIN_URL names, or null. Its database is `postgres` unless the
 *  URL names another.
 *  @throws {ConfigError} when the URL cannot be used */
export function resolveAdmin(option: string | undefined, environment: Environment = process.env): ServerTarget | null {
  const url = option ?? environment.ASHLAR_ADMIN_URL
  if (url === undefined || url === '') return null
  const field = option === undefined ? 'ASHLAR_ADMIN_URL' : '--admin-url'
  const rest = Object.entries(environment).filter(([name]) => !ofApplication.has(name))
  try {
    const { target } = resolveConfig({ url }, { ...Object.fromEntries(rest), PGDATABASE: 'postgres' })
    if (!('embeddedFolder' in target)) return onlyOne(target, field)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError({ field: error.field.replace(/^url\b/, field), value: error.value, limit: error.limit })
  }
  throw new ConfigError({ field, value: 'an embedded server', limit: 'postgres://ADMIN:PASSWORD@HOST:PORT/postgres' })
}

function onlyOne({ servers }: ServersTarget, field: string): ServerTarget {
  const [only] = servers
  if (servers.length === 1 && only !== undefined) return only
  throw new ConfigError({
    field,
    value: `a list of ${servers.length} hosts`,
    limit: 'of one host, that of the primary',
  })
}
