import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../../src/database.js'
import { migrateUp } from '../../src/migrate/runner.js'
import { ownSource } from '../../src/migrate/source.js'
import { stampMigrations, unstampMigrations } from '../../src/migrate/stamp.js'
import { checkMigrations, migrationHistory } from '../../src/migrate/status.js'
import { createTestDatabase } from '../fixtures/database.js'
import { makeFolder, migration, openClient, serverOf, type TestFolder } from './fixtures/migrations.js'

/** Makes a database with two migrations applied, and one pending. */
async function prepare(t: Test) {
  const access = await createTestDatabase(t, null)
  const folder = makeFolder(t, { '0001_a.sql': migration('CREATE TABLE a (id int);', 'DROP TABLE a;') })
  folder.write('0003_c.sql', migration('CREATE TABLE c (id int);', 'DROP TABLE c;'))
  await migrateUp(serverOf(access), folder)
  folder.write('0004_d.sql', migration('CREATE TABLE d (id int);', 'DROP TABLE d;'))
  const db = await connect({ ...access, pool: 'none' })
  t.teardown(() => db.close())
  return { access, server: serverOf(access), db, ...folder }
}

const edit = ({ write }: Pick<TestFolder, 'write'>): void =>
  write('0001_a.sql', migration('CREATE TABLE a (id bigint);'))
const namesOf = (steps: readonly { readonly name: string }[]) => steps.map(({ name }) => name)

t.test('stampMigrations', async (t) => {
  t.test('takes an edited text for the applied one, by its name alone', async (t) => {
    const { server, db, ...folder } = await prepare(t)
    edit(folder)
    for (const extent of [{ all: true }, { to: '0001_a' }, { to: '0004_d' }]) {
      await t.rejects(stampMigrations(server, extent, folder), { message: /^0001_a\.sql was edited/ })
    }
    t.same(namesOf(await stampMigrations(server, { names: ['0001_a'] }, folder)), ['0001_a'])
    t.match(await checkMigrations(db, folder.sources), [{ kind: 'pending', name: '0004_d' }])
    t.same(await stampMigrations(server, { names: ['0001_a'] }, folder), [], 'once')
  })

  t.test('records what is pending without running it, of several sources also by name', async (t) => {
    const { server, db, access, ...folder } = await prepare(t)
    folder.write('0002_b.sql', migration('CREATE TABLE b (id int);'))
    const sources = [ownSource, ...folder.sources]
    const named = await stampMigrations(server, { names: ['0004_d', 'project/0002_b.sql'] }, { sources })
    t.same(namesOf(named), ['0002_b', '0004_d'])
    t.same(await checkMigrations(db, folder.sources), [])
    const client = await openClient(t, access)
    t.same((await client.query("SELECT to_regclass('b') AS b, to_regclass('d') AS d")).rows, [{ b: null, d: null }])
    await t.rejects(stampMigrations(server, { to: '0009_x' }, folder), { name: 'ConfigError', field: 'to' })
    await t.rejects(stampMigrations(server, { names: ['0009_x'] }, folder), { name: 'ConfigError', field: 'names' })
  })

  t.test('does so for a database that was made in another way', async (t) => {
    const access = await createTestDatabase(t, null)
    const folder = makeFolder(t, { '0001_a.sql': migration('CREATE TABLE a (id int);') })
    const sources = [ownSource, ...folder.sources]
    t.same(namesOf(await stampMigrations(serverOf(access), { to: '0002_project_context' }, { sources })).length, 2)
    t.equal((await stampMigrations(serverOf(access), { all: true }, { sources })).at(-1)?.name, '0001_a')
    t.same(await migrateUp(serverOf(access), { sources }), [])
  })

  t.test('refuses what is renamed or missing, and records nothing', async (t) => {
    const { server, db, ...folder } = await prepare(t)
    renameSync(join(folder.folder, '0003_c.sql'), join(folder.folder, '0002_see.sql'))
    for (const extent of [{ names: ['0002_see', '0004_d'] }, { to: '0002_see' }, { all: true }]) {
      await t.rejects(stampMigrations(server, extent, folder), { message: /^0003_c was applied, and its file is now/ })
    }
    rmSync(join(folder.folder, '0002_see.sql'))
    for (const extent of [{ names: ['0003_c'] }, { to: '0004_d' }, { all: true }]) {
      await t.rejects(stampMigrations(server, extent, folder), { message: /^0003_c is applied, and there is no such/ })
    }
    t.equal((await migrationHistory(db, folder.sources)).length, 2)
    t.same(namesOf(await stampMigrations(server, { names: ['0004_d'] }, folder)), ['0004_d'], 'another by its name')
  })
})

t.test('unstampMigrations', async (t) => {
  t.test('forgets a migration with and without a file, runs nothing, and says so in the history', async (t) => {
    const { server, db, access, ...folder } = await prepare(t)
    rmSync(join(folder.folder, '0001_a.sql'))
    const names = ['0001_a', 'project/0003_c']
    t.same(
      (await unstampMigrations(server, { names }, folder)).map(({ name, direction }) => [name, direction]),
      [
        ['0001_a', 'down'],
        ['0003_c', 'down'],
      ],
    )
    t.match(await checkMigrations(db, folder.sources), [{ kind: 'pending', name: '0003_c' }, { kind: 'pending' }])
    const client = await openClient(t, access)
    t.match((await client.query("SELECT to_regclass('a') AS a, to_regclass('c') AS c")).rows, [{ a: 'a', c: 'c' }])
    t.match((await migrationHistory(db, folder.sources)).slice(2), [
      { name: '0001_a', direction: 'down', origin: 'stamp' },
      { name: '0003_c', direction: 'down', origin: 'stamp' },
    ])
    await t.rejects(unstampMigrations(server, { names }, folder), { name: 'ConfigError', field: 'names' })
  })

  t.test('forgets one that the ledger never knew', async (t) => {
    const { server, db, access, sources } = await prepare(t)
    const client = await openClient(t, access)
    await client.query("INSERT INTO app_migrations (name, run_on) VALUES ('0002_ghost', now())")
    t.match(await checkMigrations(db, sources), [{ kind: 'missing', name: '0002_ghost' }, { kind: 'pending' }])
    await unstampMigrations(server, { names: ['0002_ghost'] }, { sources })
    t.match(await checkMigrations(db, sources), [{ kind: 'pending', name: '0004_d' }])
  })
})
