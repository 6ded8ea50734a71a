import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { formatHealth } from '../../src/cli/health-lines.js'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { createTestDatabase } from '../fixtures/database.js'
import { freeze } from '../fixtures/freeze.js'
import { run, urlOf } from './fixtures/command.js'

const access = await createTestDatabase(t)
const empty = await createTestDatabase(t, null)

t.test('health', async (t) => {
  t.test('exits 0 when all is well', async (t) => {
    const { code, stdout, stderr } = await run(t, ['health'], { env: { DATABASE_URL: urlOf(access) } })
    t.same([code, stderr], [0, ''])
    t.match(
      stdout,
      /^healthy \(checked in [\d.]+ ms\)\n {2}ok {3}connection .*\n {2}ok {3}pool .*\n {2}ok {3}budget .*\n {2}ok {3}transactions .*\n {2}ok {3}replication .*\n {2}ok {3}migrations .*\n$/,
    )
  })

  t.test('--json prints the report', async (t) => {
    const { code, stdout, stderr } = await run(t, ['health', '--json', '--url', urlOf(access)])
    t.same([code, stderr], [0, ''])
    t.match(JSON.parse(stdout), {
      status: 'healthy',
      checks: [
        { name: 'connection' },
        { name: 'pool' },
        { name: 'budget' },
        { name: 'transactions', details: { longTransactionMs: 60_000 } },
        { name: 'replication', details: { maxReplicationLagMs: 30_000 } },
        { name: 'migrations', details: { pending: 0 } },
      ],
      recent: [],
    })
  })

  t.test('exits 1 when migrations are pending, and tells the command', async (t) => {
    const { code, stdout } = await run(t, ['health', '--url', urlOf(empty)])
    t.equal(code, 1)
    t.match(stdout, /^degraded /)
    t.match(stdout, /FAIL migrations {3}\d+ migrations are pending: run `ashlar migrate up`, applied 0/)
  })

  t.test('exits 2 when nothing listens, also with --json', async (t) => {
    const { code, stdout, stderr } = await run(t, ['health', '--json', '--url', urlOf(access, { port: 1 })])
    t.same([code, stderr], [2, ''])
    t.match(JSON.parse(stdout), {
      status: 'unhealthy',
      checks: [{ name: 'connection', ok: false, reason: /ECONNREFUSED 127\.0\.0\.1:1$/ }],
    })
  })

  t.test('exits 2 when the server refuses', async (t) => {
    const { code, stdout } = await run(t, ['health', '--url', urlOf(access, { database: 'no_such_database' })])
    t.equal(code, 2)
    t.match(stdout, /FAIL connection {3}connect: database "no_such_database" does not exist/)
  })

  t.test('takes its limits as options', async (t) => {
    const limits = ['--long-transaction-ms', '70000', '--max-replication-lag-ms', '40000']
    const { code, stdout } = await run(t, ['health', '--json', ...limits, '--url', urlOf(access)])
    t.equal(code, 0)
    t.match(JSON.parse(stdout), {
      checks: [{}, {}, {}, { details: { longTransactionMs: 70_000 } }, { details: { maxReplicationLagMs: 40_000 } }],
    })
    for (const [option, wrong] of [
      ['--deadline-ms', '0'],
      ['--deadline-ms', '600001'],
      ['--long-transaction-ms', 'never'],
    ] as const) {
      const refused = await run(t, ['health', option, wrong])
      t.equal(refused.code, 64)
      t.match(refused.stderr, /It must be an integer from 1 to \d+, in ms\./)
    }
  })

  t.test(
    'exits 2 within its deadline when the server lets connect and says nothing, and when it is stopped',
    async (t) => {
      const silent = createServer(() => {}).listen(0, '127.0.0.1')
      await once(silent, 'listening')
      t.teardown(() => silent.close())
      const { port } = silent.address() as AddressInfo
      const embedded = await startEmbeddedServer({ folder: 'temp' })
      t.teardown(() => embedded.close())
      freeze(t, embedded.pid)
      for (const at of [port, embedded.port]) {
        const url = urlOf(access, { port: at })
        const { code, stdout, stderr } = await run(t, ['health', '--json', '--deadline-ms', '700', '--url', url])
        t.same([code, stderr], [2, ''])
        const report = JSON.parse(stdout)
        t.match(report, { status: 'unhealthy', checks: [{ name: 'connection', ok: false, reason: /timeout|700 ms/ }] })
        t.ok(report.durationMs < 1_700)
        t.notMatch(stdout, access.password)
      }
    },
  )

  t.test('starts no embedded server, and makes no folder', async (t) => {
    const folder = join(t.testdir({}), 'none')
    for (const place of [folder, 'temp']) {
      const { code, stdout } = await run(t, ['health', '--json', '--url', `embedded:${place}`])
      t.equal(code, 2)
      t.match(JSON.parse(stdout), {
        status: 'unhealthy',
        checks: [{ name: 'connection', ok: false, reason: `no server is at work in ${place}` }],
      })
    }
    t.notOk(existsSync(folder))
  })
})

t.test('formatHealth', async (t) => {
  t.test('shows the last events of a pool that is not well, in plain lines', async (t) => {
    const at = new Date('2026-05-06T07:08:09.010Z')
    const lines = formatHealth({
      status: 'degraded',
      checkedAt: at,
      durationMs: 3,
      checks: [
        { name: 'pool', ok: true, reason: null, details: { max: 5, longestWaitMs: null, isPooled: false } },
        { name: 'transactions', ok: false, reason: 'of \u001b[2Jbad\nname', details: {} },
      ],
      recent: [
        { at, type: 'leak', query: null, heldMs: 7 },
        { at, type: 'connect-failed', host: 'db', port: 5432, reason: 'ECONNREFUSED' },
      ],
    }).map(stripVTControlCharacters)
    t.same(lines, [
      'degraded (checked in 3 ms)',
      '  ok   pool         max 5',
      '  FAIL transactions of bad name',
      'what happened last',
      '  2026-05-06T07:08:09.010Z leak              heldMs 7',
      '  2026-05-06T07:08:09.010Z connect-failed    host db, port 5432, reason ECONNREFUSED',
    ])
  })
})
