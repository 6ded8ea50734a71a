/** Step `TLS`: the handshake, as the driver will make it. */

import type { Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { ServerTarget } from '../config.js'
import { connecting, mapError } from '../engine/map-error.js'
import { tlsOptions } from '../engine/tls.js'
import { TlsError } from '../errors.js'
import { type Details, type Finding, StepFailure, within } from './step.js'

/** Encrypts the socket as the target asks for. `isOffered` is the server's answer to the SSLRequest.
 *  @throws {StepFailure} when the server has no TLS, or the handshake fails */
export async function encrypt(
  socket: Socket,
  server: ServerTarget,
  isOffered: boolean,
  limitMs: number,
): Promise<Finding<'ok' | 'skipped'>> {
  const options = tlsOptions(server)
  if (options === null) {
    return { outcome: 'skipped', reason: 'sslmode is disable: nothing is encrypted' }
  }
  if (!isOffered) throw notOffered(server)
  const encrypted = connect({ ...options, socket })
  try {
    await within(handshake(encrypted), limitMs, () => handshakeLate(limitMs))
    return { outcome: 'ok', details: detailsOf(encrypted, server) }
  } catch (error) {
    throw error instanceof StepFailure ? error : explainTls(mapError(error, connecting), server)
  } finally {
    encrypted.on('error', () => {})
    encrypted.destroy()
  }
}

function handshake(encrypted: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    encrypted.once('secureConnect', resolve)
    encrypted.once('error', reject)
    encrypted.once('close', () => reject(new Error('the server closed the connection within the handshake')))
  })
}

function detailsOf(encrypted: TLSSocket, { tls }: ServerTarget): Details {
  const { subject, valid_to: validTo } = encrypted.getPeerCertificate()
  return {
    sslmode: tls === 'disable' ? tls : tls.mode,
    protocol: encrypted.getProtocol(),
    certificate: subject?.CN ? String(subject.CN) : null,
    validUntil: validTo ? new Date(validTo).toISOString().slice(0, 10) : null,
  }
}

function notOffered({ host, tls }: ServerTarget): StepFailure {
  const mode = tls === 'disable' ? tls : tls.mode
  return new StepFailure(
    host.startsWith('/')
      ? `sslmode is ${mode}, but a Unix socket carries no TLS`
      : `the server does not offer TLS, and sslmode is ${mode}`,
    'on the server: `ALTER SYSTEM SET ssl = on` with ssl_cert_file and ssl_key_file, then `SELECT pg_reload_conf()`. Or, only where nobody else can listen on the network between: sslmode=disable',
  )
}

function handshakeLate(limitMs: number): StepFailure {
  return new StepFailure(
    `the TLS handshake was not finished within ${limitMs} ms`,
    "a proxy between that does not know PostgreSQL's TLS acts like this: connect past it, or see the server's log",
  )
}

/** Gives the failure of a handshake. The message of a {@link TlsError} is what is wrong, a colon, and what to do. */
export function explainTls(error: Error, { host, port }: ServerTarget): StepFailure {
  const message = error.message.replace(/^connect: /, '')
  const [, reason, advice] = (error instanceof TlsError && /^(.*?): (.*)$/s.exec(message)) || []
  return new StepFailure(
    reason ?? message,
    advice ?? `\`openssl s_client -starttls postgres -connect ${host}:${port}\` shows what the server sends`,
  )
}
