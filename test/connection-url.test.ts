import { inspect } from 'node:util'
import t from 'tap'
import { parseConnectionUrl } from '../src/connection-url.js'

const CANARY = 'canary-8d1f'

t.test('parseConnectionUrl', async (t) => {
  t.test('decodes what is percent-encoded', async (t) => {
    const { password, ...parts } = parseConnectionUrl('postgresql://a%40b:p%2Fw%25@host:1/d%20b', 'url')
    t.same(parts, { user: 'a@b', host: 'host', port: 1, database: 'd b' })
    t.equal(password?.reveal(), 'p/w%')
  })

  t.test('leaves out what the URL leaves out', async (t) => {
    t.same(parseConnectionUrl('postgres://host', 'url'), { host: 'host' })
  })

  t.test('takes an IPv6 address and the folder of a Unix socket', async (t) => {
    t.same(parseConnectionUrl('postgres://[::1]:5/', 'url'), { host: '::1', port: 5 })
    t.match(parseConnectionUrl('postgres:///db?host=/run/postgresql', 'url'), {
      host: '/run/postgresql',
      database: 'db',
    })
  })

  t.test('takes several hosts, each with its port', async (t) => {
    const { password, ...parts } = parseConnectionUrl(
      'postgres://u:p%2Cw,d@a:5432,[::1]:5433,c/db?target_session_attrs=read-write',
      'url',
    )
    t.same(parts, {
      user: 'u',
      host: 'a,::1,c',
      port: '5432,5433,',
      database: 'db',
      targetSessionAttrs: 'read-write',
    })
    t.equal(password?.reveal(), 'p,w,d')
    t.same(parseConnectionUrl('postgres://a,b%2Dc', 'url'), { host: 'a,b-c' })
    t.same(parseConnectionUrl('postgres:///db?host=/run/a,/run/b&port=1,2', 'url'), {
      host: '/run/a,/run/b',
      port: '1,2',
      database: 'db',
    })
    t.match(parseConnectionUrl('postgres:///db?host=a&port=7', 'url'), { port: 7 })
  })

  t.test('takes a + for a plus, as libpq does', async (t) => {
    const url = 'postgres://h/?sslrootcert=/tmp/c++/my%20ca.pem&application_name=a=b'
    t.same(parseConnectionUrl(url, 'url'), {
      host: 'h',
      sslrootcert: '/tmp/c++/my ca.pem',
      applicationName: 'a=b',
    })
  })

  const refused: readonly [string, string, RegExp][] = [
    ['no URL at all', `${CANARY}`, /^url is malformed, but must be postgres:\/\/USER/],
    ['a port that is none', `postgres://a:${CANARY}@h:port/d`, /^url is malformed/],
    ['another scheme', `mysql://a:${CANARY}@h/d`, /^url is of scheme mysql:/],
    [
      "SQLAlchemy's URL for asyncpg",
      `postgresql+asyncpg://a:${CANARY}@h/d`,
      /^url is of scheme postgresql\+asyncpg:, but must be written with postgres:\/\/ and the rest unchanged$/,
    ],
    [
      'one for psycopg2, be its password malformed',
      `postgresql+psycopg2://a:${CANARY}#%@h/d`,
      /^url is of scheme postgresql\+psycopg2:, but must be written with postgres:/,
    ],
    [
      'one for a file of SQLite',
      `sqlite+aiosqlite:///./${CANARY}/app.db`,
      /^url is of scheme sqlite\+aiosqlite:, but must be embedded:FOLDER \(such as embedded:\.\/\.ashlar\): an embedded PostgreSQL/,
    ],
    ['the URL of a file', `file:${CANARY}.db`, /^url is of scheme file:, but must be embedded:FOLDER/],
    [
      'one for psycopg in another spelling',
      'PostgreSQL+psycopg_async://h/d',
      /^url is of scheme PostgreSQL\+psycopg_async:, but must be written with postgres:/,
    ],
    [
      'one with ssl, in one go',
      `postgresql+asyncpg://a:${CANARY}@h/d?ssl=require`,
      /must be written with postgres:\/\/ and its parameter ssl written sslmode=require$/,
    ],
    [
      'a shared database of SQLite in memory',
      'file:x?mode=memory',
      /^url is of scheme file:, but must be embedded:temp/,
    ],
    ['a database of SQLite in memory', 'sqlite:///:memory:', /^url is of scheme sqlite:, but must be embedded:temp: /],
    ['the same in short', 'sqlite://', /must be embedded:temp: an embedded PostgreSQL; ashlar opens no SQLite file$/],
    [
      "asyncpg's ssl",
      `postgres://a:${CANARY}@h/d?ssl=require`,
      /^url parameter ssl is unknown, but must be written sslmode=require$/,
    ],
    [
      'ssl=true',
      'postgres://h/d?ssl=true',
      /^url parameter ssl is unknown, but must be written sslmode=verify-full \(or/,
    ],
    ['ssl with anything else', `postgres://h/d?ssl=${CANARY}`, /must be written sslmode=verify-full$/],
    [
      'a parameter given twice',
      'postgres://h/d?sslmode=disable&sslmode=require',
      /^url parameter sslmode is given twice/,
    ],
    ['a broken percent sign in a parameter', 'postgres://h/d?host=%', /percent-encoded rightly/],
    ['a broken percent sign', `postgres://a:${CANARY}%@h/d`, /percent-encoded rightly/],
    [
      'an unknown parameter',
      `postgres://a:${CANARY}@h/d?sslmod=x`,
      /^url parameter sslmod is unknown, but must be one of host, port, sslmode, sslrootcert, sslcert, sslkey, application_name, target_session_attrs$/,
    ],
    ['a ? that cuts the password', `postgres://a:12?${CANARY}@h/d`, /^a parameter of url is unknown/],
    ['a / that cuts the password', `postgres://a:12/${CANARY}@h/d`, /%2F/],
    ['a parameter that objects inherit', 'postgres://h/d?constructor=x', /^url parameter constructor is unknown/],
    [
      'a list with an empty host',
      `postgres://a:${CANARY}@h,,i/d`,
      /^url is with a malformed list of hosts, but must be HOST:/,
    ],
    [
      'a list of hosts with a port that is none',
      `postgres://h:1,i:${CANARY}/d`,
      /^url is with a malformed list of hosts/,
    ],
    ['a list of hosts that cuts the password', `postgres://a:x,${CANARY}/y@h/d`, /^url is with a malformed list|%2F/],
    ['a broken percent sign in a list of hosts', `postgres://h,i%/d`, /percent-encoded rightly/],
    ['a # that cuts the URL', `postgres://a:x@h/d#${CANARY}`, /%23/],
    ['embedded without a folder', 'embedded:', /embedded: without a folder/],
  ]
  for (const [name, url, message] of refused) {
    t.test(`refuses ${name}, and never repeats the URL`, async (t) => {
      try {
        parseConnectionUrl(url, 'url')
        t.fail('it was taken')
      } catch (error) {
        t.match(error, { name: 'ConfigError', message })
        t.notOk(inspect(error, { showHidden: true }).includes(CANARY))
      }
    })
  }
})
