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
    t.match(parseConnectionUrl('postgres://[::1]:5/', 'url'), { host: '::1', port: 5 })
    t.match(parseConnectionUrl('postgres:///db?host=/run/postgresql', 'url'), {
      host: '/run/postgresql',
      database: 'db',
    })
  })

  const refused: readonly [string, string, RegExp][] = [
    ['no URL at all', `${CANARY}`, /^url is malformed, but must be postgres:\/\/USER/],
    ['a port that is none', `postgres://a:${CANARY}@h:port/d`, /^url is malformed/],
    ['another scheme', `mysql://a:${CANARY}@h/d`, /^url is of scheme mysql:/],
    ['a broken percent sign', `postgres://a:${CANARY}%@h/d`, /percent-encoded rightly/],
    [
      'an unknown parameter',
      `postgres://a:${CANARY}@h/d?sslmod=x`,
      /^url parameter sslmod is unknown, but must be one of host, sslmode, application_name$/,
    ],
    ['a ? that cuts the password', `postgres://a:12?${CANARY}@h/d`, /^a parameter of url is unknown/],
    ['a / that cuts the password', `postgres://a:12/${CANARY}@h/d`, /%2F/],
    ['a parameter that objects inherit', 'postgres://h/d?constructor=x', /^url parameter constructor is unknown/],
    ['several hosts', `postgres://a:${CANARY}@h,i/d`, /a list of hosts/],
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
