import t from 'tap'
import { type ConnectOptions, resolveConfig, type ServerTarget } from '../../src/config.js'
import { createAuthority } from '../fixtures/certificates.js'
import { firstServer } from '../fixtures/first-server.js'
import { startTlsServer } from '../fixtures/tls-server.js'
import { check, failedStep } from './fixtures/check.js'
import { isSslRequest, startServer } from './fixtures/servers.js'

const authority = createAuthority('ashlar test authority')
const stranger = createAuthority('another authority')
const local = { commonName: 'localhost', names: ['localhost'], addresses: ['127.0.0.1'] }

const server = await startTlsServer(t, authority.certificate, {
  only_tls: 'hostssl scram-sha-256',
  only_known: 'hostssl scram-sha-256 clientcert=verify-ca',
})

function targetOf(options: ConnectOptions): ServerTarget {
  const { port, user, password } = server
  return firstServer(resolveConfig({ host: '127.0.0.1', port, user, password, database: 'postgres', ...options }, {}))
}

const verified = { sslmode: 'verify-full', sslrootcert: authority.certificate } as const

t.test('TLS', async (t) => {
  t.test('fails against a server without it', async (t) => {
    await server.present(null)
    for (const sslmode of ['require', 'verify-full'] as const) {
      const step = await failedStep(t, targetOf({ sslmode }))
      t.match(step, { name: 'TLS', reason: `the server does not offer TLS, and sslmode is ${sslmode}` })
      t.match(step.advice, 'ALTER SYSTEM SET ssl = on')
    }
  })

  t.test('tells protocol and certificate', async (t) => {
    await server.present(authority.issue(local))
    const { steps } = await check(t, targetOf(verified))
    t.match(
      steps.find(({ name }) => name === 'TLS'),
      {
        outcome: 'ok',
        details: {
          sslmode: 'verify-full',
          protocol: 'TLSv1.3',
          certificate: 'localhost',
          validUntil: /^\d{4}-\d\d-\d\d$/,
        },
      },
    )
  })

  t.test('fails on a certificate of an authority that is not trusted', async (t) => {
    await server.present(stranger.issue(local))
    const step = await failedStep(t, targetOf(verified))
    t.match(step, { name: 'TLS', reason: /no authority that is trusted here$/, advice: /sslrootcert/ })
  })

  t.test('fails on a certificate for another host', async (t) => {
    await server.present(authority.issue({ commonName: 'db.internal', names: ['db.internal'] }))
    const step = await failedStep(t, targetOf(verified))
    t.match(step, {
      name: 'TLS',
      reason: /is for DNS:db\.internal, not for 127\.0\.0\.1$/,
      advice: /^connect by a name/,
    })
  })

  t.test('fails on a certificate that has expired', async (t) => {
    await server.present(authority.issue({ ...local, validFrom: -2, validTo: -1 }))
    t.match(await failedStep(t, targetOf(verified)), { name: 'TLS', reason: /expired$/, advice: /^renew it/ })
  })

  t.test('fails where the server insists on it', async (t) => {
    await server.present(authority.issue(local))
    const { steps } = await check(t, targetOf({ database: 'only_tls', sslmode: 'disable' }))
    t.match(steps[3], {
      name: 'TLS',
      outcome: 'failed',
      reason: /no rule for an unencrypted connection/,
      advice: /^write sslmode/,
    })
    t.match(steps[4], { name: 'session', outcome: 'skipped' })
  })

  t.test('fails where the server wants a certificate of the client', async (t) => {
    const step = await failedStep(t, targetOf({ ...verified, database: 'only_known' }))
    t.match(step, { name: 'TLS', reason: /wants a certificate of the client$/, advice: /sslcert/ })
  })

  t.test('fails in time when the server never shakes hands', async (t) => {
    const port = await startServer(t, (socket) => {
      socket.on('data', (bytes) => {
        if (isSslRequest(bytes)) socket.write('S')
      })
    })
    const step = await failedStep(t, targetOf({ ...verified, port }), 100)
    t.match(step, { name: 'TLS', reason: 'the TLS handshake was not finished within 100 ms' })
  })

  t.test('fails when the server hangs up within the handshake', async (t) => {
    const port = await startServer(t, (socket) => {
      socket.on('data', (bytes) => {
        if (isSslRequest(bytes)) socket.write('S')
        else socket.end()
      })
    })
    t.match(await failedStep(t, targetOf({ ...verified, port })), { name: 'TLS' })
  })
})
