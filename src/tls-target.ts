/** The settings of TLS, read and checked as a whole: no combination falls back to less than what was asked for. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { ConfigError } from './errors.js'
import { Secret } from './secret.js'

/** How far the server is checked: not at all, its certificate's authority, or its host name too. */
export type TlsMode = 'require' | 'verify-ca' | 'verify-full'

/** How to encrypt a connection, files read. */
export interface TlsTarget {
  readonly mode: TlsMode
  /** Certificates of the authorities that are trusted, PEM. null: those that Node knows. */
  readonly ca: string | null
  /** The client's certificate and those between it and its authority, PEM. */
  readonly certificate: string | null
  /** The key of `certificate`, PEM. */
  readonly key: Secret | null
}

/** The settings that are read here. */
export type TlsField = 'sslmode' | 'sslrootcert' | 'sslcert' | 'sslkey'
const fileFields = ['sslrootcert', 'sslcert', 'sslkey'] as const

/** One setting, and where it came from. */
export interface FoundSetting {
  readonly value: string
  /** For the error: the option, `url ...` or the environment variable. */
  readonly source: string
  /** From the options or the URL, so about this server; the environment's are about any. */
  readonly isExplicit: boolean
}

type Find = (field: TlsField) => FoundSetting | null

/** Resolves the settings for one host. Without a mode: none on this machine, `verify-full` elsewhere. What is given
 *  explicitly and would not be used is refused; what the environment says and cannot be used is ignored, but for
 *  an authority beside `require`: who gives one wants the server to be checked.
 *  @throws {ConfigError} when a file cannot be used, or the settings contradict each other */
export function resolveTls(host: string, find: Find): 'disable' | TlsTarget {
  const asked = find('sslmode')
  const mode = (asked?.value ?? (isLoopback(host) ? 'disable' : 'verify-full')) as 'disable' | TlsMode
  if (host.startsWith('/')) {
    // libpq ignores the mode there; an explicit one that cannot be kept is refused instead.
    if (asked?.isExplicit && mode !== 'disable') throw refused(asked, mode, 'left out: a Unix socket carries no TLS')
    return unencrypted(find, 'left out: a Unix socket carries no TLS')
  }
  if (mode === 'disable') return unencrypted(find, 'left out, or used by `sslmode=verify-full`: it is disable here')
  return Object.freeze({ mode, ca: findAuthorities(mode, asked, find), ...findClient(find) })
}

function unencrypted(find: Find, limit: string): 'disable' {
  const unused = fileFields.map(find).find((setting) => setting?.isExplicit)
  if (unused) throw refused(unused, 'given', limit)
  return 'disable'
}

function findAuthorities(mode: TlsMode, asked: FoundSetting | null, find: Find): string | null {
  const setting = find('sslrootcert')
  if (setting !== null && mode === 'require') {
    throw refused(
      setting,
      'given',
      'left out, or used by `sslmode=verify-full` (or verify-ca): with require no certificate is checked',
    )
  }
  // libpq's word for the authorities that the system knows.
  if (setting !== null && setting.value !== 'system') return readCertificates(setting)
  if (mode === 'verify-ca' && asked !== null) {
    throw refused(
      asked,
      'verify-ca without an authority of its own',
      'verify-ca with one: give sslrootcert (or use verify-full); anyone can get a certificate from a public authority',
    )
  }
  return null
}

function findClient(find: Find): Pick<TlsTarget, 'certificate' | 'key'> {
  const [certificate, key] = [find('sslcert'), find('sslkey')]
  if (certificate === null && key === null) return { certificate: null, key: null }
  if (certificate === null || key === null) {
    const [given, missing] = certificate === null ? [key, 'sslcert'] : [certificate, 'sslkey']
    throw refused(given as FoundSetting, `given without ${missing}`, `given together with ${missing}`)
  }
  const chain = readCertificates(certificate)
  const pem = readPem(key)
  if (!new X509Certificate(chain).checkPrivateKey(parseKey(key, pem))) {
    throw refused(key, 'the key of another certificate', `the key of ${certificate.source}`)
  }
  return { certificate: chain, key: new Secret(pem) }
}

function readCertificates(setting: FoundSetting): string {
  const pem = readPem(setting)
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
  try {
    for (const block of blocks) new X509Certificate(block)
    if (blocks.length > 0) return blocks.join('\n')
  } catch {
    // Its message would say less than the one below.
  }
  throw refused(setting, 'no certificate', 'certificates in PEM form (-----BEGIN CERTIFICATE-----)')
}

function parseKey(setting: FoundSetting, pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // No cause: what the parser says could hold parts of the key.
    const isEncrypted = pem.includes('ENCRYPTED')
    const value = isEncrypted ? 'an encrypted key' : 'no private key'
    throw refused(setting, value, 'an unencrypted private key in PEM form (-----BEGIN PRIVATE KEY-----)')
  }
}

/** Gives the text of a setting that is PEM itself, or the path of a file. */
function readPem(setting: FoundSetting): string {
  // In files of variables, line ends are often written \n.
  if (setting.value.includes('-----BEGIN')) return setting.value.replaceAll('\\n', '\n')
  try {
    return readFileSync(setting.value, 'utf8')
  } catch (error) {
    const { code = 'not readable' } = error as NodeJS.ErrnoException
    throw refused(setting, `a file that cannot be read (${code})`, 'the path of a PEM file, or the PEM text itself')
  }
}

function refused({ source }: FoundSetting, value: string, limit: string): ConfigError {
  return new ConfigError({ field: source, value, limit })
}

/** Tells whether a host is this machine by its loopback interface. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
