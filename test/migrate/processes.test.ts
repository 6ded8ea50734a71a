import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'
import t, { type Test } from 'tap'
import { ownMigrations } from '../../src/migrate/files.js'
import { migrateUp } from '../../src/migrate/runner.js'
import { run, start, urlOf } from '../cli/fixtures/command.js'
import { createTestDatabase, type DatabaseAccess } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'
import { makeFolder, migration, npxMigrate, openClient, serverOf, step } from './fixtures/migrations.js'

const COUNT = readdirSync(ownMigrations).length

/** Counts the migrations that are listed, and those that the ledger has run more than once. */
async function count(client: Client): Promise<{ listed: number; recorded: number }> {
  const { rows } = await client.query(`SELECT
    (SELECT count(*)::int FROM public.pgmigrations) AS listed,
    (SELECT count(*)::int FROM ashlar_ledger.migration_event) AS recorded`)
  return rows[0]
}

t.test('ashlar migrate up', async (t) => {
  t.test('runs in several processes at once, each migration once, and the plain command finds nothing', async (t) => {
    const access = await createTestDatabase(t, null)
    const env = { DATABASE_URL: urlOf(access) }
    const ended = await Promise.all([1, 2, 3].map(() => run(t, ['migrate', 'up'], { env })))
    t.same(
      ended.map(({ code }) => code),
      [0, 0, 0],
    )
    t.equal(ended.filter(({ stdout }) => stdout.includes('0001_core')).length, 1)
    t.equal(npxMigrate(access, 'up'), 0)
    t.same(await count(await openClient(t, access)), { listed: COUNT, recorded: COUNT })
  })

  t.test('is completed by the next run when it is killed', async (t) => {
    const access = await createTestDatabase(t, null)
    const env = { DATABASE_URL: urlOf(access) }
    const client = await openClient(t, access)
    const killed = start(t, ['migrate', 'up'], { env })
    await until(() => /up 0002/.test(killed.output()))
    killed.send('SIGKILL')
    await killed.ended
    t.equal((await run(t, ['migrate', 'up'], { env })).code, 0)
    t.same(await count(client), { listed: COUNT, recorded: COUNT })
  })
})

/** Starts a run in a process of its own. */
function startUp(t: Test, { host, port, user, password, database }: DatabaseAccess, folder: string) {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  const access = JSON.stringify({ host, port, user, password, database })
  const loader = ['--import', file('../fixtures/typescript.mjs')]
  const child = spawn(process.execPath, [...loader, file('fixtures/up.ts'), access, folder], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, ended }
}

t.test('a step', async (t) => {
  t.test('is done anew by the next run when the process is killed within it', async (t) => {
    const access = await createTestDatabase(t, null)
    const { folder, sources } = makeFolder(t, {
      '0001_a.sql': migration('CREATE TABLE a (id int);'),
      '0002_index.mjs': step(['CREATE INDEX CONCURRENTLY a_id_idx ON public.a (id)']),
      '0003_b.sql': migration('CREATE TABLE b (id int);'),
    })
    await migrateUp(serverOf(access), { sources, count: 1 })
    const [holder, client] = [await openClient(t, access), await openClient(t, access)]
    await holder.query('BEGIN; INSERT INTO a VALUES (1)')
    const { child, ended } = startUp(t, access, folder)
    await until(async () => {
      const { rowCount } = await client.query("SELECT FROM pg_class WHERE relname = 'a_id_idx'")
      return rowCount === 1
    })
    child.kill('SIGKILL')
    await ended
    // The server sees that its client is gone while it still waits.
    await until(async () => {
      const { rowCount } = await client.query(
        "SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE locktype = 'advisory' AND datname = current_database()",
      )
      return rowCount === 0
    })
    await holder.query('COMMIT')
    const { rows: left } = await client.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id_idx'::regclass")
    t.same(left, [{ indisvalid: false }])
    t.match(await migrateUp(serverOf(access), { sources }), [{ name: '0002_index' }, { name: '0003_b' }])
    const { rows } = await client.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id_idx'::regclass")
    t.same(rows, [{ indisvalid: true }])
  })
})
