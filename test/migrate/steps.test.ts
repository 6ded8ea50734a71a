import t, { type Test } from 'tap'
import { connect } from '../../src/database.js'
import { migrateDown, migrateUp, planMigration } from '../../src/migrate/runner.js'
import { migrationHistory, migrationStatus } from '../../src/migrate/status.js'
import { createTestDatabase, type DatabaseAccess } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'
import { makeFolder, migration, npxMigrate, openClient, serverOf, step } from './fixtures/migrations.js'

const CREATE = 'CREATE UNIQUE INDEX CONCURRENTLY a_id_key ON public.a (id)'
const REBUILD = ['DROP INDEX CONCURRENTLY IF EXISTS public.a_id_key', CREATE]

/** Makes a folder whose step stands between two files. */
async function prepare(t: Test, up: readonly string[] = REBUILD, rows = '(1), (2)') {
  const access = await createTestDatabase(t, null)
  const folder = makeFolder(t, {
    '0001_a.sql': migration(`CREATE TABLE a (id int);\nINSERT INTO a VALUES ${rows};`, 'DROP TABLE a;'),
    '0002_index.mjs': step(up, ['DROP INDEX CONCURRENTLY IF EXISTS public.a_id_key']),
    '0003_b.sql': migration('CREATE TABLE b (id int);', 'DROP TABLE b;'),
  })
  const client = await openClient(t, access)
  const indexes = async () =>
    (await client.query("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('a_id_key')")).rows.map(
      ({ indisvalid }) => indisvalid,
    )
  return { access, server: serverOf(access), ...folder, client, indexes }
}

async function applied(access: DatabaseAccess, { sources }: Pick<ReturnType<typeof makeFolder>, 'sources'>) {
  const db = await connect({ ...access, pool: 'none' })
  try {
    return (await migrationStatus(db, sources)).applied.map(({ name }) => name)
  } finally {
    await db.close()
  }
}

t.test('a step without a transaction', async (t) => {
  t.test('is applied and reverted between files, by either runner after the other', async (t) => {
    const { access, server, folder, sources, indexes } = await prepare(t)
    const npx = (...args: string[]) => npxMigrate(access, ...args, '-m', folder, '-t', 'app_migrations')
    t.match(await migrateUp(server, { sources }), [{ name: '0001_a' }, { name: '0002_index' }, { name: '0003_b' }])
    t.same(await indexes(), [true])
    t.equal(npx('down', '2'), 0)
    t.same([await applied(access, { sources }), await indexes()], [['0001_a'], []])
    t.equal(npx('up'), 0)
    t.same(await indexes(), [true])
    t.match(await migrateDown(server, { sources, count: 2 }), [{ name: '0003_b' }, { name: '0002_index' }])
    t.same(await indexes(), [])
  })

  t.test('is planned with the SQL that it gives', async (t) => {
    const { server, sources } = await prepare(t)
    const [, planned] = await planMigration(server, 'up', { sources })
    t.equal(planned?.sql, `${REBUILD[0]};\n\n${REBUILD[1]};`)
  })

  for (const [what, up] of [
    ['that drops what is left', REBUILD],
    ['that does not', [CREATE]],
    ['that would take what is left', [CREATE.replace('CONCURRENTLY', 'CONCURRENTLY IF NOT EXISTS')]],
  ] as const) {
    t.test(`keeps what came before it when it fails, and is resumed by a rerun ${what}`, async (t) => {
      const { access, server, sources, client, indexes } = await prepare(t, up, '(1), (1)')
      await t.rejects(migrateUp(server, { sources }), {
        name: 'MigrationError',
        file: '0002_index.mjs',
        line: up === REBUILD ? 4 : 3,
        message:
          up === REBUILD
            ? '0002_index.mjs:4 (up): could not create unique index "a_id_key" (rows are equal: mend what `SELECT "id", count(*) FROM "public"."a" WHERE ("id") IS NOT NULL GROUP BY "id" HAVING count(*) > 1` finds); kept of this run: 0001_a, the first statement of this step, the index public.a_id_key, which is invalid, and which the next run drops; a step runs outside a transaction, and the next run begins with it again'
            : /kept of this run: 0001_a, the index public\.a_id_key, which is invalid, and which the next run drops; /,
      })
      t.same([await applied(access, { sources }), await indexes()], [['0001_a'], [false]])
      await client.query('DELETE FROM a WHERE ctid = (SELECT max(ctid) FROM a)')
      const notices: string[] = []
      const onNotice = (text: string): void => void notices.push(text)
      t.match(await migrateUp(server, { sources, onNotice }), [{ name: '0002_index' }, { name: '0003_b' }])
      t.same(await indexes(), [true])
      const told = '0002_index.mjs: dropped index public.a_id_key, which a failure had left invalid'
      t.same(notices, up === REBUILD ? [] : [told])
    })
  }

  t.test('says what to do when a rerun finds what an earlier attempt has made', async (t) => {
    const plain = 'CREATE INDEX CONCURRENTLY a_idx ON public.a (id)'
    const { server, sources } = await prepare(t, [plain, CREATE], '(1), (1)')
    await t.rejects(migrateUp(server, { sources }), { message: /could not create unique index/ })
    await t.rejects(migrateUp(server, { sources }), {
      message: /: relation "a_idx" already exists \(by an earlier attempt\? Drop it if so, and write DROP INDEX/,
    })
  })

  t.test('that keeps all others waiting gives up like a file', async (t) => {
    for (const sql of ['VACUUM FULL a', 'VACUUM (ANALYZE, FULL) a', 'CLUSTER']) {
      const { server, sources, client } = await prepare(t, [sql])
      await migrateUp(server, { sources, count: 1 })
      if (sql === 'CLUSTER') await client.query('ALTER TABLE a ADD PRIMARY KEY (id); CLUSTER a USING a_pkey')
      await client.query('BEGIN; SELECT FROM a')
      await t.rejects(migrateUp(server, { sources, statementLockTimeoutMs: 20, lockRetryMs: 30 }), {
        message: /^0002_index\.mjs:3 \(up\): no lock within 20 ms in 1 attempts/,
      })
      await client.query('COMMIT')
    }
  })

  t.test('is in the list as soon as it is done, whatever comes after it', async (t) => {
    const { access, server, sources, write } = await prepare(t)
    write('0003_b.sql', migration('SELECT 1 / 0;'))
    await t.rejects(migrateUp(server, { sources }), {
      message: '0003_b.sql:2 (up): division by zero; kept of this run: 0001_a, 0002_index',
    })
    t.same(await applied(access, { sources }), ['0001_a', '0002_index'])
    const db = await connect({ ...access, pool: 'none' })
    t.teardown(() => db.close())
    t.match(await migrationHistory(db, sources), [{ name: '0001_a' }, { name: '0002_index', origin: 'run' }])
  })

  t.test('waits for a long transaction, and keeps nobody else waiting', async (t) => {
    const { access, server, sources, client, indexes } = await prepare(t)
    await migrateUp(server, { sources, count: 1 })
    const holder = await openClient(t, access)
    await holder.query('BEGIN; INSERT INTO a VALUES (3)')
    const work = migrateUp(server, { sources, statementLockTimeoutMs: 10, lockRetryMs: 0 })
    await until(async () => {
      const { rowCount } = await client.query(
        "SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted OR locktype = 'virtualxid' AND NOT granted",
      )
      return rowCount === 1
    })
    await client.query('INSERT INTO a VALUES (4)')
    await holder.query('COMMIT')
    await work
    t.same(await indexes(), [true])
  })
})
