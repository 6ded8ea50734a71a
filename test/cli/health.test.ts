import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'

const access = await createTestDatabase(t)
const empty = await createTestDatabase(t, null)

t.test('health', async (t) => {
  t.test('exits 0 when all is well', async (t) => {
    const { code, stdout, stderr } = await run(t, ['health'], { env: { DATABASE_URL: urlOf(access) } })
    t.same([code, stderr], [0, ''])
    t.match(
      stdout,
      /^healthy \(checked in [\d.]+ ms\)\n {2}ok {3}connection .*\n {2}ok {3}pool .*\n {2}ok {3}migrations .*\n$/,
    )
  })

  t.test('--json prints the report', async (t) => {
    const { code, stdout, stderr } = await run(t, ['health', '--json', '--url', urlOf(access)])
    t.same([code, stderr], [0, ''])
    t.match(JSON.parse(stdout), {
      status: 'healthy',
      checks: [{ name: 'connection' }, { name: 'pool' }, { name: 'migrations', details: { pending: 0 } }],
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
