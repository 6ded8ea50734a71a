import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Client } from 'pg'
import t, { type Test } from 'tap'
import { connect } from '../../src/database.js'
import { ownMigrations } from '../../src/migrate/files.js'
import type { MigrationStep } from '../../src/migrate/options.js'
import { migrateDown, migrateRedo, migrateUp, planMigration } from '../../src/migrate/runner.js'
import { ownSource } from '../../src/migrate/source.js'
import { createTestDatabase, type DatabaseAccess } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'
import { makeFolder, migration, openClient, serverOf } from './fixtures/migrations.js'

const ALL = readdirSync(ownMigrations)
  .map((file) => file.replace(/\.sql$/, ''))
  .sort()

async function namesOf(steps: Promise<readonly MigrationStep[]>): Promise<string[]> {
  return (await steps).map(({ name }) => name)
}

t.test('how far a run goes', async (t) => {
  const { source, sources, write } = makeFolder(t, { '0001_core.sql': migration('SELECT 1;') })
  for (const name of ['0002_b', '0003_c']) write(`${name}.sql`, migration('SELECT 1;'))
  const both = { sources: [ownSource, ...sources] }
  const access = await createTestDatabase(t)
  const server = serverOf(access)

  t.test('is told by a count, and each is named before it runs', async (t) => {
    const seen: unknown[] = []
    const onMigration = (...args: unknown[]) => void seen.push(args)
    t.match(await migrateUp(server, { ...both, count: 1, onMigration }), [
      { source: 'project', name: '0001_core', direction: 'up', durationMs: Number },
    ])
    t.same(seen, [['0001_core', { source: 'project', name: '0001_core', direction: 'up' }]])
    for (const count of [0, -1, 1.5, Number.NaN])
      await t.rejects(migrateUp(server, { sources, count }), { name: 'ConfigError', field: 'count' })
  })

  t.test('is told by a name, which becomes the latest', async (t) => {
    t.same(await namesOf(migrateUp(server, { ...both, to: '0002_b' })), ['0002_b'])
    t.same(await namesOf(migrateUp(server, { ...both, to: 'project/0003_c.sql' })), ['0003_c'])
    t.same(await namesOf(migrateDown(server, { ...both, to: 'project/0001_core' })), ['0003_c', '0002_b'])
    await t.rejects(migrateDown(server, { ...both, to: '0002_b' }), {
      name: 'ConfigError',
      message: 'to is 0002_b, but must be a migration that is applied',
    })
  })

  t.test('refuses a name that means none, or two', async (t) => {
    await t.rejects(migrateUp(server, { ...both, to: '0009_none' }), {
      name: 'ConfigError',
      message: 'to is 0009_none, but must be the name of a migration, such as 0001_core',
    })
    await t.rejects(migrateUp(server, { ...both, to: '0001_core' }), {
      message: 'to is 0001_core, but must be one migration of the two: ashlar/0001_core or project/0001_core',
    })
  })

  t.test('is the latest of the last source for down and redo', async (t) => {
    const redone = await migrateRedo(server, both)
    t.same(
      redone.map(({ name, direction }) => [name, direction]),
      [
        ['0001_core', 'down'],
        ['0001_core', 'up'],
      ],
    )
    t.same(await namesOf(migrateDown(server, { ...both, count: 2 })), ['0001_core', ALL.at(-1)])
    t.same(await namesOf(migrateUp(server, both)), [ALL.at(-1), '0001_core', '0002_b', '0003_c'])
  })

  t.test('is planned without doing anything', async (t) => {
    write('0004_d.sql', migration('SELECT 4; -- four\nSELECT 5;', 'SELECT 6;'))
    t.same(await planMigration(server, 'up', both), [
      { source: 'project', name: '0004_d', direction: 'up', isTransaction: true, sql: 'SELECT 4;\n\nSELECT 5;' },
    ])
    t.match(await planMigration(server, 'down', { sources: [source] }), [{ name: '0003_c', direction: 'down' }])
    t.match(await planMigration(server, 'redo', both), [{ direction: 'down' }, { direction: 'up' }])
    t.match(await planMigration(server, 'up', both), [{ name: '0004_d' }])
  })
})

t.test('a plan', async (t) => {
  t.test('ends a statement behind the comment that ends its file', async (t) => {
    const access = await createTestDatabase(t, null)
    const { sources } = makeFolder(t, { '0001_a.sql': migration('SELECT 1;', 'SELECT 2 -- why').trimEnd() })
    await migrateUp(serverOf(access), { sources })
    t.match(await planMigration(serverOf(access), 'down', { sources }), [{ sql: 'SELECT 2 -- why\n;' }])
  })
})

t.test('the limits of a run', async (t) => {
  async function holdLock(t: Test, access: DatabaseAccess): Promise<Client> {
    const holder = await openClient(t, access, 'deploy')
    await holder.query('SELECT pg_advisory_lock(7241865325823964)')
    return holder
  }

  t.test('bound the wait for another runner, and tell who it is', async (t) => {
    const access = await createTestDatabase(t, null)
    const holder = await holdLock(t, access)
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid')
    await t.rejects(migrateUp(serverOf(access), { lockTimeoutMs: 50 }), {
      name: 'MigrationError',
      message: new RegExp(
        `^another migration of this database runs \\(process ${rows[0].pid} of the server, application_name "deploy", connected for \\d+ s\\), and did not end within 50 ms: try again later$`,
      ),
    })
  })

  for (const lockTimeoutMs of [null, 10_000]) {
    t.test(`let it wait until the other is done (${lockTimeoutMs})`, async (t) => {
      const access = await createTestDatabase(t, null)
      const holder = await holdLock(t, access)
      const work = namesOf(migrateUp(serverOf(access), { lockTimeoutMs }))
      await until(async () => {
        const { rowCount } = await holder.query(
          "SELECT FROM pg_stat_activity WHERE application_name = 'ashlar migrate' AND datname = current_database() AND query LIKE '%try_advisory%'",
        )
        return rowCount === 1
      })
      await holder.query('SELECT pg_advisory_unlock_all()')
      t.same(await work, ALL)
    })
  }

  t.test('bound the time to connect', async (t) => {
    const silent = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    t.teardown(() => silent.close())
    const { port } = silent.address() as { port: number }
    const access = await createTestDatabase(t)
    const startedAt = performance.now()
    const limits = { migrate: true, pool: { connectTimeoutMs: 50 } }
    await t.rejects(connect({ ...access, port, ...limits }), {
      name: 'ConnectionError',
      message: 'migrate: timeout expired',
    })
    t.ok(performance.now() - startedAt < 4_000, 'by the limit that was given')
  })
})
