/** Takes connection URLs apart. No error of this module repeats the URL: it may hold a password. */

import { ConfigError } from './errors.js'
import { adviceForSsl, adviceForUrl } from './older-environment.js'
import { Secret } from './secret.js'

/** What a URL says; absent where it says nothing. */
export interface UrlParts {
  readonly embeddedFolder?: string
  /** Of several hosts a list with commas, as libpq has it. */
  readonly host?: string
  /** A list like that of the hosts where the URL has one; empty in it where a host has none. */
  readonly port?: number | string
  readonly user?: string
  readonly password?: Secret
  readonly database?: string
  readonly sslmode?: string
  readonly sslrootcert?: string
  readonly sslcert?: string
  readonly sslkey?: string
  readonly applicationName?: string
  readonly targetSessionAttrs?: string
}

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE, embedded:FOLDER or embedded:temp'
const HOSTS_FORM =
  'HOST:PORT,HOST:PORT, each with a host, and with a number as its port or none (@ in a password is %40)'
const parameters: Readonly<Record<string, keyof UrlParts>> = {
  host: 'host',
  port: 'port',
  sslmode: 'sslmode',
  sslrootcert: 'sslrootcert',
  sslcert: 'sslcert',
  sslkey: 'sslkey',
  application_name: 'applicationName',
  target_session_attrs: 'targetSessionAttrs',
}

/** Takes a URL apart. `field` is where it came from, for the error: `url` or `DATABASE_URL`.
 *  @throws {ConfigError} when it is malformed, or has a part that ashlar does not know */
export function parseConnectionUrl(text: string, field: string): UrlParts {
  const embedded = /^embedded:(.*)$/s.exec(text)
  if (embedded !== null) {
    if (!embedded[1]) throw new ConfigError({ field, value: 'embedded: without a folder', limit: FORM })
    return { embeddedFolder: embedded[1] }
  }
  const { hosts, rest } = cutHosts(text)
  const url = toUrl(rest, field)
  return {
    ...(hosts === null ? fromAuthority(url, field) : fromHosts(hosts, field)),
    ...(url.username === '' ? {} : { user: decode(url.username, field) }),
    ...(url.password === '' ? {} : { password: new Secret(decode(url.password, field)) }),
    ...(url.pathname.length < 2 ? {} : { database: decode(url.pathname.slice(1), field) }),
    ...fromParameters(url.search.slice(1), field),
  }
}

/** Takes a list of hosts out of a URL: URLs as browsers know them have one host. */
function cutHosts(text: string): { readonly hosts: string | null; readonly rest: string } {
  const [, start = '', authority = '', end = ''] = /^([^:/?#]+:\/\/)([^/?#]*)(.*)$/s.exec(text) ?? []
  const at = authority.lastIndexOf('@') + 1
  const hosts = authority.slice(at)
  return hosts.includes(',')
    ? { hosts, rest: `${start}${authority.slice(0, at)}list${end}` }
    : { hosts: null, rest: text }
}

function fromAuthority({ hostname, port }: URL, field: string): UrlParts {
  return {
    ...(hostname === '' ? {} : { host: hostOf(hostname, field) }),
    ...(port === '' ? {} : { port: Number(port) }),
  }
}

/** One that is empty or malformed may be the rest of a password, and is not shown. */
function fromHosts(text: string, field: string): UrlParts {
  const entries = text.split(',').map((entry) => {
    const [, host, port = ''] = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d*))?$/.exec(entry) ?? []
    if (host === undefined) throw new ConfigError({ field, value: 'with a malformed list of hosts', limit: HOSTS_FORM })
    return { host: hostOf(host, field), port }
  })
  const host = entries.map((entry) => entry.host).join(',')
  if (entries.every(({ port }) => port === '')) return { host }
  return { host, port: entries.map(({ port }) => port).join(',') }
}

function hostOf(text: string, field: string): string {
  return decode(text, field).replace(/^\[(.*)\]$/, '$1')
}

function toUrl(text: string, field: string): URL {
  const advice = adviceForUrl(text)
  if (advice !== null) throw new ConfigError({ field, ...advice })
  if (!URL.canParse(text)) throw new ConfigError({ field, value: 'malformed', limit: FORM })
  const url = new URL(text)
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw new ConfigError({ field, value: `of scheme ${url.protocol}`, limit: FORM })
  }
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
  const parts: Record<string, string | number> = {}
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
    // As number where it is one: what it must be is said elsewhere, once.
    parts[part] = part === 'port' && /^\d+$/.test(value) ? Number(value) : value
  }
  return parts
}
