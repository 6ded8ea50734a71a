/** Why no session was opened: which step a refusal belongs to, and what to do about it. */

import { escapeIdentifier } from 'pg'
import type { ServerTarget } from '../config.js'
import { type DataAccessError, ScrubbedCause, TlsError } from '../errors.js'
import { explainTls } from './encryption.js'
import { hbaWord, psqlName } from './quoting.js'
import { StepFailure } from './step.js'

/** The steps that making a connection with pg goes through. */
export type LoginStep = 'TLS' | 'session' | 'password' | 'database'

/** A refused connection. */
export interface Refusal {
  readonly step: LoginStep
  readonly failure: StepFailure
  /** What the server said; null when it was the driver that did. */
  readonly sqlState: string | null
}

/** What a refusal is about, beside the server's SQLSTATE: the function of the server that raised it, which unlike the
 *  message is the same in every language. */
interface Cause {
  readonly sqlState: string | null
  readonly routine: string | null
  readonly message: string
}

/** Tells what an error of connecting means.
 *  @param server what was connected to: its names are in the advice
 *  @param offersTls whether the server has TLS; without it, a refusal of plain text is one of pg_hba.conf */
export function explainRefusal(error: DataAccessError, server: ServerTarget, offersTls: boolean): Refusal {
  if (error instanceof TlsError) {
    if (error.reason === 'required' && !offersTls) return notListed(error, server)
    return { step: 'TLS', failure: explainTls(error, server), sqlState: null }
  }
  const cause = causeOf(error)
  const { step, advice, reason = cause.message } = explain(cause, server)
  return { step, failure: new StepFailure(reason, advice), sqlState: cause.sqlState }
}

/** Gives the SQLSTATE and the message of an error of connecting, without the prefix that tells what was being done. */
export function causeOf({ message, cause }: DataAccessError): Cause {
  const scrubbed = cause instanceof ScrubbedCause ? cause : null
  // What is no SQLSTATE is a code of the socket.
  const sqlState = /^[0-9A-Z]{5}$/.exec(scrubbed?.code ?? '')?.[0] ?? null
  return { sqlState, routine: scrubbed?.routine ?? null, message: message.replace(/^(connect|query): /, '') }
}

/** What a refusal comes to; without a `reason`, the message is. */
interface Explanation {
  readonly step: LoginStep
  readonly advice: string
  readonly reason?: string
}

function explain(cause: Cause, server: ServerTarget): Explanation {
  const { sqlState, routine, message } = cause
  switch (sqlState) {
    case null:
      return explainDriver(message)
    case '28P01':
      return { step: 'password', advice: wrongPassword(server) }
    case '28000':
      return { step: 'password', advice: notAdmitted(cause, server) }
    case '3D000':
      return { step: 'database', advice: noDatabase(server) }
    case '42501':
      return { step: 'database', advice: `as its owner: \`GRANT CONNECT ON DATABASE ${nameOf(server)}\`` }
    case '53300':
      return { step: 'session', advice: tooMany(routine, server) }
    case '57P03':
      return {
        step: 'session',
        advice:
          'wait, and try again: a server that starts after a crash replays its log first (its own log tells how far it is). One that shuts down has to be started again',
      }
    case '55000':
      return {
        step: 'database',
        advice: `choose another database; an administrator opens it again with \`ALTER DATABASE ${escapeIdentifier(server.database)} ALLOW_CONNECTIONS true\``,
      }
    default:
      return { step: 'session', advice: `look up SQLSTATE ${sqlState} in the server's log, which tells more` }
  }
}

function nameOf({ database, user }: ServerTarget): string {
  return `${escapeIdentifier(database)} TO ${escapeIdentifier(user)}`
}

function wrongPassword({ user }: ServerTarget): string {
  return `correct user and password (URL, PGPASSWORD or the password file; in a URL @ is %40, / is %2F). The server does not tell whether the role exists: an administrator sets the password with \`\\password ${psqlName(user)}\` in psql, or creates a missing role by \`ashlar init --admin-url postgres://ADMIN:PASSWORD@HOST/postgres\``
}

function notAdmitted({ routine, message }: Cause, server: ServerTarget): string {
  const { user, tls } = server
  if (routine === 'InitializeSessionUserId') {
    return /not permitted|LOGIN/i.test(message)
      ? `as an administrator: \`ALTER ROLE ${escapeIdentifier(user)} LOGIN\``
      : 'correct the user, or create the role: `ashlar init --admin-url postgres://ADMIN:PASSWORD@HOST/postgres`'
  }
  const encrypted = tls === 'disable' ? '; or connect encrypted, which its rules may ask for: sslmode=verify-full' : ''
  return `${hbaLine(server)}${encrypted}`
}

/** A server without TLS says of whom no line admits that it was "no encryption" or "SSL off". */
function notListed({ message, cause }: TlsError, server: ServerTarget): Refusal {
  const reason = cause instanceof ScrubbedCause ? cause.message : message
  return { step: 'password', failure: new StepFailure(reason, hbaLine(server)), sqlState: '28000' }
}

function hbaLine({ host, user, database, tls }: ServerTarget): string {
  const whom = `${hbaWord(database)} ${hbaWord(user)}`
  const encrypted = tls === 'disable' ? 'host' : 'hostssl'
  const line = host.startsWith('/') ? `local ${whom}` : `${encrypted} ${whom} ADDRESS/32`
  return `add a line to the server's pg_hba.conf (\`SHOW hba_file\`), above those that refuse: \`${line} scram-sha-256\`, then \`SELECT pg_reload_conf()\``
}

function noDatabase({ database, user }: ServerTarget): string {
  return `correct the database's name, or create it: \`ashlar init\` does where the role ${escapeIdentifier(user)} may, and with \`--admin-url\` in any case; by hand \`CREATE DATABASE ${escapeIdentifier(database)} OWNER ${escapeIdentifier(user)}\``
}

function tooMany(routine: string | null, { user, database }: ServerTarget): string {
  if (routine === 'InitializeSessionUserId') {
    return `close connections of the role, or raise its limit: \`ALTER ROLE ${escapeIdentifier(user)} CONNECTION LIMIT 100\``
  }
  if (routine === 'CheckMyDatabase') {
    return `close connections to the database, or raise its limit: \`ALTER DATABASE ${escapeIdentifier(database)} CONNECTION LIMIT 100\``
  }
  return 'close connections (`SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2` tells whose they are), give the programs smaller pools (pool.max, ASHLAR_POOL_MAX), or raise max_connections and restart the server'
}

/** What the driver itself says, without a word of the server. */
function explainDriver(message: string): Explanation {
  if (message.includes('asks for a password')) {
    return {
      step: 'password',
      advice:
        'give the password in PGPASSWORD, or as a line HOST:PORT:DATABASE:USER:PASSWORD of the password file (~/.pgpass, mode 0600, or the file that PGPASSFILE names)',
    }
  }
  if (/server signature|SERVER-FINAL-MESSAGE/i.test(message)) {
    return {
      step: 'password',
      reason: `the server does not know the password of the role, and may be an impostor (${message})`,
      advice:
        "do not connect: make sure that host and port are the right server's, then write sslmode=verify-full so that another one cannot take its place",
    }
  }
  if (/^SASL|authentication/i.test(message)) {
    return {
      step: 'password',
      advice:
        'let the server ask for a password in the usual way: scram-sha-256 as the method of its line in pg_hba.conf',
    }
  }
  return {
    step: 'session',
    ...(message === 'timeout expired' ? { reason: 'the server opens no session within the time limit' } : {}),
    advice:
      "see the server's log. A server that hangs, or a pooler whose server is away, takes connections and never opens a session",
  }
}
