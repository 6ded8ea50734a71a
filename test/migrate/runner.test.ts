import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { ServerTarget } from '../../src/config.js'
import { connect } from '../../src/database.js'
import { migrateDown, migrateUp } from '../../src/migrate/runner.js'
import { migrationStatus } from '../../src/migrate/status.js'
import { createTestDatabase, type DatabaseAccess } from '../fixtures/database.js'
import { startDebianServer } from '../fixtures/debian-server.js'
import { describeSchema } from '../fixtures/describe-schema.js'
import { target } from '../fixtures/template.js'

const ALL = ['0001_core', '0002_project_context']

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
    t.equal(npxMigrate(byAshlar, 'down', '2'), 0)
    t.same(await migrateUp(serverOf(byAshlar)), ALL)
    t.same(await schemaOf(byAshlar), schema)
  })

  t.test('yields the same after down and up', async (t) => {
    const access = await createTestDatabase(t)
    const schema = await schemaOf(access)
    t.same(await migrateDown(serverOf(access), { count: 2 }), ALL.toReversed())
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
    await migrateDown(server, { count: 2 })
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
    t.same(await migrateDown(serverOf(await createTestDatabase(t))), ['0002_project_context'])
  })

  t.test('refuses when a file of an applied migration is gone', async (t) => {
    const access = await createTestDatabase(t)
    const folder = t.testdir({ '0001_core.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 1;\n' })
    await t.rejects(migrateDown(serverOf(access), { folder, count: 2 }), {
      name: 'MigrationError',
      message: /0002_project_context/,
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
    t.same([pending, missing], [['0009_new'], ['0002_project_context']])
  })
})
