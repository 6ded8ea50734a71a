/** Takes connection URLs apart. No error of this module repeats the URL: it may hold a password. */

import { ConfigError } from './errors.js'
import { adviceForSsl, adviceForUrl } from './older-environment.js'
import { Secret } from './secret.js'

/** What a URL says; absent where it says nothing. */
export interface UrlParts {
  readonly embeddedFolder?: string
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly password?: Secret
  readonly database?: string
  readonly sslmode?: string
  readonly sslrootcert?: string
  readonly sslcert?: string
  readonly sslkey?: string
  readonly applicationName?: string
}

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE, embedded:FOLDER or embedded:temp'
const parameters: Readonly<Record<string, keyof UrlParts>> = {
  host: 'host',
  sslmode: 'sslmode',
  sslrootcert: 'sslrootcert',
  sslcert: 'sslcert',
  sslkey: 'sslkey',
  application_name: 'applicationName',
}

/** Takes a URL apart. `field` is where it came from, for the error: `url` or `DATABASE_URL`.
 *  @throws {ConfigError} when it is malformed, or has a part that ashlar does not know */
export function parseConnectionUrl(text: string, field: string): UrlParts {
  const embedded = /^embedded:(.*)$/s.exec(text)
  if (embedded !== null) {
    if (!embedded[1]) throw new ConfigError({ field, value: 'embedded: without a folder', limit: FORM })
    return { embeddedFolder: embedded[1] }
  }
  const url = toUrl(text, field)
  return {
    ...(url.hostname === '' ? {} : { host: decode(url.hostname, field).replace(/^\[(.*)\]$/, '$1') }),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.username === '' ? {} : { user: decode(url.username, field) }),
    ...(url.password === '' ? {} : { password: new Secret(decode(url.password, field)) }),
    ...(url.pathname.length < 2 ? {} : { database: decode(url.pathname.slice(1), field) }),
    ...fromParameters(url.search.slice(1), field),
  }
}

function toUrl(text: string, field: string): URL {
  const advice = adviceForUrl(text)
  if (advice !== null) throw new ConfigError({ field, ...advice })
  if (!URL.canParse(text)) throw new ConfigError({ field, value: 'malformed', limit: FORM })
  const url = new URL(text)
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw new ConfigError({ field, value: `of scheme ${url.protocol}`, limit: FORM })
  }
  if (url.hostname.includes(',')) throw new ConfigError({ field, value: 'a list of hosts', limit: 'one host' })
  if (/[@/]/.test(url.pathname.slice(1))) {
    throw new ConfigError({ field, value: 'cut by a / or ?', limit: 'percent-encoded: / is %2F, ? is %3F, @ is %40' })
  }
  if (url.hash !== '') throw new ConfigError({ field, value: 'cut by a #', limit: 'written with %23 for #' })
  return url
}

function decode(text: string, field: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigError({ field, value: 'malformed', limit: 'percent-encoded rightly: a % itself is written %25' })
  }
}

/** Takes parameters apart as libpq does: a + is a plus, not a space. */
function fromParameters(search: string, field: string): UrlParts {
  const parts: Record<string, string> = {}
  for (const pair of search.split('&').filter(Boolean)) {
    const [, name = '', value = ''] = (/^([^=]*)=?(.*)$/s.exec(pair) ?? []).map((text) => decode(text, field))
    const part = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (name === 'ssl') {
      throw new ConfigError({ field: `${field} parameter ssl`, value: 'unknown', limit: adviceForSsl(value) })
    }
    if (part === undefined) {
      throw new ConfigError({
        // An unescaped ? within a password makes its rest look like a parameter.
        field: /^\w+$/.test(name) ? `${field} parameter ${name}` : `a parameter of ${field}`,
        value: 'unknown',
        limit: `one of ${Object.keys(parameters).join(', ')}`,
      })
    }
    if (Object.hasOwn(parts, part)) {
      throw new ConfigError({ field: `${field} parameter ${name}`, value: 'given twice', limit: 'given once' })
    }
    parts[part] = value
  }
  return parts
}
