import { createServer } from 'node:net'
import type { PeerCertificate } from 'node:tls'
import { inspect } from 'node:util'
import t from 'tap'
import { type ConnectOptions, resolveConfig } from '../../src/config.js'
import { connect } from '../../src/database.js'
import { clientConfig } from '../../src/engine/client.js'
import { tlsOptions } from '../../src/engine/tls.js'
import { TlsError } from '../../src/errors.js'
import { migrateUp } from '../../src/migrate/runner.js'
import { createAuthority, createSelfSigned, type Issued } from '../fixtures/certificates.js'
import { firstServer } from '../fixtures/first-server.js'
import { withAdmin } from '../fixtures/template.js'
import { startTlsServer } from '../fixtures/tls-server.js'
import { until } from '../fixtures/until.js'

const authority = createAuthority('ashlar test authority')
const stranger = createAuthority('another authority')
const local = { commonName: 'localhost', names: ['localhost'], addresses: ['127.0.0.1'] }
const good = authority.issue(local)

const server = await startTlsServer(t, authority.certificate, {
  only_tls: 'hostssl scram-sha-256',
  only_known: 'hostssl scram-sha-256 clientcert=verify-ca',
  only_certificate: 'hostssl cert',
})
const { port, user, password } = server
const access = { host: '127.0.0.1', port, user, password, database: 'postgres' }
const trusting = { sslrootcert: authority.certificate }

/** Connects once; gives what the server knows of the encryption. */
async function encryption(options: ConnectOptions): Promise<Record<string, unknown> | undefined> {
  const db = await connect({ ...access, ...options })
  try {
    const [row] = await db.query<Record<string, unknown>>(
      'SELECT ssl, version, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    )
    return row
  } finally {
    await db.close()
  }
}

/** Fails to connect; gives the error after proving that no form of it shows the password or the client's key. */
async function failure(options: ConnectOptions): Promise<TlsError> {
  const error: unknown = await connect({ ...access, ...options }).then(
    (db) => db.close(),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof TlsError)) throw new Error(`expected a TlsError, got ${inspect(error)}`)
  const { cause } = error
  const forms = [
    ...[error, cause].map((each) => inspect(each, { depth: Infinity, showHidden: true, getters: true })),
    ...[error, cause].map((each) => `${each} ${JSON.stringify(each)} ${(each as Error | undefined)?.stack}`),
  ]
  t.notOk(forms.join().includes(password), 'shows no password')
  t.notOk(forms.join().includes('PRIVATE KEY'), 'shows no key')
  return error
}

t.test('sslmode', async (t) => {
  await server.present(good)

  for (const sslmode of ['verify-ca', 'verify-full'] as const) {
    for (const host of ['localhost', '127.0.0.1']) {
      t.test(`${sslmode} encrypts to ${host} by a certificate of the right authority`, async (t) => {
        t.match(await encryption({ host, sslmode, ...trusting }), { ssl: true, version: /^TLSv1\.[23]$/ })
      })
    }
  }

  t.test('verify-full compares the name of each of several hosts', async (t) => {
    await server.present(authority.issue({ ...local, addresses: [] }))
    t.teardown(() => server.present(good))
    const both = { host: '127.0.0.1,localhost', sslmode: 'verify-full', ...trusting } as const
    const db = await connect({ ...access, ...both })
    t.equal(db.server.host, 'localhost')
    await db.close()
    await server.present(authority.issue({ ...local, names: ['other'] }))
    const addressed = await connect({ ...access, ...both })
    t.equal(addressed.server.host, '127.0.0.1')
    await addressed.close()
  })

  t.test('require encrypts by any certificate', async (t) => {
    t.match(await encryption({ sslmode: 'require' }), { ssl: true })
  })

  t.test('disable does not encrypt', async (t) => {
    t.match(await encryption({ sslmode: 'disable' }), { ssl: false })
  })

  t.test('and files come from a URL as from options', async (t) => {
    const folder = t.testdir({ 'ca.pem': authority.certificate })
    const parameters = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: `${folder}/ca.pem` })
    const url = `postgres://${user}:${password}@localhost:${port}/postgres?${parameters}`
    const db = await connect(url)
    t.teardown(() => db.close())
    t.same(await db.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'), [{ ssl: true }])
  })

  t.test('is not weakened by the environment', async (t) => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    process.env.PGSSLNEGOTIATION = 'direct'
    t.teardown(() => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      delete process.env.PGSSLNEGOTIATION
    })
    t.match(await failure({ sslmode: 'verify-full' }), { reason: 'untrusted' })
    t.match(await encryption({ sslmode: 'disable' }), { ssl: false })
  })
})

t.test("a server's certificate", async (t) => {
  const cases: readonly [string, Issued, ConnectOptions, Pick<TlsError, 'reason'> & { message: RegExp }][] = [
    [
      'of an authority that is not trusted',
      stranger.issue(local),
      { sslmode: 'verify-ca', ...trusting },
      { reason: 'untrusted', message: /^connect: the server's certificate is of no authority that is trusted here/ },
    ],
    [
      'of an authority that Node does not know',
      good,
      { sslmode: 'verify-full' },
      { reason: 'untrusted', message: /give the authority's own certificate as sslrootcert$/ },
    ],
    [
      'signed by itself',
      createSelfSigned(local),
      { sslmode: 'verify-full', ...trusting },
      { reason: 'untrusted', message: /of no authority that is trusted/ },
    ],
    [
      'for another host',
      authority.issue({ commonName: 'localhost', names: ['db.example'] }),
      { host: 'localhost', sslmode: 'verify-full', ...trusting },
      { reason: 'host-name', message: /certificate is for DNS:db\.example, not for localhost: connect by a name/ },
    ],
    [
      'without the address that was asked for',
      authority.issue({ commonName: 'localhost', names: ['localhost'] }),
      { sslmode: 'verify-full', ...trusting },
      { reason: 'host-name', message: /certificate is for DNS:localhost, not for 127\.0\.0\.1: / },
    ],
    [
      'that has expired',
      authority.issue({ ...local, validFrom: -2, validTo: -1 }),
      { sslmode: 'verify-full', ...trusting },
      { reason: 'expired', message: /has expired: renew it on the server$/ },
    ],
    [
      'that is not valid yet',
      authority.issue({ ...local, validFrom: 1, validTo: 2 }),
      { sslmode: 'verify-full', ...trusting },
      { reason: 'not-yet-valid', message: /is not valid yet: compare the clocks/ },
    ],
  ]
  for (const [name, certificate, options, fields] of cases) {
    t.test(`${name} is refused, and taken by require`, async (t) => {
      await server.present(certificate)
      t.match(await failure(options), { name: 'TlsError', code: 'ASHLAR_TLS', ...fields })
      t.match(await encryption({ sslmode: 'require' }), { ssl: true })
    })
  }

  t.test('for another host is taken by verify-ca', async (t) => {
    await server.present(authority.issue({ commonName: 'x', names: ['db.example'] }))
    t.match(await encryption({ sslmode: 'verify-ca', ...trusting }), { ssl: true })
  })
})

t.test('a server', async (t) => {
  t.test('that has no TLS is refused', async (t) => {
    await server.present(null)
    for (const sslmode of ['require', 'verify-full'] as const) {
      t.match(await failure({ sslmode }), {
        reason: 'not-offered',
        message: /^connect: the server has no TLS, and sslmode asks for it: set it up .* or write sslmode=disable/,
      })
    }
    await server.present(good)
  })

  t.test('that insists on TLS says so', async (t) => {
    const error = await failure({ database: 'only_tls', sslmode: 'disable' })
    t.match(error, {
      reason: 'required',
      message: /^connect: the server has no rule for an unencrypted connection of this user/,
    })
    t.match(error.cause, { code: '28000', message: /^no pg_hba\.conf entry .* no encryption$/ })
    t.match(await encryption({ database: 'only_tls', sslmode: 'verify-full', ...trusting }), { ssl: true })
  })

  t.test('that only closes connections is no matter of TLS', async (t) => {
    const closing = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
    await new Promise((resolve) => closing.once('listening', resolve))
    t.teardown(() => closing.close())
    const work = connect({ ...access, port: (closing.address() as { port: number }).port, sslmode: 'require' })
    await t.rejects(work, { name: 'ConnectionError', message: /^connect: Connection terminated unexpectedly$/ })
  })

  for (const answer of ['E', 'HTTP/1.1 400 Bad Request', 'S no TLS after all']) {
    t.test(`that answers "${answer}" fails the handshake`, async (t) => {
      const odd = createServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.write(answer.slice(0, answer.startsWith('S') ? 1 : undefined)))
        if (answer.startsWith('S')) socket.on('data', (data) => data[0] === 22 && socket.write(answer))
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => odd.once('listening', resolve))
      t.teardown(() => odd.close())
      t.match(await failure({ port: (odd.address() as { port: number }).port, sslmode: 'require' }), {
        reason: 'handshake',
        message: /^connect: client and server could not agree on TLS/,
      })
    })
  }
})

t.test("a client's certificate", async (t) => {
  const own = authority.issue({ commonName: user })
  const tls = { sslmode: 'verify-full', ...trusting } as const

  t.test('is given to a server that wants one, from files or texts', async (t) => {
    const folder = t.testdir({ 'own.crt': own.certificate, 'own.key': own.key })
    for (const files of [
      { sslcert: own.certificate, sslkey: own.key },
      { sslcert: `${folder}/own.crt`, sslkey: `${folder}/own.key` },
    ]) {
      t.match(await encryption({ ...tls, ...files, database: 'only_certificate' }), {
        ssl: true,
        clientDn: `/CN=${user}`,
      })
      t.match(await encryption({ ...tls, ...files, database: 'only_known' }), { ssl: true })
    }
  })

  const expired = authority.issue({ commonName: user, validFrom: -2, validTo: -1 })
  const other = authority.issue({ commonName: 'other' })
  const unknown = stranger.issue({ commonName: user })
  const wanted = {
    name: 'TlsError',
    reason: 'client-certificate',
    message: /^connect: the server wants a certificate of the client: give one as sslcert, with its key as sslkey/,
  }
  const cases: readonly [string, ConnectOptions][] = [
    ['that is missing', { database: 'only_known' }],
    ['that is missing where it alone counts', { database: 'only_certificate' }],
    ['for another role', { database: 'only_certificate', sslcert: other.certificate, sslkey: other.key }],
    ['of an unknown authority', { sslcert: unknown.certificate, sslkey: unknown.key }],
    ['that has expired', { sslcert: expired.certificate, sslkey: expired.key }],
  ]
  for (const [name, options] of cases) {
    t.test(`${name} is told`, async (t) => {
      t.match(await failure({ ...tls, ...options }), wanted)
    })
  }
})

t.test('TlsError', async (t) => {
  const tls = { sslmode: 'verify-full', ...trusting } as const

  t.test('comes from migrating too', async (t) => {
    const server = firstServer(resolveConfig({ ...access, sslmode: 'verify-full' }, {}))
    await t.rejects(migrateUp(server), {
      name: 'TlsError',
      reason: 'untrusted',
      message: /^migrate: the server's certificate/,
    })
    t.match(await failure({ sslmode: 'verify-full', migrate: true }), { reason: 'untrusted' })
  })

  t.test('comes from a later call that has to connect anew', async (t) => {
    const db = await connect({ ...access, ...tls })
    t.teardown(() => db.close())
    await server.present(stranger.issue(local))
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }], 'what is open stays')
    await withAdmin(server, (admin) =>
      admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ashlar'"),
    )
    await until(() => db.stats().pool.open === 0)
    for (const work of [() => db.query('SELECT 1'), () => db.transaction((tx) => tx.query('SELECT 1'))]) {
      await t.rejects(work(), { name: 'TlsError', reason: 'untrusted' })
    }
    t.match(await db.health(), { status: 'unhealthy', checks: [{ reason: /authority that is trusted/ }] })
    await server.present(good)
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }], 'works again')
  })

  t.test('is not what comes from a certificate that OpenSSL does not take', async (t) => {
    const weak = authority.issue({ commonName: user, bits: 512 })
    await t.rejects(connect({ ...access, ...tls, sslcert: weak.certificate, sslkey: weak.key }), {
      name: 'ConfigError',
      message: 'sslcert is refused by OpenSSL (ERR_SSL_EE_KEY_TOO_SMALL), but must be a certificate that it takes',
    })
  })

  t.test('leaves nothing of the key in a handle that is printed', async (t) => {
    const own = authority.issue({ commonName: user })
    const db = await connect({ ...access, ...tls, sslcert: own.certificate, sslkey: own.key })
    t.teardown(() => db.close())
    t.notOk(inspect(db, { depth: Infinity, showHidden: true }).includes('PRIVATE KEY'))
  })
})

t.test('channel binding', async (t) => {
  t.test('ties the login to the certificate, where there is one', async (t) => {
    const limits = { commandTimeoutMs: null, applicationName: 'ashlar' }
    for (const [sslmode, binds] of [['require', true] as const, ['disable', false] as const]) {
      const server = firstServer(resolveConfig({ ...access, sslmode }, {}))
      t.equal(clientConfig({ server, ...limits }).enableChannelBinding, binds)
    }
  })
})

t.test('tlsOptions', async (t) => {
  const tls = { mode: 'verify-full', ca: null, certificate: null, key: null } as const
  const check = (host: string, names: string): Error | undefined =>
    tlsOptions({ host, tls })?.checkServerIdentity?.('', { subjectaltname: names } as PeerCertificate)

  t.test('name the server, unless it is an address', async (t) => {
    t.equal(tlsOptions({ host: 'db.example', tls })?.servername, 'db.example')
    for (const host of ['127.0.0.1', '::1']) t.notOk('servername' in (tlsOptions({ host, tls }) ?? {}), host)
  })

  t.test('have a name of another script in the form that certificates have', async (t) => {
    t.equal(tlsOptions({ host: 'b\u00fccher.example', tls })?.servername, 'xn--bcher-kva.example')
    t.equal(check('b\u00fccher.example', 'DNS:xn--bcher-kva.example'), undefined)
    t.match(check('b\u00fccher.example', 'DNS:bcher.example'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })
})
