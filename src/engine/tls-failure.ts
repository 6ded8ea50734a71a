/** What Node, pg and the server say when a connection could not be encrypted as asked for. */

import { TlsError, type TlsReason } from '../errors.js'

/** The server's certificate, as OpenSSL judges it (X509_V_ERR_..., without the prefix). */
const certificateReasons: Readonly<Record<string, TlsReason>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'host-name',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  CERT_CHAIN_TOO_LONG: 'untrusted',
  CERT_REJECTED: 'untrusted',
  CERT_REVOKED: 'untrusted',
  CERT_SIGNATURE_FAILURE: 'untrusted',
  CERT_UNTRUSTED: 'untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  INVALID_CA: 'untrusted',
  INVALID_PURPOSE: 'untrusted',
  PATH_LENGTH_EXCEEDED: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'untrusted',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
}

const messages: Readonly<Record<Exclude<TlsReason, 'host-name'>, string>> = {
  untrusted:
    "the server's certificate is of no authority that is trusted here: give the authority's own certificate as sslrootcert",
  expired: "the server's certificate, or its authority's, has expired: renew it on the server",
  'not-yet-valid':
    "the server's certificate, or its authority's, is not valid yet: compare the clocks of server and client, or wait",
  'not-offered':
    'the server has no TLS, and sslmode asks for it: set it up on the server (ssl = on), or write sslmode=disable to send everything in plain text',
  required:
    'the server has no rule for an unencrypted connection of this user, database and address: write sslmode=verify-full; if that is refused too, add a line for them to pg_hba.conf',
  'client-certificate':
    'the server wants a certificate of the client: give one as sslcert, with its key as sslkey, that has not expired, is of an authority that the server trusts, and is made out to the role',
  handshake:
    'client and server could not agree on TLS: does a PostgreSQL 15 or later with TLS 1.2 or 1.3 answer at this port?',
}

/** Gives the error for what was thrown while a connection was made; null when that had nothing to do with TLS. `cause`
 *  is its scrubbed form. */
export function tlsFailure(error: Error, cause: unknown, query: string): TlsError | null {
  const reason = reasonOf(error)
  if (reason === null) return null
  const message = reason === 'host-name' ? wrongName(error) : messages[reason]
  return new TlsError(reason, `${query}: ${message}`, cause)
}

/** Gives the error for what the server said while a connection was made; null when that had nothing to do with TLS. Its
 *  SQLSTATE tells too little (28000 is any refusal), so these are its words, and poolers'; in another language than
 *  English the refusal stays a plain ConnectionError, in the server's words. */
export function tlsRefusal(message: string, cause: unknown, query: string): TlsError | null {
  const reason = refusals.find(([pattern]) => pattern.test(message))?.[1]
  return reason === undefined ? null : new TlsError(reason, `${query}: ${messages[reason]}`, cause)
}

const refusals: readonly (readonly [RegExp, Exclude<TlsReason, 'host-name'>])[] = [
  // Not on a Unix socket, which carries no TLS.
  [/pg_hba\.conf (?!.* host "\[local\]").*, (no encryption|SSL off)$/, 'required'],
  [/^(SSL|TLS)( connection is)? required\b/i, 'required'],
  [/^connection requires a valid client certificate$/, 'client-certificate'],
  [/^certificate authentication failed for user /, 'client-certificate'],
]

function reasonOf(error: Error): TlsReason | null {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (Object.hasOwn(certificateReasons, code)) return certificateReasons[code] as TlsReason
  // The server's alerts about a certificate: it saw the client's.
  if (/^ERR_SSL_.*ALERT_(.*CERTIFICATE.*|UNKNOWN_CA|ACCESS_DENIED)$/.test(code)) return 'client-certificate'
  if (/^ERR_(SSL|TLS)_/.test(code) || code === 'EPROTO') return 'handshake'
  // pg gives these no code.
  if (error.message === 'The server does not support SSL connections') return 'not-offered'
  if (error.message === 'There was an error establishing an SSL connection') return 'handshake'
  return null
}

/** Most characters of a certificate's names that are shown. */
const SHOWN_NAMES = 200

function wrongName(error: Error): string {
  const { host, cert } = error as { readonly host?: string; readonly cert?: { readonly subjectaltname?: string } }
  const names = cert?.subjectaltname ?? 'no host at all'
  const shown = names.length > SHOWN_NAMES ? `${names.slice(0, SHOWN_NAMES)}...` : names
  return `the server's certificate is for ${shown}, not for ${host}: connect by a name that it has, or write sslmode=verify-ca if any server of this authority will do`
}
