/** The steps before a role is named: name, port, protocol. (TLS has a file of its own.) */

import { linkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Secret } from '../../src/secret.js'
import { failedStep } from './fixtures/check.js'
import { startServer } from './fixtures/servers.js'

const server = {
  host: '127.0.0.1',
  port: 1,
  user: 'app',
  password: new Secret('canary-4711'),
  database: 'shop',
  tls: 'disable' as const,
}

t.test('name', async (t) => {
  t.test('fails when there is no such host', async (t) => {
    const step = await failedStep(t, { ...server, host: 'no-such-host.invalid' })
    t.equal(step.name, 'name')
    // Without any network it is the name servers that do not answer.
    t.match(step.reason, /no-such-host\.invalid.* \((ENOTFOUND|EAI_AGAIN)\)/)
    t.match(step.advice, /getent hosts no-such-host\.invalid|name servers/)
  })

  t.test('fails when the folder holds no Unix socket', async (t) => {
    const folder = t.testdir({})
    const step = await failedStep(t, { ...server, host: folder })
    t.match(step, { name: 'name', reason: `${join(folder, '.s.PGSQL.1')} cannot be used (ENOENT)` })
    t.match(step.advice, 'SHOW unix_socket_directories')
    writeFileSync(join(folder, '.s.PGSQL.1'), '')
    const plain = await failedStep(t, { ...server, host: folder })
    t.match(plain, { name: 'name', reason: /is not a Unix socket$/ })
  })
})

t.test('port', async (t) => {
  t.test('fails when nothing listens', async (t) => {
    const step = await failedStep(t, server)
    t.match(step, { name: 'port', reason: /^nothing listens on 127\.0\.0\.1 port 1 \(.*ECONNREFUSED/ })
    t.match(step.advice, /start the server, or correct the port/)
  })

  t.test('tells of every address of a name', async (t) => {
    const step = await failedStep(t, { ...server, host: 'localhost' })
    t.match(step, { name: 'port', reason: /ECONNREFUSED 127\.0\.0\.1:1/ })
  })

  t.test('fails when the socket file is left from an earlier server', async (t) => {
    // A Unix socket's path is at most 107 bytes.
    const folder = mkdtempSync(join(tmpdir(), 'ashlar-test-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, '.s.PGSQL.1')
    const listener = createServer().listen(`${file}.live`)
    await new Promise((resolve) => listener.once('listening', resolve))
    // Closing a listener removes its file; a second name of it stays, as after a server that was killed.
    linkSync(`${file}.live`, file)
    await new Promise((resolve) => listener.close(resolve))
    const step = await failedStep(t, { ...server, host: folder })
    t.match(step, { name: 'port', reason: /nothing listens/, advice: /an earlier server left/ })
  })
})

t.test('protocol', async (t) => {
  const answers: readonly (readonly [kind: string, answer: string | Buffer])[] = [
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['Redis, or a server like it', "-ERR unknown command '\b'\r\n"],
    ['a server that expects TLS at once', Buffer.from([21, 3, 1, 0, 2, 2, 70])],
    ['it answers in another protocol', 'what?'],
  ]
  for (const [kind, answer] of answers) {
    t.test(`recognises ${kind} by its answer`, async (t) => {
      const port = await startServer(t, (socket) => socket.once('data', () => socket.end(answer)))
      const step = await failedStep(t, { ...server, port })
      t.match(step, { name: 'protocol', advice: /correct host and port/ })
      t.match(step.reason, `what listens on 127.0.0.1 port ${port} is not PostgreSQL: ${kind}`)
    })
  }

  const greetings: readonly (readonly [kind: string, greeting: string | Buffer])[] = [
    ['an SSH server ("SSH-2.0-OpenSSH_9.2")', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a mail or FTP server ("220 mail.example ESMTP")', '220 mail.example ESMTP\r\n'],
    ['MySQL or MariaDB', Buffer.from('\x4a\0\0\0\x0a8.0.36\0', 'latin1')],
  ]
  for (const [kind, greeting] of greetings) {
    t.test(`recognises ${kind} by its greeting`, async (t) => {
      const port = await startServer(t, (socket) => socket.write(greeting))
      const step = await failedStep(t, { ...server, port })
      t.match(step, { name: 'protocol' })
      t.match(step.reason, `is not PostgreSQL: ${kind}`)
    })
  }

  t.test('shows nothing of an answer that a terminal would obey', async (t) => {
    const port = await startServer(t, (socket) => socket.write('hey\x1b[31m red'))
    const { reason } = await failedStep(t, { ...server, port })
    t.match(reason, /it answers in another protocol \("hey"\)$/)
  })

  t.test('fails when nothing is answered in time', async (t) => {
    const port = await startServer(t, () => {})
    const step = await failedStep(t, { ...server, port }, 50)
    t.match(step, { name: 'protocol', reason: /takes the connection and does not answer within 50 ms/ })
  })

  t.test('fails when the connection is closed without an answer', async (t) => {
    const port = await startServer(t, (socket) => socket.end())
    const step = await failedStep(t, { ...server, port })
    t.match(step, { name: 'protocol', reason: /closes the connection without an answer/ })
  })

  t.test('fails when a server is too troubled to answer', async (t) => {
    const port = await startServer(t, (socket) => socket.end('Ecould not fork new process for connection: \n\0'))
    const step = await failedStep(t, { ...server, port })
    t.match(step, { name: 'protocol', advice: /server's log/ })
  })
})
