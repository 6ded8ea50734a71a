import { readdirSync } from 'node:fs'
import t from 'tap'
import type { ServerTarget } from '../../src/config.js'
import { connect } from '../../src/database.js'
import { ownMigrations } from '../../src/migrate/files.js'
import type { MigrationStep } from '../../src/migrate/options.js'
import { migrateDown, migrateUp } from '../../src/migrate/runner.js'
import { migrationStatus } from '../../src/migrate/status.js'
import { createTestDatabase } from '../fixtures/database.js'
import { startDebianServer } from '../fixtures/debian-server.js'
import { describeSchema } from '../fixtures/describe-schema.js'
import { makeFolder, migration, npxMigrate, openClient, serverOf, step } from './fixtures/migrations.js'

const ALL = readdirSync(ownMigrations)
  .map((file) => file.replace(/\.sql$/, ''))
  .sort()

async function namesOf(steps: Promise<readonly MigrationStep[]>): Promise<string[]> {
  return (await steps).map(({ name }) => name)
}

async function schemaOf(access: Parameters<typeof connect>[0]): Promise<string[]> {
  const db = await connect(access)
  try {
    return await describeSchema(db)
  } finally {
    await db.close()
  }
}

t.test('migrateUp', async (t) => {
  t.test('yields the same schema as node-pg-migrate alone, and either can follow the other', async (t) => {
    const [byAshlar, byNpx] = [await createTestDatabase(t, null), await createTestDatabase(t, null)]
    t.same(await namesOf(migrateUp(serverOf(byAshlar))), ALL)
    t.equal(npxMigrate(byNpx, 'up'), 0)
    const schema = await schemaOf(byAshlar)
    t.ok(schema.length > 50)
    t.same(await schemaOf(byNpx), schema)
    t.equal(npxMigrate(byAshlar, 'up'), 0, 'npx finds nothing to do')
    t.same(await namesOf(migrateUp(serverOf(byNpx))), [], 'ashlar finds nothing to do')
    t.equal(npxMigrate(byAshlar, 'down', String(ALL.length)), 0)
    t.same(await namesOf(migrateUp(serverOf(byAshlar))), ALL)
    t.same(await schemaOf(byAshlar), schema)
  })

  t.test('yields the same after down and up', async (t) => {
    const access = await createTestDatabase(t)
    const schema = await schemaOf(access)
    t.same(await namesOf(migrateDown(serverOf(access), { count: ALL.length })), ALL.toReversed())
    t.same(await schemaOf(access), [], 'nothing is left')
    t.same(await namesOf(migrateUp(serverOf(access))), ALL)
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

  t.test('applies each once when several run at once', async (t) => {
    const access = await createTestDatabase(t, null)
    const runs = await Promise.all([1, 2, 3, 4].map(() => namesOf(migrateUp(serverOf(access)))))
    t.same(runs.flat(), ALL)
  })

  t.test('keeps nothing when a file fails, names its line, and works when it is mended', async (t) => {
    const access = await createTestDatabase(t, null)
    const { sources, write } = makeFolder(t, { '0001_good.sql': migration('CREATE TABLE a (id int);') })
    write('0002_bad.sql', migration('-- why\nSELECT 1;\n\nCREATE TABLE a (id int);'))
    await t.rejects(migrateUp(serverOf(access), { sources }), {
      name: 'MigrationError',
      code: 'ASHLAR_MIGRATION',
      file: '0002_bad.sql',
      line: 5,
      message: '0002_bad.sql:5 (up): relation "a" already exists; nothing of this run was kept',
    })
    write('0002_bad.sql', migration('SELECT\n  b\nFROM a;'))
    await t.rejects(migrateUp(serverOf(access), { sources }), {
      line: 3,
      message: /^0002_bad\.sql:3 \(up\): column "b"/,
    })
    const db = await connect(access)
    t.teardown(() => db.close())
    const pending = ['0001_good', '0002_bad'].map((name) => ({ source: 'project', name }))
    t.same(await migrationStatus(db, sources), { applied: [], pending, missing: [] })
    write('0002_bad.sql', migration('CREATE TABLE b (id int);'))
    t.same(await namesOf(migrateUp(serverOf(access), { sources })), ['0001_good', '0002_bad'])
  })

  t.test('begins each with the same settings, whatever another of the run has set', async (t) => {
    const access = await createTestDatabase(t, null)
    const { sources } = makeFolder(t, {
      '0001_a.sql': migration('CREATE SCHEMA x;\nSET search_path TO x;'),
      '0002_b.sql': migration("CREATE TABLE b (id int);\nSELECT set_config('search_path', 'x', FALSE);"),
      '0003_c.mjs': step(['CREATE TABLE c (id int)', 'SET search_path TO x']),
      '0004_d.sql': migration('CREATE TABLE d (id int);'),
    })
    await migrateUp(serverOf(access), { sources })
    const client = await openClient(t, access)
    const { rows } = await client.query(
      "SELECT relnamespace::regnamespace::text AS s FROM pg_class WHERE relname IN ('b', 'c', 'd')",
    )
    t.same(rows, [{ s: 'public' }, { s: 'public' }, { s: 'public' }])
  })

  t.test('names the migration whose deferred constraint fails at COMMIT', async (t) => {
    const access = await createTestDatabase(t, null)
    const deferred =
      'CREATE TABLE a (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO a VALUES (1), (1);'
    const { sources } = makeFolder(t, { '0001_a.sql': migration(deferred) })
    await t.rejects(migrateUp(serverOf(access), { sources }), {
      name: 'MigrationError',
      message: /^migrate: at COMMIT: duplicate key value .*; nothing of this run was kept$/,
    })
  })

  t.test('says where a new value of an enum has to be added', async (t) => {
    const access = await createTestDatabase(t, null)
    const enums = "CREATE TYPE e AS ENUM ('a');\nCREATE TABLE b (e e);"
    const { sources, write } = makeFolder(t, { '0001_a.sql': migration(enums) })
    await migrateUp(serverOf(access), { sources })
    write('0002_b.sql', migration("ALTER TYPE e ADD VALUE 'b';\nINSERT INTO b VALUES ('b');"))
    await t.rejects(migrateUp(serverOf(access), { sources }), {
      message: /^0002_b\.sql:3 \(up\): unsafe use of new value .*\(write ALTER TYPE \.\.\. ADD VALUE in a step/,
    })
  })

  t.test('refuses a malformed file before it connects', async (t) => {
    const { sources } = makeFolder(t, { '0001_a.sql': '-- Up Migration\nSELECT 1;\n' })
    const nowhere: ServerTarget = {
      host: '127.0.0.1',
      port: 1,
      user: 'a',
      password: null,
      database: 'a',
      tls: 'disable',
    }
    await t.rejects(migrateUp(nowhere, { sources }), { name: 'MigrationError', file: '0001_a.sql' })
    await t.rejects(migrateUp(nowhere), { name: 'ConnectionError', message: /^migrate: connect ECONNREFUSED/ })
  })

  t.test('refuses what is wrong with any pending file before it runs one', async (t) => {
    const access = await createTestDatabase(t, null)
    const { sources, write } = makeFolder(t, { '0001_a.sql': migration('CREATE TABLE a (id int);') })
    write('0002_b.sql', migration('COMMIT;'))
    await t.rejects(migrateUp(serverOf(access), { sources, count: 1 }), {
      name: 'MigrationError',
      file: '0002_b.sql',
      line: 2,
    })
    const client = await openClient(t, access)
    t.same((await client.query("SELECT to_regclass('a') AS a, to_regnamespace('ashlar_ledger') AS b")).rows, [
      { a: null, b: null },
    ])
  })

  t.test('takes no notice of the limits that the role has', async (t) => {
    const access = await createTestDatabase(t, null)
    const client = await openClient(t, access)
    for (const name of ['statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout'])
      await client.query(`ALTER DATABASE ${access.database} SET ${name} = 20`)
    const { sources } = makeFolder(t, { '0001_a.sql': migration('SELECT pg_sleep(0.1);') })
    t.same(await namesOf(migrateUp(serverOf(access), { sources })), ['0001_a'])
  })
})

t.test('migrateDown', async (t) => {
  t.test('reverts the latest unless told otherwise', async (t) => {
    t.same(await namesOf(migrateDown(serverOf(await createTestDatabase(t)))), ALL.slice(-1))
  })
})

t.test('a connection that is lost', async (t) => {
  t.test('within a migration is a ConnectionError that names it', async (t) => {
    const access = await createTestDatabase(t, null)
    const { sources } = makeFolder(t, { '0001_end.sql': migration('SELECT pg_terminate_backend(pg_backend_pid());') })
    await t.rejects(migrateUp(serverOf(access), { sources }), {
      name: 'ConnectionError',
      message: '0001_end.sql:2 (up): terminating connection due to administrator command',
    })
  })
})
