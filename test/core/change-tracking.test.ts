import { Client } from 'pg'
import t from 'tap'
import { changesOf } from '../../src/core/change-notice.js'
import { connect } from '../../src/database.js'
import { createTestDatabase } from '../fixtures/database.js'
import { createRole } from '../fixtures/role.js'
import { until } from '../fixtures/until.js'

const CANARY = 'canary-4711'
const channel = changesOf('registry.service')

const access = await createTestDatabase(t)
const db = await connect({ ...access, pool: { min: 0, max: 3 } })
t.teardown(() => db.close())

const psql = new Client(access)
await psql.connect()
t.teardown(() => psql.end())

/** What was heard on the channel of the services. */
const heard: string[] = []
const listener = new Client(access)
await listener.connect()
t.teardown(() => listener.end())
listener.on('notification', ({ payload = '' }) => heard.push(payload))
await listener.query('LISTEN "registry.service"; LISTEN done')

/** Waits until all that was announced so far has come. */
async function allHeard(word: string): Promise<void> {
  await psql.query(`NOTIFY done, '${word}'`)
  await until(() => heard.at(-1) === word)
}

/** Runs a statement, and gives what it announced. */
async function announced(sql: string) {
  await allHeard('ready')
  heard.length = 0
  await psql.query(sql)
  await allHeard('done')
  return heard.slice(0, -1).map(channel.parse)
}

/** Forgets what is there, without a word of it. */
async function afresh(): Promise<void> {
  await psql.query('TRUNCATE registry.service CASCADE')
  await psql.query('TRUNCATE core.change_log')
}

const changes = async () => (await db.changes.list({ sort: 'oldest', limit: 500 })).items

t.test('core.track_changes', async (t) => {
  t.beforeEach(afresh)

  t.test('tells who, what and when: of the library, of psql, of a bulk update', async (t) => {
    await psql.query(`INSERT INTO registry.service (name) SELECT 'service ' || n FROM generate_series(1, 1000) AS n`)
    await psql.query('TRUNCATE core.change_log')
    await db.transaction(async (tx) => {
      await tx.query(`SET LOCAL ashlar.actor = 'ann'`)
      await tx.query(`UPDATE registry.service SET version = '2' WHERE name = 'service 7'`)
    })
    await psql.query(`UPDATE registry.service SET version = '3' WHERE name = 'service 7'`)
    await db.transaction(async (tx) => {
      await tx.query(`SET LOCAL ashlar.actor = 'importer'`)
      await tx.query(`UPDATE registry.service SET priority = 'low', is_enabled = false`)
    })
    t.match(await changes(), [
      {
        actor: 'ann',
        action: 'update',
        columns: ['version'],
        oldValues: { version: null },
        newValues: { version: '2' },
      },
      { actor: access.user, columns: ['version'], oldValues: { version: '2' }, newValues: { version: '3' } },
      { actor: 'importer', columns: ['priority', 'is_enabled'], newValues: { priority: 'low', is_enabled: false } },
    ])
    t.equal(await db.changes.count({ actor: 'importer', table: 'registry.service' }), 1_000)
  })

  t.test('never has the value of what is secret, only that it changed', async (t) => {
    await psql.query(`INSERT INTO registry.service (name, config) VALUES ('s', '{"token":"${CANARY}"}')`)
    await psql.query(`UPDATE registry.service SET config = '{"token":"${CANARY}-2"}'`)
    const notices = await announced('DELETE FROM registry.service')
    const all = await changes()
    t.same(
      all.map(({ action, columns }) => [action, columns.includes('config')]),
      [
        ['insert', true],
        ['update', true],
        ['delete', true],
      ],
    )
    t.same([all[1]?.oldValues, all[1]?.newValues], [{}, {}])
    const { rows } = await psql.query('SELECT change_log::text AS row FROM core.change_log')
    t.equal(rows.length, 3)
    t.notMatch(JSON.stringify([rows, notices]), CANARY)
  })

  t.test('neither logs nor announces what is noisy or generated, and no update that changes nothing', async (t) => {
    await psql.query(`INSERT INTO registry.service (name) VALUES ('s')`)
    await psql.query('TRUNCATE core.change_log')
    t.same(await announced(`UPDATE registry.service SET success_count = 5, health_score = 1, last_seen_at = now()`), [])
    t.same(await announced(`UPDATE registry.service SET name = 's'`), [])
    t.same(await announced(`UPDATE registry.service SET name = 'x' WHERE false`), [])
    t.same(await changes(), [])
    await psql.query(`UPDATE registry.service SET success_count = 6, version = '1'`)
    t.match(await changes(), [{ columns: ['version'] }])
  })

  t.test('tells an upsert and a MERGE apart row by row, and a changed key as a delete and an insert', async (t) => {
    await psql.query(`INSERT INTO registry.service (name) VALUES ('a'), ('b')`)
    await psql.query('TRUNCATE core.change_log')
    const upsert = await announced(`INSERT INTO registry.service (name) VALUES ('a'), ('c')
      ON CONFLICT (name) WHERE deleted_at IS NULL DO UPDATE SET version = '1'`)
    t.same(upsert.map(({ action, count }) => [action, count]).toSorted(), [
      ['insert', 1],
      ['update', 1],
    ])
    await psql.query(`MERGE INTO registry.service USING (VALUES ('a'), ('d')) AS new (name) ON service.name = new.name
      WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (name) VALUES (new.name)`)
    t.same((await changes()).map(({ action }) => action).toSorted(), ['delete', 'insert', 'insert', 'update'])
    await psql.query('TRUNCATE core.change_log')
    await psql.query(`UPDATE registry.service SET service_id = core.new_id() WHERE name = 'b'`)
    const moved = await changes()
    t.same(moved.map(({ action, oldValues, newValues }) => [action, oldValues?.name, newValues?.name]).toSorted(), [
      ['delete', 'b', undefined],
      ['insert', undefined, 'b'],
    ])
  })

  t.test('notes a COPY row by row, a TRUNCATE once', async (t) => {
    await db.copyInto('registry.service', ['name'], [['a'], ['b']])
    t.same(
      (await changes()).map(({ action }) => action),
      ['insert', 'insert'],
    )
    const notices = await announced('TRUNCATE registry.service CASCADE')
    t.same(notices, [{ table: 'registry.service', action: 'truncate', count: null, ids: null }])
    t.match((await changes()).at(-1), {
      action: 'truncate',
      rowId: null,
      columns: [],
      oldValues: null,
      newValues: null,
    })
  })

  t.test('announces a statement in up to four parts, and beyond that once without ids', async (t) => {
    for (const [rows, counts] of [
      [1, [1]],
      [190, [190]],
      [191, [190, 1]],
      [760, [190, 190, 190, 190]],
      [761, [761]],
    ] as const) {
      await afresh()
      const notices = await announced(
        `INSERT INTO registry.service (name) SELECT 's' || n FROM generate_series(1, ${rows}) AS n`,
      )
      t.same(
        notices.map(({ count }) => count),
        counts,
      )
      const ids = notices.flatMap((notice) => notice.ids ?? [])
      t.equal(new Set(ids).size, rows > 760 ? 0 : rows)
      t.ok(heard.every((payload) => payload.length < 8_000))
    }
  })

  t.test('takes a role that has rights on the table alone, and tells who that was', async (t) => {
    const role = await createRole(t)
    await psql.query(`GRANT USAGE ON SCHEMA registry, core TO ${role.user};
      GRANT SELECT, INSERT, UPDATE ON registry.service TO ${role.user}`)
    const client = new Client({ ...access, ...role })
    await client.connect()
    try {
      await client.query(`INSERT INTO registry.service (name) VALUES ('s')`)
      await t.rejects(client.query('SELECT FROM core.change_log'), { code: '42501' })
      await client.query(`CREATE TEMP TABLE forged (service_id uuid)`)
      await t.rejects(
        client.query(`CREATE TRIGGER forge AFTER INSERT ON forged REFERENCING NEW TABLE AS new_rows
          EXECUTE FUNCTION registry.service_track()`),
        { code: '42501' },
      )
    } finally {
      await client.end()
      await psql.query(`DROP OWNED BY ${role.user}`)
    }
    t.match(await changes(), [{ actor: role.user, action: 'insert' }])
  })
})

t.test("a table of one's own", async (t) => {
  t.beforeEach(async () => {
    await psql.query(`DROP TABLE IF EXISTS public."a b"`)
    await psql.query(
      `CREATE TABLE public."a b" ("the id" uuid PRIMARY KEY DEFAULT core.new_id(), "it's" json, n numeric)`,
    )
  })

  const own = async () => (await db.changes.list({ table: 'public.a b', sort: 'oldest' })).items

  t.test('is tracked whatever it is called, and whatever its types', async (t) => {
    await afresh()
    await psql.query(`SELECT core.track_changes('public."a b"')`)
    await psql.query(`INSERT INTO "a b" ("it's") VALUES ('{"b": 1}')`)
    await psql.query(`UPDATE "a b" SET "it's" = '[2]', n = 1.50`)
    t.match(await own(), [
      { newValues: { "it's": { b: 1 } } },
      { columns: ["it's", 'n'], oldValues: { "it's": { b: 1 }, n: null }, newValues: { "it's": [2], n: 1.5 } },
    ])
  })

  t.test('may have columns of types that cannot be compared, and keys that carry others along', async (t) => {
    await afresh()
    await psql.query(`DROP TABLE IF EXISTS public.odd;
      DROP TYPE IF EXISTS public.odd_pair, public.odd_json;
      CREATE TYPE public.odd_pair AS (a bigint, b json);
      CREATE DOMAIN public.odd_json AS json;
      CREATE TABLE public.odd (id uuid DEFAULT core.new_id(), label varchar(9), points point[], path jsonpath,
        pair public.odd_pair, document public.odd_json, many public.odd_json[], span int4range, PRIMARY KEY (id) INCLUDE (label));
      SELECT core.track_changes('public.odd');
      INSERT INTO public.odd (label, points, path, pair, document, many, span)
        VALUES ('a', '{"(1,2)"}', '$.a', '(1,{})', '{}', '{1}', '[1,2)')`)
    const columns = ['label', 'points', 'path', 'pair', 'document', 'many', 'span']
    await psql.query(`UPDATE public.odd SET ${columns.map((name) => `${name} = ${name}`).join(', ')}`)
    await psql.query(`UPDATE public.odd SET label = 'b'`)
    await psql.query(`UPDATE public.odd SET points = '{"(1,3)"}', path = '$.b', pair = '(2,{})', document = '[]',
      many = '{2}', span = '[1,3)'`)
    t.match((await db.changes.list({ table: 'public.odd', sort: 'oldest' })).items, [
      { action: 'insert', columns },
      { action: 'update', columns: ['label'], oldValues: { label: 'a' }, newValues: { label: 'b' } },
      { action: 'update', columns: columns.slice(1), newValues: { many: [2] } },
    ])
  })

  t.test('is logged in UTC and in full, whatever the session has set', async (t) => {
    await afresh()
    await psql.query(`DROP TABLE IF EXISTS public.odd`)
    await psql.query(`CREATE TABLE public.odd (id uuid PRIMARY KEY, at timestamptz, span interval, size double precision);
      SELECT core.track_changes('public.odd')`)
    await db.transaction(async (tx) => {
      for (const setting of [`timezone = 'Asia/Tokyo'`, `intervalstyle = 'sql_standard'`, 'extra_float_digits = -9'])
        await tx.query(`SET LOCAL ${setting}`)
      await tx.query(
        `INSERT INTO public.odd VALUES (core.new_id(), '2026-01-01T09:00+09', '1 day', 0.1234567890123456)`,
      )
    })
    t.match((await db.changes.list({ table: 'public.odd' })).items, [
      { newValues: { at: '2026-01-01T00:00:00+00:00', span: '1 day', size: 0.1234567890123456 } },
    ])
  })

  t.test('is logged or announced alone, as it is asked for', async (t) => {
    await afresh()
    await psql.query(`SELECT core.track_changes('public."a b"', is_logged => false)`)
    await psql.query('INSERT INTO "a b" DEFAULT VALUES; TRUNCATE "a b"')
    t.same(await own(), [])
    await listener.query('LISTEN "public.a b"')
    heard.length = 0
    await psql.query('INSERT INTO "a b" DEFAULT VALUES')
    await until(() => heard.length === 1)
    await psql.query(`SELECT core.track_changes('public."a b"', is_announced => false)`)
    t.same(await announced('UPDATE "a b" SET n = 1'), [])
    t.same(
      (await own()).map(({ action }) => action),
      ['update'],
    )
    await psql.query(`SELECT core.untrack_changes('public."a b"')`)
    await psql.query('UPDATE "a b" SET n = 2')
    t.equal((await own()).length, 1)
  })

  t.test('is reported when its columns or marks have changed', async (t) => {
    const stale = async () => (await psql.query('SELECT stale_tracking::text FROM core.stale_tracking()')).rows
    t.same(await stale(), [], "no table of ashlar's own is")
    await psql.query(`SELECT core.track_changes('public."a b"')`)
    t.same(await stale(), [])
    await psql.query(`COMMENT ON COLUMN "a b".n IS '@noisy'`)
    t.same(await stale(), [{ stale_tracking: '"a b"' }])
    await psql.query(`SELECT core.track_changes('public."a b"')`)
    t.same(await stale(), [])
  })

  t.test('is refused without a uuid for its key, and with too long a name', async (t) => {
    await psql.query(`CREATE TABLE public.by_number (id bigint PRIMARY KEY)`)
    await t.rejects(psql.query(`SELECT core.track_changes('public.by_number')`), { code: '0A000' })
    await t.rejects(psql.query(`SELECT core.track_changes('public."a b"', false, false)`), { code: '22023' })
    await psql.query(`CREATE TABLE public.${'l'.repeat(57)} (id uuid PRIMARY KEY)`)
    await t.rejects(psql.query(`SELECT core.track_changes('public.${'l'.repeat(57)}')`), { code: '42622' })
  })
})

t.test('core.change_log', async (t) => {
  t.test('refuses to be updated', async (t) => {
    await afresh()
    await psql.query(`INSERT INTO registry.service (name) VALUES ('s')`)
    for (const table of ['change_log', 'change_log_default'])
      await t.rejects(psql.query(`UPDATE core.${table} SET actor = 'x'`), { code: '55000' }, table)
  })
})

t.test('changesOf', async (t) => {
  t.test('refuses a payload of another make', async (t) => {
    for (const text of [
      '',
      'x',
      '{}',
      '{"table":"t","action":"drop","count":1,"ids":[]}',
      '{"table":"t","action":"update","count":1,"ids":["1"]}',
    ])
      t.throws(() => channel.parse(text), { name: 'ValidationError' })
  })

  t.test('refuses a table without its schema', async (t) => {
    for (const table of ['service', '', 5]) {
      t.throws(() => changesOf(table as string), { name: 'ValidationError', message: /^changesOf: table: / })
    }
  })
})
