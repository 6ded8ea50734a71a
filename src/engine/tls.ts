/** What Node's TLS is told for one server. */

import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, createSecureContext, type SecureContext } from 'node:tls'
import { domainToASCII } from 'node:url'
import type { ServerTarget } from '../config.js'
import { ConfigError } from '../errors.js'
import type { TlsTarget } from '../tls-target.js'

/** Gives the options for TLS to a server, for `pg` and for `tls.connect` alike (which needs a `socket` too: PostgreSQL
 *  speaks plain text first); null where the connection is not encrypted. The private key is not among them: it is in
 *  the secure context, which shows it to nobody.
 *  @throws {ConfigError} when OpenSSL takes no such certificate or key, as for too few bits */
export function tlsOptions({ host, tls }: Pick<ServerTarget, 'host' | 'tls'>): ConnectionOptions | null {
  if (tls === 'disable') return null
  const { mode } = tls
  // Certificates and TLS itself have names of other scripts in their ASCII form (xn--...) only.
  const name = /[^ -~]/.test(host) ? domainToASCII(host) : host
  return {
    host,
    // An address is no server name (RFC 6066, section 3).
    ...(isIP(host) === 0 ? { servername: name } : {}),
    secureContext: secureContext(tls),
    // Said in both cases, so that NODE_TLS_REJECT_UNAUTHORIZED of the environment has no say.
    rejectUnauthorized: mode !== 'require',
    // Node compares with the server name and else with `localhost`: by an address, that would be the wrong name.
    checkServerIdentity: (_name, peer) => (mode === 'verify-full' ? checkServerIdentity(name, peer) : undefined),
  }
}

function secureContext({ ca, certificate, key }: TlsTarget): SecureContext {
  try {
    return createSecureContext({
      ...(ca === null ? {} : { ca }),
      ...(certificate === null ? {} : { cert: certificate }),
      ...(key === null ? {} : { key: key.reveal() }),
    })
  } catch (error) {
    // No cause: the files are not to be shown.
    const { code = 'no reason given' } = error as NodeJS.ErrnoException
    throw new ConfigError({
      field: certificate === null ? 'sslrootcert' : 'sslcert',
      value: `refused by OpenSSL (${code})`,
      limit: 'a certificate that it takes',
    })
  }
}
