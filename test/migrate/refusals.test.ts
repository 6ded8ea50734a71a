import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../../src/database.js'
import { migrateDown, migrateUp } from '../../src/migrate/runner.js'
import { checkMigrations, migrationStatus } from '../../src/migrate/status.js'
import { createTestDatabase } from '../fixtures/database.js'
import { makeFolder, migration, serverOf, type TestFolder } from './fixtures/migrations.js'

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

const edit = ({ write }: TestFolder): void => write('0001_a.sql', migration('CREATE TABLE a (id bigint);'))

const cases: readonly [string, (folder: TestFolder) => void, Record<string, string>][] = [
  [
    'edited',
    edit,
    {
      name: '0001_a',
      message: '0001_a.sql was edited after it was applied',
      advice:
        'undo the edit and write a new migration or, if the database is as the file says, `ashlar migrate stamp project/0001_a`',
    },
  ],
  [
    'missing',
    ({ folder }) => rmSync(join(folder, '0003_c.sql')),
    {
      name: '0003_c',
      message: '0003_c is applied, and there is no such file',
      advice:
        'bring 0003_c.sql back from version control, update to the version that applied it or, if it is gone for good, `ashlar migrate unstamp project/0003_c`, which forgets it and reverts nothing',
    },
  ],
  [
    'renamed',
    ({ folder }) => renameSync(join(folder, '0003_c.sql'), join(folder, '0002_see.sql')),
    {
      name: '0003_c',
      newName: '0002_see',
      message: '0003_c was applied, and its file is now named 0002_see.sql',
      advice:
        'name it 0003_c again or, if the new name is meant, `ashlar migrate unstamp project/0003_c` and then `ashlar migrate stamp project/0002_see`',
    },
  ],
  [
    'out-of-order',
    ({ write }) => write('0002_b.sql', migration('SELECT 1;')),
    {
      name: '0002_b',
      message: '0002_b.sql is not applied, and comes before 0003_c, which is',
      advice: 'give it a number after 0003_c',
    },
  ],
]

for (const [kind, change, told] of cases) {
  t.test(`what is ${kind}`, async (t) => {
    const { server, db, access, ...folder } = await prepare(t)
    change(folder)

    t.test('is refused by name, and nothing is run', async (t) => {
      await t.rejects(migrateUp(server, folder), {
        name: 'MigrationError',
        file: `${told.name}.sql`,
        message: `${told.message}: ${told.advice}; nothing was run`,
      })
      t.equal((await migrationStatus(db, folder.sources)).applied.length, 2)
      await t.rejects(migrateUp(server, { ...folder, acceptsNewer: true }), { name: 'MigrationError' })
    })

    t.test('is a problem beside what is pending', async (t) => {
      const problems = await checkMigrations(db, folder.sources)
      t.same(problems[0], { kind, source: 'project', ...told })
      t.ok(problems.some((problem) => problem.kind === 'pending' && problem.name === '0004_d'))
      t.equal(problems.length, 2, 'each once')
    })
  })
}

t.test('several problems are told at once', async (t) => {
  const { server, ...folder } = await prepare(t)
  edit(folder)
  rmSync(join(folder.folder, '0003_c.sql'))
  await t.rejects(migrateUp(server, folder), {
    message: /^2 problems, and nothing was run:\n {2}0001_a\.sql was edited.*\n {2}0003_c is applied/,
  })
})

t.test('line ends are no edit', async (t) => {
  const { server, write, sources } = await prepare(t)
  write('0001_a.sql', migration('CREATE TABLE a (id int);', 'DROP TABLE a;').replaceAll('\n', '\r\n'))
  t.match(await migrateUp(server, { sources }), [{ name: '0004_d' }])
})

t.test('a database of a newer version', async (t) => {
  t.test('is taken as it is by a program that starts, and by no other', async (t) => {
    const { server, folder, sources } = await prepare(t)
    for (const name of ['0003_c', '0004_d']) rmSync(join(folder, `${name}.sql`))
    t.same(await migrateUp(server, { sources, acceptsNewer: true }), [])
    await t.rejects(migrateUp(server, { sources }), { message: /^0003_c is applied, and there is no such file/ })
  })

  t.test('is none when something is pending, or what is missing is older', async (t) => {
    const missing = { message: /is applied, and there is no such file/ }
    const pending = await prepare(t)
    rmSync(join(pending.folder, '0003_c.sql'))
    pending.write('0002_b.sql', migration('SELECT 1;'))
    rmSync(join(pending.folder, '0004_d.sql'))
    await t.rejects(migrateUp(pending.server, { sources: pending.sources, acceptsNewer: true }), missing)
    const older = await prepare(t)
    for (const name of ['0001_a', '0004_d']) rmSync(join(older.folder, `${name}.sql`))
    await t.rejects(migrateUp(older.server, { sources: older.sources, acceptsNewer: true }), missing)
  })
})

t.test('migrateDown', async (t) => {
  t.test('refuses what was edited or is missing among what it reverts, and no other', async (t) => {
    const { server, folder, write, sources } = await prepare(t)
    edit({ folder, write, sources } as TestFolder)
    t.match(await migrateDown(server, { sources }), [{ name: '0003_c', direction: 'down' }])
    await t.rejects(migrateDown(server, { sources }), { name: 'MigrationError', file: '0001_a.sql' })
    rmSync(join(folder, '0001_a.sql'))
    await t.rejects(migrateDown(server, { sources }), { name: 'MigrationError', message: /^0001_a is applied/ })
  })
})
