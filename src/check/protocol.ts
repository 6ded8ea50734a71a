/** Step `protocol`: whether what listens is PostgreSQL, by its answer to an SSLRequest (PostgreSQL manual, "Message Formats"
 *  and "SSL Session Encryption"). */

import type { Socket } from 'node:net'
import type { ServerTarget } from '../config.js'
import { StepFailure, within } from './step.js'

/** Length 8, then the number 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** How much of a foreign answer is shown. */
const MAX_SHOWN = 60

/** Asks for TLS, and tells whether the server offers it.
 *  @throws {StepFailure} when the answer is not PostgreSQL's, or none comes */
export async function askForTls(socket: Socket, server: ServerTarget, limitMs: number): Promise<boolean> {
  const answer = nextBytes(socket)
  socket.write(sslRequest)
  const bytes = await within(answer, limitMs, () => mute(server, `does not answer within ${limitMs} ms`))
  if (bytes === null) throw mute(server, 'closes the connection without an answer')
  // One byte and no more: an SSH server begins with an S, too.
  if (bytes.length === 1 && (bytes[0] === 83 || bytes[0] === 78)) return bytes[0] === 83
  throw isServerError(bytes) ? troubled() : foreign(server, bytes)
}

/** Gives the next bytes; null when the other side ends. */
function nextBytes(socket: Socket): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const settle = (bytes: Buffer | null): void => {
      for (const event of ['end', 'close', 'error']) socket.off(event, onEnd)
      socket.off('data', settle)
      // What follows is for the next reader.
      socket.pause()
      resolve(bytes)
    }
    const onEnd = (): void => settle(null)
    for (const event of ['end', 'close', 'error']) socket.once(event, onEnd)
    socket.once('data', settle)
  })
}

/** A server that cannot even start a process answers with an error: E and its length, or E and a text. */
function isServerError(bytes: Buffer): boolean {
  return bytes[0] === 69 && (bytes[1] === 0 || bytes.includes('could not fork'))
}

function troubled(): StepFailure {
  return new StepFailure(
    'the server answers with an error before anything was asked of it',
    "see the server's log: usually it is out of memory or of processes",
  )
}

function mute({ host, port }: ServerTarget, what: string): StepFailure {
  return new StepFailure(
    `what listens on ${host} port ${port} takes the connection and ${what}`,
    "check that host and port are PostgreSQL's (5432, of a pooler often 6432). If they are: a proxy, tunnel or load balancer without a server behind it acts like this, and so does a server that hangs: see its log",
  )
}

function foreign({ host, port }: ServerTarget, bytes: Buffer): StepFailure {
  return new StepFailure(
    `what listens on ${host} port ${port} is not PostgreSQL: ${kindOf(bytes)}`,
    "correct host and port; PostgreSQL's port is 5432 unless its configuration says another (`SHOW port`)",
  )
}

const greetings: readonly (readonly [beginning: RegExp, kind: string])[] = [
  [/^HTTP\//, 'an HTTP server'],
  [/^SSH-/, 'an SSH server'],
  [/^[-+]/, 'Redis, or a server like it'],
  [/^220[ -]/, 'a mail or FTP server'],
]

/** Names the kind of server. Its words are shown as far as they are plain ASCII: they come from who knows where. */
function kindOf(bytes: Buffer): string {
  const text = bytes.subarray(0, MAX_SHOWN).toString('latin1')
  const kind = greetings.find(([beginning]) => beginning.test(text))?.[1] ?? binaryKind(bytes)
  const [shown = ''] = /^[\x20-\x7e]*/.exec(text) ?? []
  return shown.length < 3 ? kind : `${kind} (${JSON.stringify(shown)})`
}

function binaryKind(bytes: Buffer): string {
  // An alert or a handshake message, of version 3.x.
  if ((bytes[0] === 21 || bytes[0] === 22) && bytes[1] === 3) return 'a server that expects TLS at once'
  // A greeting: three bytes of length, packet 0, then protocol 10 or an error.
  if (bytes[3] === 0 && (bytes[4] === 10 || bytes[4] === 255)) return 'MySQL or MariaDB'
  return 'it answers in another protocol'
}
