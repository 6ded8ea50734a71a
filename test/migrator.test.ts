import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../src/database.js'
import { ConfigError, MigrationError } from '../src/errors.js'
import { createMigrator, type MigratorOptions } from '../src/migrator.js'
import { createTestDatabase } from './fixtures/database.js'

const table = (name: string) => `-- Up Migration
CREATE TABLE ${name} (id integer);
-- Down Migration
DROP TABLE ${name};
`

function shop(t: Test): string {
  return t.testdir({ migrations: { '0001_item.sql': table('item'), '0002_gift.sql': table('gift') } })
}

const namesOf = (moves: readonly { readonly name: string }[]) => moves.map(({ name }) => name)

t.test('createMigrator', async (t) => {
  t.test('applies, reverts, plans and records the migrations of a project, and tells where it stands', async (t) => {
    const told: string[] = []
    const onMigration: MigratorOptions['onMigration'] = (name, { direction }) => told.push(`${direction} ${name}`)
    const migrator = createMigrator({ ...(await createTestDatabase(t)), project: shop(t), onMigration })
    t.match(await migrator.check(), [
      { kind: 'pending', source: 'project', name: '0001_item' },
      { kind: 'pending', source: 'project', name: '0002_gift' },
    ])
    t.match(await migrator.plan('up', { count: 1 }), [
      { name: '0001_item', direction: 'up', isTransaction: true, sql: 'CREATE TABLE item (id integer);' },
    ])
    t.same(namesOf(await migrator.up({ to: '0001_item' })), ['0001_item'])
    t.same(namesOf(await migrator.up()), ['0002_gift'])
    t.same(namesOf(await migrator.down()), ['0002_gift'])
    t.same(namesOf(await migrator.redo()), ['0001_item', '0001_item'])
    t.same(namesOf(await migrator.stamp({ all: true })), ['0002_gift'])
    t.same(told.slice(0, 3), ['up 0001_item', 'up 0002_gift', 'down 0002_gift'])
    t.same(await migrator.check(), [])
    const { applied, pending, problems } = await migrator.status()
    t.match(applied.slice(-2), [
      { source: 'project', name: '0001_item', file: 'same', durationMs: Number },
      { source: 'project', name: '0002_gift', file: 'same', roleName: null, durationMs: null },
    ])
    t.same([pending, problems], [[], []])
    t.same(
      (await migrator.history()).slice(-6).map(({ name, direction, origin }) => [name, direction, origin]),
      [
        ['0001_item', 'up', 'run'],
        ['0002_gift', 'up', 'run'],
        ['0002_gift', 'down', 'run'],
        ['0001_item', 'down', 'run'],
        ['0001_item', 'up', 'run'],
        ['0002_gift', 'up', 'stamp'],
      ],
    )
  })

  t.test('leaves no connection behind, also when it fails', async (t) => {
    const access = await createTestDatabase(t)
    const project = shop(t)
    writeFileSync(join(project, 'migrations/0003_wrong.sql'), table('item').replace('integer', 'nonsense'))
    const migrator = createMigrator({ ...access, project })
    await t.rejects(migrator.up(), { name: MigrationError.name, file: '0003_wrong.sql', line: 2 })
    await migrator.status()
    const db = await connect({ ...access, pool: { min: 0, max: 1 } })
    const others = await db.query<{ count: number }>(
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND backend_type = 'client backend'`,
    )
    t.same(others, [{ count: 0 }])
    await db.close()
  })

  t.test('refuses what it cannot use, before it connects', async (t) => {
    const url = 'postgres://ada@127.0.0.1:1/shop'
    const refused: readonly (readonly [string, object])[] = [
      ['project', { project: '/nowhere' }],
      ['lockTimeoutMs', { lockTimeoutMs: 0 }],
      ['lockRetryMs', { lockRetryMs: 1.5 }],
      ['statementLockTimeoutMs', { statementLockTimeoutMs: null }],
      ['onMigration', { onMigration: 'log' }],
      ['option lockTimeout', { lockTimeout: 5 }],
    ]
    for (const [field, options] of refused) {
      t.throws(() => createMigrator({ url, ...options }), { name: ConfigError.name, field })
    }
    for (const extent of [undefined, {}, { names: [] }, { all: false }, { to: '0001_core', all: true }]) {
      const stamped = createMigrator(url).stamp(extent as { all: true })
      await t.rejects(stamped, { name: ConfigError.name, field: 'names' }, JSON.stringify(extent))
    }
    t.throws(() => createMigrator('mysql://h/shop'), ConfigError)
    await t.rejects(createMigrator('embedded:temp').status(), { name: ConfigError.name, field: 'url' })
  })
})

t.test('connect, with a project', async (t) => {
  t.test('migrates it behind ashlar, and its health counts what of it is pending', async (t) => {
    const access = await createTestDatabase(t)
    const project = shop(t)
    const options = { ...access, project, pool: { min: 0, max: 2 } }
    const db = await connect({ ...options, migrate: true })
    t.same(await db.query('SELECT id FROM gift'), [])
    writeFileSync(join(project, 'migrations/0003_later.sql'), table('later'))
    const { checks } = await db.health()
    t.match(
      checks.find(({ name }) => name === 'migrations'),
      { ok: false, reason: /^1 migrations are pending/, details: { pending: 1, unknown: 0 } },
    )
    await db.close()
  })

  t.test('refuses a folder without migrations', async (t) => {
    await t.rejects(connect({ url: 'postgres://ada@127.0.0.1:1/shop', project: t.testdir({}) }), {
      name: ConfigError.name,
      field: 'project',
      limit: 'the folder of an application, with migrations/ in it',
    })
  })
})
