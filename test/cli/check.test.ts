import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findFreePort } from '../../src/embedded/free-port.js'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { startRefusingServer } from '../check/fixtures/servers.js'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'

const access = await createTestDatabase(t)
const empty = await createTestDatabase(t, null)
const canary = 'canary-4711'

t.test('check', async (t) => {
  t.test('prints a line for each step, and exits 0 when all is well', async (t) => {
    const { code, stdout, stderr } = await run(t, ['check'], { env: { DATABASE_URL: urlOf(access) } })
    t.same([code, stderr], [0, ''])
    const lines = stdout.trimEnd().split('\n')
    const expected = [
      /^ {2}ok {3}name {8}host 127\.0\.0\.1, addresses 127\.0\.0\.1 \([\d.]+ ms\)$/,
      /^ {2}ok {3}port {8}port \d+, address 127\.0\.0\.1 \(/,
      /^ {2}ok {3}protocol {4}offersTls false \(/,
      /^ {2}- {4}TLS {9}sslmode is disable: nothing is encrypted \(/,
      /^ {2}ok {3}session {5}\([\d.]+ ms\)$/,
      /^ {2}ok {3}password {4}role ashlar$/,
      /^ {2}ok {3}database {4}database test_\w+$/,
      /^ {2}ok {3}version {5}server 18\.\S+, latencyMs [\d.]+, isStandby false \(/,
      /^ {2}ok {3}rights {6}schemas .*agent core/,
      /^ {2}ok {3}migrations {2}applied \d+, pending 0, unknown 0 \(/,
    ]
    t.equal(lines.length, expected.length)
    for (const [index, pattern] of expected.entries()) t.match(lines[index], pattern)
  })

  t.test('looks at each of several hosts, and checks the one that is used', async (t) => {
    const closed = await findFreePort(0)
    const url = urlOf(access).replace('@127.0.0.1:', `@127.0.0.1:${closed},127.0.0.1:`)
    const { code, stdout } = await run(t, ['check', '--url', url])
    t.equal(code, 0)
    t.match(
      stdout,
      `ok   hosts       used 127.0.0.1 port ${access.port}, hosts 127.0.0.1 port ${closed}: no answer; 127.0.0.1 port ${access.port}: a primary;`,
    )
    t.match(stdout, /^ {2}ok {3}migrations/m)
    const none = await run(t, ['check', '--url', `${url}?target_session_attrs=standby`])
    t.equal(none.code, 1)
    t.match(none.stdout, `FAIL hosts       none of 2 hosts can be used: 127.0.0.1 port ${closed}: connect ECONNREFUSED`)
    t.match(none.stdout, /^ {2}- {4}name$/m)
  })

  t.test('names the step that failed and what to do, and exits 1', async (t) => {
    const { code, stdout, stderr } = await run(t, ['check', '--url', urlOf(empty)])
    t.same([code, stderr], [1, ''])
    const [failed, advice] = stdout.trimEnd().split('\n').slice(-2)
    t.match(failed, /^ {2}FAIL migrations {2}the database is not migrated yet, applied 0, pending \d+, unknown 0 /)
    t.equal(advice, 'what to do: `ashlar migrate up`')
  })

  t.test('says nothing twice', async (t) => {
    const { stdout } = await run(t, ['check', '--url', urlOf(access, { database: 'no_such_database' })])
    t.match(stdout, /^ {2}FAIL database {4}database "no_such_database" does not exist \(/m)
  })

  t.test('shows nothing that a terminal would obey', async (t) => {
    const port = await startRefusingServer(
      t,
      '53300',
      'too \x1b[31mmany\x1b[0m\x07 clients\n  ok   rights\x1b]0;title\x07 \x9b2J',
    )
    const url = urlOf(access, { port })
    for (const [args, env] of [
      [['check'], {}],
      [['check'], { FORCE_COLOR: '1' }],
      [['check', '--json'], {}],
      [['migrate', 'up'], { FORCE_COLOR: '1' }],
    ] as const) {
      const { stdout, stderr } = await run(t, args, { env: { ...env, DATABASE_URL: url } })
      const shown = (stdout + stderr).replace(/\p{Cc}\[\d\d?m/gu, '')
      t.match(shown, 'clients')
      t.notMatch(shown, /[^\P{Cc}\n]/u, `${args.join(' ')} ${JSON.stringify(env)}`)
      if (args.length === 1) t.notMatch(shown, /^ {2}ok {3}rights/m, 'no line of its own')
    }
  })

  t.test('--json prints the report', async (t) => {
    const { code, stdout, stderr } = await run(t, ['check', '--json', '--url', urlOf(access, { port: 1 })])
    t.same([code, stderr], [1, ''])
    const { ok, steps } = JSON.parse(stdout)
    t.equal(ok, false)
    t.same(Object.keys(steps[1]), ['name', 'outcome', 'details', 'reason', 'advice', 'ms'])
    t.match(steps, [
      { name: 'name', outcome: 'ok', reason: null, advice: null },
      { name: 'port', outcome: 'failed', reason: /ECONNREFUSED/, advice: /SHOW port/, ms: Number },
      { name: 'protocol', outcome: 'skipped', details: {}, reason: null, advice: null, ms: null },
    ])
  })

  t.test('shows the password nowhere', async (t) => {
    for (const [args, changes] of [
      [['check', '--verbose'], {}],
      [['check', '--json'], {}],
      [['check'], { database: 'no_such_database' }],
      [['check', '--verbose'], { port: 1 }],
    ] as const) {
      const { code, stdout, stderr } = await run(t, args, {
        env: { DATABASE_URL: urlOf(access, { password: canary, ...changes }) },
      })
      t.equal(code, 1)
      t.notMatch(stdout + stderr, canary)
    }
  })

  t.test('fails as other commands do when the URL cannot be used', async (t) => {
    const { code, stdout, stderr } = await run(t, ['check', '--url', `mysql://ada:${canary}@127.0.0.1/shop`])
    t.same([code, stdout], [1, ''])
    t.match(stderr, 'error url is of scheme mysql:')
  })
})

t.test('check of an embedded server', async (t) => {
  t.test('starts none, and makes no folder', async (t) => {
    const folder = join(t.testdir({}), 'server')
    const { code, stdout } = await run(t, ['check', '--url', `embedded:${folder}`])
    t.equal(code, 1)
    t.match(stdout, `  FAIL embedded    no server is at work in ${folder}; connect() starts one there`)
    t.match(stdout, `what to do: \`ashlar dev ${folder}\``)
    t.notOk(existsSync(folder))
    const temp = await run(t, ['check', '--json', '--url', 'embedded:temp'])
    t.equal(temp.code, 1)
    t.match(JSON.parse(temp.stdout), {
      ok: false,
      steps: [
        { name: 'embedded', outcome: 'failed' },
        { name: 'name', outcome: 'skipped' },
      ],
    })
  })

  t.test('checks the one that is at work, and leaves it so', async (t) => {
    const folder = join(t.testdir({}), 'server')
    const server = await startEmbeddedServer({ folder })
    t.teardown(() => server.close())
    for (const _ of ['first', 'second']) {
      const { code, stdout } = await run(t, ['check', '--url', `embedded:${folder}`])
      t.equal(code, 1)
      t.match(stdout, `  ok   embedded    folder ${folder}`)
      t.match(stdout, 'FAIL migrations')
    }
  })
})
