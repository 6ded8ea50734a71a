/** How the client programs are told of the server: by their environment, which, unlike arguments, others do not see. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import type { ServerTarget } from '../config.js'
import { findPassword } from '../engine/password-file.js'
import type { TlsTarget } from '../tls-target.js'
import { baseEnvironment, type ToolEnvironment } from './tool.js'

/** Makes a folder that only this user reads, for `work`; gone after it, or when the process exits. */
export async function withPrivateFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-backup-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.on('exit', remove)
  try {
    return await work(folder)
  } finally {
    remove()
    process.off('exit', remove)
  }
}

/** Gives the environment of a program that connects to the server. Certificates and keys become files in `folder`.
 *  @throws {Error} when the password file cannot be used */
export async function toolEnvironment(
  server: ServerTarget,
  { folder, connectTimeoutMs, applicationName }: { folder: string; connectTimeoutMs: number; applicationName: string },
): Promise<ToolEnvironment> {
  const given = server.password?.reveal() ?? ''
  const password = given === '' ? await findPassword(server) : given
  return {
    ...baseEnvironment(),
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGDATABASE: server.database,
    ...(password === null ? {} : { PGPASSWORD: password }),
    // The line that fits was looked for by ashlar's own rules.
    PGPASSFILE: join(folder, 'none'),
    PGAPPNAME: applicationName,
    // libpq takes 1 for 2.
    PGCONNECT_TIMEOUT: String(Math.max(2, Math.ceil(connectTimeoutMs / 1_000))),
    PGGSSENCMODE: 'disable',
    ...tlsVariables(server.tls, folder),
  }
}

/** Says everything, so that files of the user's home (~/.postgresql) have no say: with `require`, one of an authority would make
 *  libpq check the certificate. */
function tlsVariables(tls: 'disable' | TlsTarget, folder: string): Record<string, string> {
  const none = join(folder, 'none')
  const files = { PGSSLROOTCERT: none, PGSSLCERT: none, PGSSLKEY: none, PGSSLCRL: none }
  if (tls === 'disable') return { PGSSLMODE: 'disable', ...files }
  const keep = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  if (tls.mode !== 'require') files.PGSSLROOTCERT = keep('root.crt', tls.ca ?? knownAuthorities())
  if (tls.certificate !== null) files.PGSSLCERT = keep('client.crt', `${tls.certificate}\n`)
  if (tls.key !== null) files.PGSSLKEY = keep('client.key', tls.key.reveal())
  return { PGSSLMODE: tls.mode, ...files }
}

/** Those that Node knows; `sslrootcert=system` of libpq 16 would be others, and libpq 15 has no such word. */
function knownAuthorities(): string {
  const extra = process.env.NODE_EXTRA_CA_CERTS
  return [...rootCertificates, ...(extra ? [readFileSync(extra, 'utf8')] : [])].join('\n')
}
