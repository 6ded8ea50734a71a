import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import t from 'tap'
import { type ConnectOptions, resolveConfig, type ServerTarget } from '../src/config.js'
import { ConfigError } from '../src/errors.js'
import { createAuthority } from './fixtures/certificates.js'
import { firstServer } from './fixtures/first-server.js'

const authority = createAuthority('ashlar test authority')
const ca = authority.certificate
const client = authority.issue({ commonName: 'ada' })
const other = authority.issue({ commonName: 'grace' })
const CANARY = 'canary-8d1f'

function tlsOf(options: ConnectOptions, environment: Record<string, string> = {}): ServerTarget['tls'] {
  return firstServer(resolveConfig(options, environment)).tls
}

t.test('resolveTls', async (t) => {
  t.test('reads files and texts, from options, URL and environment', async (t) => {
    const folder = t.testdir({ 'ca.pem': ca, 'own.crt': client.certificate, 'own.key': client.key })
    const expected = { mode: 'verify-full', ca: ca.trim().replaceAll('\r', ''), key: { reveal: Function } }
    const parameters = new URLSearchParams({
      sslrootcert: `${folder}/ca.pem`,
      sslcert: `${folder}/own.crt`,
      sslkey: `${folder}/own.key`,
    })
    const escaped = client.key.replaceAll('\n', '\\n')
    const all = [
      tlsOf({ host: 'h', sslrootcert: ca, sslcert: client.certificate, sslkey: client.key }),
      tlsOf({ url: `postgres://h/?${parameters}` }),
      tlsOf({ host: 'h', sslrootcert: ca.replaceAll('\n', '\\n'), sslcert: client.certificate, sslkey: escaped }),
      tlsOf({ host: 'h' }, { PGSSLROOTCERT: ca, PGSSLCERT: `${folder}/own.crt`, PGSSLKEY: client.key }),
    ]
    for (const tls of all) {
      t.match(typeof tls === 'object' && { ...tls, ca: tls.ca?.replaceAll('\r', '') }, expected)
      t.equal(typeof tls === 'object' && tls.key?.reveal(), client.key)
      t.ok(Object.isFrozen(tls))
      t.notOk(`${inspect(tls, { showHidden: true, depth: Infinity })}${JSON.stringify(tls)}`.includes('PRIVATE'))
    }
  })

  t.test('takes a bundle of authorities, and `system` for those that Node knows', async (t) => {
    const bundle = `# ours\n${ca}\n# theirs\n${createAuthority('second').certificate}`
    const tls = tlsOf({ host: 'h', sslrootcert: bundle })
    t.equal(typeof tls === 'object' && tls.ca?.match(/BEGIN CERTIFICATE/g)?.length, 2)
    t.match(tlsOf({ host: 'h', sslrootcert: 'system' }), { mode: 'verify-full', ca: null })
  })

  t.test('needs none on this machine, whatever the environment has for other servers', async (t) => {
    const environment = { PGSSLROOTCERT: '/nowhere', PGSSLCERT: '/nowhere' }
    t.equal(tlsOf({ host: 'localhost' }, environment), 'disable')
    t.equal(tlsOf({ host: 'h', sslmode: 'disable' }, environment), 'disable')
    t.equal(tlsOf({ host: '/run/postgresql' }, { ...environment, PGSSLMODE: 'verify-full' }), 'disable')
    t.equal(tlsOf({ host: '/run/postgresql', sslmode: 'disable' }), 'disable')
  })

  t.test('encrypts on this machine when asked to', async (t) => {
    t.match(tlsOf({ host: 'localhost' }, { PGSSLMODE: 'require' }), { mode: 'require' })
  })
})

t.test('resolveTls refuses', async (t) => {
  const folder = t.testdir({
    text: CANARY,
    broken: `-----BEGIN CERTIFICATE-----\n${CANARY}\n-----END CERTIFICATE-----`,
  })
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: CANARY },
  })
  const cert = { sslcert: client.certificate }
  const cases: readonly [string, ConnectOptions, Record<string, string>, RegExp][] = [
    ['require with an authority', { sslmode: 'require', sslrootcert: ca }, {}, /^sslrootcert is given, .*verify-full/],
    [
      'the same from the environment',
      { sslmode: 'require' },
      { PGSSLROOTCERT: ca },
      /^PGSSLROOTCERT is given, .*require/,
    ],
    [
      'verify-ca by every public authority',
      { sslmode: 'verify-ca' },
      {},
      /^sslmode is verify-ca without .*: give sslrootcert \(or use verify-full\)/,
    ],
    ['a certificate without its key', cert, {}, /^sslcert is given without sslkey, but must be given together with/],
    ['a key without its certificate', {}, { PGSSLKEY: client.key }, /^PGSSLKEY is given without sslcert/],
    ['the key of another certificate', { ...cert, sslkey: other.key }, {}, /^sslkey is the key of another certificate/],
    [
      'an encrypted key',
      { ...cert, sslkey: privateKey },
      {},
      /^sslkey is an encrypted key, but must be an unencrypted/,
    ],
    ['a key that is none', { ...cert, sslkey: `${folder}/text` }, {}, /^sslkey is no private key, but must be/],
    ['a certificate for a key', { ...cert, sslkey: ca }, {}, /^sslkey is no private key/],
    [
      'a file that is not there',
      { sslrootcert: `/${CANARY}` },
      {},
      /^sslrootcert is a file that cannot be read \(ENOENT\)/,
    ],
    ['a folder', {}, { PGSSLROOTCERT: folder }, /^PGSSLROOTCERT is a file that cannot be read \(EISDIR\)/],
    ['a file that is not PEM', { sslrootcert: `${folder}/text` }, {}, /^sslrootcert is no certificate, but must be/],
    ['a file whose PEM is broken', { sslrootcert: `${folder}/broken` }, {}, /^sslrootcert is no certificate/],
    ['an empty path', { sslkey: '' }, {}, /^sslkey is \[hidden\], but must be the path of a PEM file, or the PEM text/],
    [
      'an authority that would not be used',
      { sslmode: 'disable', sslrootcert: ca },
      {},
      /^sslrootcert is given, .*verify-full/,
    ],
    [
      'the same on this machine',
      { host: 'localhost', ...cert },
      {},
      /^sslcert is given, but must be left out, or used/,
    ],
    [
      'TLS on a Unix socket',
      { host: '/run', sslmode: 'require' },
      {},
      /^sslmode is require, .* Unix socket carries no TLS/,
    ],
    [
      'a certificate on a Unix socket',
      { host: '/run', ...cert },
      {},
      /^sslcert is given, .* Unix socket carries no TLS/,
    ],
    ['what is wrong in a URL', { url: 'postgres://h/?sslkey=x' }, {}, /^url sslkey is given without sslcert/],
  ]
  for (const [name, options, environment, message] of cases) {
    t.test(name, async (t) => {
      try {
        tlsOf(options.url === undefined ? { host: 'h', ...options } : options, environment)
        t.fail('it was taken')
      } catch (error) {
        t.ok(error instanceof ConfigError)
        t.match(error, { message })
        t.notOk(inspect(error, { depth: Infinity, showHidden: true }).match(`${CANARY}|PRIVATE KEY-----\n`))
      }
    })
  }
})
