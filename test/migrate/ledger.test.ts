import t from 'tap'
import type { ServerTarget } from '../../src/config.js'
import { connect } from '../../src/database.js'
import { migrationOverview } from '../../src/migrate/overview.js'
import { migrateDown, migrateUp } from '../../src/migrate/runner.js'
import { ownSource } from '../../src/migrate/source.js'
import { checkMigrations, migrationHistory, migrationStatus } from '../../src/migrate/status.js'
import { Secret } from '../../src/secret.js'
import { createTestDatabase } from '../fixtures/database.js'
import { createRole } from '../fixtures/role.js'
import { makeFolder, migration, npxMigrate, openClient, serverOf } from './fixtures/migrations.js'

t.test('migrationStatus', async (t) => {
  t.test('lists what is applied with its time, pending, and missing among the files', async (t) => {
    const db = await connect(await createTestDatabase(t))
    t.teardown(() => db.close())
    const { folder } = makeFolder(t, {
      '0001_core.sql': migration('SELECT 1;'),
      '0099_new.sql': migration('SELECT 1;'),
    })
    // An updated row moves to the end of the table: only ORDER BY still gives it first.
    await db.query("UPDATE public.pgmigrations SET run_on = run_on WHERE name = '0001_core'")
    const all = (await migrationStatus(db)).applied
    const { applied, pending, missing } = await migrationStatus(db, [{ ...ownSource, folder }])
    t.same(applied, all)
    t.equal(applied[0]?.name, '0001_core')
    t.ok(applied.every(({ appliedAt }) => Math.abs(Date.now() - appliedAt.getTime()) < 3_600_000))
    t.same(pending, [{ source: 'ashlar', name: '0099_new' }])
    t.same(
      missing,
      all.slice(1).map(({ name }) => ({ source: 'ashlar', name })),
    )
  })
})

t.test('migrationHistory', async (t) => {
  t.test('tells who applied and reverted what, when, and for how long', async (t) => {
    const access = await createTestDatabase(t, null)
    const { sources } = makeFolder(t, { '0001_a.sql': migration('SELECT pg_sleep(0.02);') })
    await migrateUp(serverOf(access), { sources })
    await migrateDown(serverOf(access), { sources })
    const db = await connect({ ...access, pool: 'none' })
    t.teardown(() => db.close())
    const [up, down, ...more] = await migrationHistory(db, sources)
    t.match(up, {
      source: 'project',
      name: '0001_a',
      direction: 'up',
      origin: 'run',
      checksum: /^[0-9a-f]{64}$/,
      recordedAt: Date,
      ashlarVersion: /^\d+\.\d+\.\d+/,
      roleName: access.user,
      applicationName: 'ashlar migrate',
    })
    t.ok(Number(up?.durationMs) >= 20)
    t.match(down, { direction: 'down', origin: 'run', checksum: up?.checksum })
    t.same(more, [])
    t.same(await migrationHistory(db, [ownSource]), [])
  })
})

t.test('what another program applies and reverts', async (t) => {
  const access = await createTestDatabase(t, null)
  const { folder, sources, write } = makeFolder(t, { '0001_a.sql': migration('SELECT 1;') })
  const npx = (...args: string[]) => npxMigrate(access, ...args, '-m', folder, '-t', 'app_migrations')
  const db = await connect({ ...access, pool: { min: 0, max: 2 } })
  t.teardown(() => db.close())
  const events = async () =>
    (await migrationHistory(db, sources)).map(({ direction, origin }) => `${direction} ${origin}`)

  t.test('is adopted by up, once, and not by looking', async (t) => {
    t.equal(npx('up'), 0)
    t.same([await checkMigrations(db, sources), await events()], [[], []])
    t.same(await migrateUp(serverOf(access), { sources }), [])
    t.same(await migrateUp(serverOf(access), { sources }), [])
    t.same(await events(), ['up adopt'])
  })

  t.test('is watched for edits from then on', async (t) => {
    write('0001_a.sql', migration('SELECT 2;'))
    t.match(await checkMigrations(db, sources), [{ kind: 'edited', name: '0001_a' }])
  })

  t.test('may be reverted and applied again with another text', async (t) => {
    t.equal(npx('down'), 0)
    t.same(await checkMigrations(db, sources).then(([problem]) => problem?.kind), 'pending')
    t.equal(npx('up'), 0)
    t.same(await checkMigrations(db, sources), [], 'the row is another one')
    await migrateUp(serverOf(access), { sources })
    t.same(await events(), ['up adopt', 'up adopt'])
  })

  t.test('is adopted when it was only reverted, before the next one is applied', async (t) => {
    t.equal(npx('down'), 0)
    t.match(await migrateUp(serverOf(access), { sources }), [{ name: '0001_a' }])
    t.same((await events()).slice(2), ['down adopt', 'up run'])
  })
})

t.test('what another program applied again', async (t) => {
  t.test('is told as unknown, and not by what the ledger has of before', async (t) => {
    const access = await createTestDatabase(t, null)
    const { folder, sources, write } = makeFolder(t, { '0001_a.sql': migration('SELECT 1;') })
    await migrateUp(serverOf(access), { sources })
    t.equal(npxMigrate(access, 'down', '-m', folder, '-t', 'app_migrations'), 0)
    write('0001_a.sql', migration('SELECT 2;'))
    t.equal(npxMigrate(access, 'up', '-m', folder, '-t', 'app_migrations'), 0)
    const db = await connect({ ...access, pool: 'none' })
    t.teardown(() => db.close())
    const { applied } = await migrationOverview(db, sources)
    t.match(applied, [{ name: '0001_a', file: 'unknown', roleName: null, durationMs: null, ashlarVersion: null }])
  })
})

t.test('a clock that is set back', async (t) => {
  t.test('has down revert the latest all the same, by either runner', async (t) => {
    for (const isPlain of [false, true]) {
      const access = await createTestDatabase(t, null)
      const { folder, sources, write } = makeFolder(t, { '0001_a.sql': migration('SELECT 1;') })
      await migrateUp(serverOf(access), { sources })
      const client = await openClient(t, access)
      // As when summer time ends: run_on is without time zone.
      await client.query(`ALTER DATABASE ${access.database} SET timezone TO 'Etc/GMT+12'`)
      write('0002_b.sql', migration('SELECT 1;'))
      if (isPlain) {
        await migrateUp(serverOf(access), { sources })
        t.equal(npxMigrate(access, 'down', '-m', folder, '-t', 'app_migrations'), 0)
      } else {
        t.equal(npxMigrate(access, 'up', '-m', folder, '-t', 'app_migrations'), 0)
        t.match(await migrateDown(serverOf(access), { sources }), [{ name: '0002_b' }])
      }
      const { rows } = await client.query('SELECT name FROM public.app_migrations')
      t.same(rows, [{ name: '0001_a' }])
    }
  })
})

t.test('the ledger', async (t) => {
  t.test('is of the house style: named constraints, comments, and open to all readers', async (t) => {
    const client = await openClient(t, await createTestDatabase(t))
    const { rows } = await client.query(`SELECT conname FROM pg_constraint
      WHERE conrelid = 'ashlar_ledger.migration_event'::regclass AND contype <> 'n' ORDER BY conname COLLATE "C"`)
    t.same(
      rows.map(({ conname }) => conname),
      ['checksum_form', 'direction_check', 'duration_ms_range', 'listed_at_direction', 'origin_check', 'pkey'].map(
        (name) => `migration_event_${name}`,
      ),
    )
    await t.rejects(
      client.query(
        "INSERT INTO ashlar_ledger.migration_event (list_name, name, direction, origin, checksum, ashlar_version) VALUES ('a', 'a', 'up', 'run', 'a', '1')",
      ),
      /violates check constraint "migration_event_/,
    )
  })
})

t.test('a role that does not own the lists', async (t) => {
  // First: what is made last is dropped first, and the role's rights are in the database.
  const { user, password } = await createRole(t)
  const access = await createTestDatabase(t)
  const server: ServerTarget = { ...serverOf(access), user, password: new Secret(password) }
  const { folder } = makeFolder(t)
  const owner = await openClient(t, access)

  t.test('is refused where it may not even read the list', async (t) => {
    await t.rejects(migrateUp(server), {
      name: 'QueryError',
      message: 'migrate: permission denied for table pgmigrations',
    })
  })

  t.test('may start and look when nothing is pending, be it with or without the ledger', async (t) => {
    await owner.query(`GRANT SELECT ON public.pgmigrations TO ${user}`)
    t.same(await migrateUp(server), [])
    const db = await connect({ ...access, user, password, migrate: true })
    t.teardown(() => db.close())
    t.same([await checkMigrations(db), (await migrationHistory(db)).length > 10], [[], true])
    await owner.query('REVOKE ALL ON SCHEMA ashlar_ledger FROM PUBLIC')
    t.same([await migrateUp(server), await migrationHistory(db)], [[], []])
    const unreadable = await checkMigrations(db)
    t.match(unreadable, [{ kind: 'unreadable', message: /^the role may not read ashlar_ledger\.migration_event/ }])
    const [, grants = ''] = /`(.*)`/.exec(unreadable[0]?.advice ?? '') ?? []
    await owner.query(grants)
    t.same(await checkMigrations(db), [], 'after the statements of the advice')
    await owner.query('DROP SCHEMA ashlar_ledger CASCADE')
    t.same([await migrateUp(server), await checkMigrations(db), await migrationHistory(db)], [[], [], []])
  })

  t.test('is told what is missing when something is pending', async (t) => {
    const other = makeFolder(t, { '0001_new.sql': migration('SELECT 1;') })
    await t.rejects(migrateUp(server, other), {
      name: 'MigrationError',
      message:
        'the role may not create schema ashlar_ledger, which keeps the history of migrations: grant it CREATE on the database',
    })
    t.ok(folder)
    await owner.query('CREATE SCHEMA ashlar_ledger')
    await t.rejects(migrateUp(server, other), {
      message:
        'the role may not create ashlar_ledger.migration_event, the history of migrations: grant it USAGE and CREATE on schema ashlar_ledger',
    })
    t.match(await migrateUp(serverOf(access), other), [{ name: '0001_new' }], 'the owner may')
    other.write('0002_new.sql', migration('SELECT 1;'))
    await owner.query(`GRANT SELECT ON public.app_migrations TO ${user}`)
    await t.rejects(migrateUp(server, other), {
      name: 'MigrationError',
      message:
        'the role may not write to ashlar_ledger.migration_event, the history of migrations: migrate as its owner',
    })
    await owner.query(`GRANT INSERT ON ashlar_ledger.migration_event TO ${user}`)
    await t.rejects(migrateUp(server, other), {
      message:
        '0002_new.sql (up): permission denied for table app_migrations (migrate as the role that owns what the migrations made); nothing of this run was kept',
    })
  })
})
