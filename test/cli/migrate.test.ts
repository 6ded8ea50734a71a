import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ownMigrations } from '../../src/migrate/files.js'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'

const access = await createTestDatabase(t, null)
const env = { DATABASE_URL: urlOf(access) }
const names = readdirSync(ownMigrations)
  .map((file) => file.replace(/\.sql$/, ''))
  .sort()
const [first = '', ...later] = names
const last = names.at(-1) ?? ''

/** Each test begins where the one before it ended: with an empty database, at first. */
t.test('migrate', async (t) => {
  t.test('status --json lists all migrations as pending, and changes nothing', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'status', '--json'], { env })
    t.same([code, stderr], [0, ''])
    t.same(JSON.parse(stdout), { applied: [], pending: names, missing: [] })
  })

  t.test('down finds nothing to revert', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'down'], { env })
    t.same([code, stdout, stderr], [0, 'nothing is applied\n', ''])
  })

  t.test('up --json with a count prints one document, and its progress on stderr', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'up', '1', '--json'], { env })
    t.equal(code, 0)
    t.same(JSON.parse(stdout), { direction: 'up', migrations: [first] })
    t.equal(stderr, `up ${first}\n`)
  })

  t.test('up applies the others', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'up'], { env })
    t.same([code, stdout], [0, `applied ${later.join(', ')}\n`])
    t.equal(stderr, later.map((name) => `up ${name}\n`).join(''))
  })

  t.test('up finds nothing pending, and --url wins over the environment', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'up', '--url', urlOf(access)], {
      env: { DATABASE_URL: urlOf(access, { port: 1 }) },
    })
    t.same([code, stdout, stderr], [0, 'nothing is pending\n', ''])
  })

  t.test('status tells when each was applied', async (t) => {
    const { code, stdout } = await run(t, ['migrate', 'status'], { env })
    t.equal(code, 0)
    const lines = stdout.trimEnd().split('\n')
    t.same(
      lines.map((line) => line.split(/ {2}/).slice(0, 2)),
      names.map((name) => ['applied', name]),
    )
    for (const line of lines) t.ok(Math.abs(Date.now() - Date.parse(line.split(/ {2}/)[2] ?? '')) < 600_000, line)
  })

  t.test('down --json reverts the latest alone', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'down', '--json'], { env })
    t.equal(code, 0)
    t.same(JSON.parse(stdout), { direction: 'down', migrations: [last] })
    t.equal(stderr, `down ${last}\n`)
  })

  t.test('status and down make no embedded database', async (t) => {
    const folder = join(t.testdir({}), 'none')
    for (const action of ['status', 'down']) {
      for (const place of [folder, 'temp']) {
        const { code, stdout, stderr } = await run(t, ['migrate', action, '--url', `embedded:${place}`])
        t.not(code, 0)
        t.equal(stdout, '')
        t.match(stderr, `url is embedded:${place}, where there is no database yet`)
      }
    }
    t.notOk(existsSync(folder))
  })
})
