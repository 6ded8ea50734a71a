import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../../src/database.js'
import type { LockRetry } from '../../src/migrate/lock-retry.js'
import { migrateUp } from '../../src/migrate/runner.js'
import { createTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'
import { makeFolder, migration, openClient, serverOf, step } from './fixtures/migrations.js'

/** Makes a table that another session has read in a transaction, and a migration that alters it. */
async function prepare(t: Test) {
  const access = await createTestDatabase(t, null)
  const { sources, folder, write } = makeFolder(t, { '0001_a.sql': migration('CREATE TABLE a (id int);') })
  await migrateUp(serverOf(access), { sources })
  write('0002_b.sql', migration('CREATE TABLE b (id int);'))
  write('0003_alter.sql', migration('SELECT 1;\nALTER TABLE a ADD COLUMN note text;'))
  const holder = await openClient(t, access, 'nightly report')
  await holder.query('BEGIN; SELECT FROM a')
  return { access, server: serverOf(access), sources, folder, write, holder }
}

t.test('a lock that a migration does not get', async (t) => {
  t.test('has it give up and try again, and its readers wait no longer than it does', async (t) => {
    const { access, server, sources, holder } = await prepare(t)
    const retries: LockRetry[] = []
    const onLockRetry = (retry: LockRetry): void => void retries.push(retry)
    const work = migrateUp(server, { sources, statementLockTimeoutMs: 50, onLockRetry })
    const reader = await connect({ ...access, commandTimeoutMs: 5_000, pool: { min: 0, max: 4 } })
    t.teardown(() => reader.close())
    let reads = 0
    while (retries.length < 3) {
      await Promise.all([1, 2, 3, 4].map(() => reader.query('SELECT FROM a')))
      reads += 1
    }
    t.ok(reads > 3, 'the readers went on')
    await holder.query('COMMIT')
    t.match(await work, [{ name: '0002_b' }, { name: '0003_alter' }])
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid')
    t.match(retries[0], { source: 'project', name: '0003_alter', direction: 'up', attempt: 1, holders: [] })
    t.match(retries[2], {
      attempt: 3,
      holders: [{ pid: rows[0].pid, applicationName: 'nightly report', state: 'idle in transaction' }],
    })
    t.ok(Number(retries[2]?.elapsedMs) > Number(retries[1]?.elapsedMs))
    const { rows: listed } = await holder.query('SELECT name FROM public.app_migrations ORDER BY id')
    t.same(
      listed.map(({ name }) => name),
      ['0001_a', '0002_b', '0003_alter'],
    )
  })

  t.test('ends the run when the time is over, and names who holds it', async (t) => {
    const { server, sources, holder } = await prepare(t)
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid')
    const told: string[] = []
    const failure = migrateUp(server, {
      sources,
      statementLockTimeoutMs: 60,
      lockRetryMs: 600,
      onMigration: (name) => told.push(name),
    })
    await t.rejects(failure, {
      name: 'MigrationError',
      file: '0003_alter.sql',
      line: 3,
      message: new RegExp(
        `^0003_alter\\.sql:3 \\(up\\): no lock within 60 ms in \\d attempts over \\d+ ms, held by process ${rows[0].pid} of the server, application_name "nightly report", idle in transaction, in a transaction for \\d+ s; end that session, or migrate when it is done; nothing of this run was kept$`,
      ),
    })
    t.same(told, ['0002_b', '0003_alter'], 'each is named once, however often it is tried')
    t.same((await holder.query("SELECT to_regclass('b') AS b")).rows, [{ b: null }], 'nothing is left')
  })

  t.test('is given up after as long, whatever an earlier migration of the run has set', async (t) => {
    const { server, sources, write } = await prepare(t)
    write('0002_b.sql', migration("SET lock_timeout = '60s';"))
    await t.rejects(migrateUp(server, { sources, statementLockTimeoutMs: 20, lockRetryMs: 30 }), {
      message: /^0003_alter\.sql:3 \(up\): no lock within 20 ms .* nothing of this run was kept$/,
    })
  })

  t.test('tells what of the run is kept when the time is over', async (t) => {
    const { server, sources, folder, write } = await prepare(t)
    write('0002_b.mjs', step(['VACUUM a']))
    rmSync(join(folder, '0002_b.sql'))
    await t.rejects(migrateUp(server, { sources, statementLockTimeoutMs: 20, lockRetryMs: 30 }), {
      message: /; kept of this run: 0002_b$/,
    })
  })

  t.test('keeps the migration lock between attempts', async (t) => {
    const { access, server, sources, holder } = await prepare(t)
    const retries: LockRetry[] = []
    const first = migrateUp(server, {
      sources,
      statementLockTimeoutMs: 20,
      onLockRetry: (retry) => void retries.push(retry),
    })
    await until(() => retries.length > 0)
    await t.rejects(migrateUp(serverOf(access), { sources, lockTimeoutMs: 10 }), {
      message:
        /^another migration of this database runs \(process \d+ of the server, application_name "ashlar migrate"/,
    })
    await holder.query('COMMIT')
    t.equal((await first).length, 2)
  })
})
