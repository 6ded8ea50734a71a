import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import t from 'tap'
import type { ServerTarget } from '../../src/config.js'
import { connect } from '../../src/database.js'
import { ownMigrations } from '../../src/migrate/files.js'
import { migrateDown, migrateUp } from '../../src/migrate/runner.js'
import { migrationStatus } from '../../src/migrate/status.js'
import { Secret } from '../../src/secret.js'
import { createTestDatabase, type DatabaseAccess } from '../fixtures/database.js'
import { startDebianServer } from '../fixtures/debian-server.js'
import { describeSchema } from '../fixtures/describe-schema.js'
import { createRole } from '../fixtures/role.js'
import { target } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'

const ALL = readdirSync(ownMigrations)
  .map((file) => file.replace(/\.sql$/, ''))
  .sort()

function serverOf(access: DatabaseAccess): ServerTarget {
  return target(access, access.database)
}

async function schemaOf(access: Parameters<typeof connect>[0]): Promise<string[]> {
  const db = await connect(access)
  try {
    return await describeSchema(db)
  } finally {
    await db.close()
  }
}

/** Runs node-pg-migrate's own command, as a deploy step would. */
function npxMigrate(access: DatabaseAccess, ...args: string[]): number | null {
  const { user, password, port, database } = access
  const script = fileURLToPath(new URL('../../node_modules/node-pg-migrate/bin/node-pg-migrate.js', import.meta.url))
  return spawnSync(process.execPath, [script, ...args], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH: process.env.PATH, DATABASE_URL: `postgres://${user}:${password}@127.0.0.1:${port}/${database}` },
    stdio: 'ignore',
  }).status
}

t.test('migrateUp', async (t) => {
  t.test('yields the same schema as node-pg-migrate alone, and either can follow the other', async (t) => {
    const [byAshlar, byNpx] = [await createTestDatabase(t, null), await createTestDatabase(t, null)]
    t.same(await migrateUp(serverOf(byAshlar)), ALL)
    t.equal(npxMigrate(byNpx, 'up'), 0)
    const schema = await schemaOf(byAshlar)
    t.ok(schema.length > 50)
    t.same(await schemaOf(byNpx), schema)
    t.equal(npxMigrate(byAshlar, 'up'), 0, 'npx finds nothing to do')
    t.same(await migrateUp(serverOf(byNpx)), [], 'ashlar finds nothing to do')
    t.equal(npxMigrate(byAshlar, 'down', String(ALL.length)), 0)
    t.same(await migrateUp(serverOf(byAshlar)), ALL)
    t.same(await schemaOf(byAshlar), schema)
  })

  t.test('yields the same after down and up', async (t) => {
    const access = await createTestDatabase(t)
    const schema = await schemaOf(access)
    t.same(await migrateDown(serverOf(access), { count: ALL.length }), ALL.toReversed())
    t.same(await schemaOf(access), [], 'nothing is left')
    t.same(await migrateUp(serverOf(access)), ALL)
    t.same(await schemaOf(access), schema)
  })

  t.test('yields the same on an older server, where one is installed', async (t) => {
    const older = await startDebianServer(t)
    if (older === null) {
      t.comment('no PostgreSQL of the operating system is installed')
      return
    }
    const access = { host: '127.0.0.1', port: older.port, user: 'ashlar', database: 'postgres' }
    const server: ServerTarget = { ...access, password: null, tls: 'disable' }
    await migrateUp(server)
    const newer = await schemaOf(await createTestDatabase(t))
    t.same(await schemaOf(access), newer, `PostgreSQL ${older.version}`)
    await migrateDown(server, { count: ALL.length })
    t.same(await schemaOf(access), [])
    await migrateUp(server)
    t.same(await schemaOf(access), newer)
    const db = await connect(access)
    const ids = await db.query<{ id: string }>('SELECT core.new_id() AS id FROM generate_series(1, 1000)')
    t.equal(new Set(ids.map(({ id }) => id)).size, 1_000)
    t.ok(
      ids.every(({ id }) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
      'UUIDv7 without uuidv7()',
    )
    t.ok(Math.abs(Number.parseInt(String(ids[0]?.id).replace('-', '').slice(0, 12), 16) - Date.now()) < 60_000)
    await db.query(`INSERT INTO registry.service (name) VALUES ('service')`)
    await db.query(`DO $$ BEGIN
      FOR number IN 1..200 LOOP UPDATE registry.service SET version = number::text; END LOOP;
    END $$`)
    const changes = await db.changes.list({ sort: 'oldest', action: 'update', limit: 500 })
    t.same(
      changes.items.map(({ newValues }) => Number(newValues?.version)),
      Array.from({ length: 200 }, (_, index) => index + 1),
      'changes within a millisecond stand in their order',
    )
    await db.close()
  })

  t.test('applies one at a time when asked, and names each before it runs', async (t) => {
    const access = await createTestDatabase(t, null)
    const seen: string[] = []
    t.same(await migrateUp(serverOf(access), { count: 1, onMigration: (name) => seen.push(name) }), ['0001_core'])
    t.same(seen, ['0001_core'])
  })

  t.test('applies each once when several run at once', async (t) => {
    const access = await createTestDatabase(t, null)
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrateUp(serverOf(access))))
    t.same(runs.flat(), ALL)
  })

  t.test('keeps nothing when a file fails, names it, and works when it is mended', async (t) => {
    const access = await createTestDatabase(t, null)
    const folder = join(t.testdir(), 'migrations')
    const file = (number: string, up: string): void => {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `${number}.sql`), `-- Up Migration\n${up};\n-- Down Migration\nDROP TABLE a;\n`)
    }
    file('0001_good', 'CREATE TABLE a (id int)')
    file('0002_bad', 'CREATE TABLE a (id int)')
    await t.rejects(migrateUp(serverOf(access), { folder }), {
      name: 'MigrationError',
      code: 'ASHLAR_MIGRATION',
      file: '0002_bad.sql',
      message: '0002_bad.sql (up): relation "a" already exists; nothing of this run was kept',
    })
    const db = await connect(access)
    t.teardown(() => db.close())
    t.same(await migrationStatus(db, folder), { applied: [], pending: ['0001_good', '0002_bad'], missing: [] })
    file('0002_bad', 'CREATE TABLE b (id int)')
    t.same(await migrateUp(serverOf(access), { folder }), ['0001_good', '0002_bad'])
  })

  t.test('refuses a malformed file before it connects', async (t) => {
    const folder = t.testdir({ '0001_a.sql': '-- Up Migration\nSELECT 1;\n' })
    const nowhere: ServerTarget = {
      host: '127.0.0.1',
      port: 1,
      user: 'a',
      password: null,
      database: 'a',
      tls: 'disable',
    }
    await t.rejects(migrateUp(nowhere, { folder }), { name: 'MigrationError', file: '0001_a.sql' })
    await t.rejects(migrateUp(nowhere), { name: 'ConnectionError', message: /^migrate: connect ECONNREFUSED/ })
  })
})

t.test('migrateDown', async (t) => {
  t.test('reverts the latest unless told otherwise', async (t) => {
    t.same(await migrateDown(serverOf(await createTestDatabase(t))), ALL.slice(-1))
  })

  t.test('refuses when a file of an applied migration is gone', async (t) => {
    const access = await createTestDatabase(t)
    const folder = t.testdir({ '0001_core.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 1;\n' })
    await t.rejects(migrateDown(serverOf(access), { folder, count: 2 }), {
      name: 'MigrationError',
      message: new RegExp(String(ALL.at(-1))),
    })
  })
})

t.test('migrationStatus', async (t) => {
  t.test('lists what is applied with its time, pending, and missing among the files', async (t) => {
    const db = await connect(await createTestDatabase(t))
    t.teardown(() => db.close())
    const folder = t.testdir({
      '0001_core.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 1;\n',
      '0009_new.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 1;\n',
    })
    // An updated row moves to the end of the table: only ORDER BY still gives it first.
    await db.query("UPDATE public.pgmigrations SET run_on = run_on WHERE name = '0001_core'")
    const { applied, pending, missing } = await migrationStatus(db, folder)
    t.same(
      applied.map(({ name }) => name),
      ALL,
    )
    t.ok(applied.every(({ appliedAt }) => Math.abs(Date.now() - appliedAt.getTime()) < 3_600_000))
    t.same([pending, missing], [['0009_new'], ALL.slice(1)])
  })
})

t.test('migrating as a role that does not own the list', async (t) => {
  // First: what is made last is dropped first, and the role's rights are in the database.
  const { user, password } = await createRole(t)
  const access = await createTestDatabase(t)
  const server: ServerTarget = { ...serverOf(access), user, password: new Secret(password) }
  const pending = { '0009_new.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 1;\n' }

  t.test('is refused where it may not even read the list', async (t) => {
    await t.rejects(migrateUp(server), {
      name: 'QueryError',
      message: 'migrate: permission denied for table pgmigrations',
    })
  })

  t.test('is done when nothing is pending', async (t) => {
    const owner = await connect(access)
    t.teardown(() => owner.close())
    await owner.query(`GRANT SELECT ON public.pgmigrations TO ${user}`)
    t.same(await migrateUp(server), [])
    const db = await connect({ ...access, user, password, migrate: true })
    await db.close()
  })

  t.test('says what is missing when something is pending', async (t) => {
    await t.rejects(migrateUp(server, { folder: t.testdir(pending) }), {
      name: 'MigrationError',
      message:
        'migrate up: must be owner of table pgmigrations; the role must own public.pgmigrations, the list of what is applied',
    })
  })
})

t.test('the limits of a run', async (t) => {
  async function holdLock(access: DatabaseAccess): Promise<Client> {
    const holder = new Client({ ...access, application_name: 'deploy' })
    await holder.connect()
    await holder.query('SELECT pg_advisory_lock(7241865325823964)')
    return holder
  }

  t.test('bound the wait for another runner, and tell who it is', async (t) => {
    const access = await createTestDatabase(t, null)
    const holder = await holdLock(access)
    t.teardown(() => holder.end())
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid')
    await t.rejects(migrateUp(serverOf(access), { lockTimeoutMs: 50 }), {
      name: 'MigrationError',
      message: `another migration of this database runs (process ${rows[0].pid} of the server, application_name "deploy"), and did not end within 50 ms: try again later`,
    })
  })

  for (const lockTimeoutMs of [null, 10_000]) {
    t.test(`let it wait until the other is done (${lockTimeoutMs})`, async (t) => {
      const access = await createTestDatabase(t, null)
      const holder = await holdLock(access)
      const work = migrateUp(serverOf(access), { lockTimeoutMs })
      await until(async () => {
        const { rowCount } = await holder.query(
          "SELECT FROM pg_stat_activity WHERE application_name = 'ashlar migrate' AND datname = current_database() AND query LIKE '%try_advisory%'",
        )
        return rowCount === 1
      })
      await holder.end()
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

t.test('a connection that is lost', async (t) => {
  t.test('within a migration is a ConnectionError that names it', async (t) => {
    const access = await createTestDatabase(t, null)
    const folder = t.testdir({
      '0001_end.sql': '-- Up Migration\nSELECT pg_terminate_backend(pg_backend_pid());\n-- Down Migration\nSELECT 1;\n',
    })
    await t.rejects(migrateUp(serverOf(access), { folder }), {
      name: 'ConnectionError',
      message: '0001_end.sql (up): terminating connection due to administrator command',
    })
  })
})
