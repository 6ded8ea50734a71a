import { Client } from 'pg'
import t from 'tap'
import { connect } from '../../src/database.js'
import { run, urlOf } from '../cli/fixtures/command.js'
import { createTestDatabase } from '../fixtures/database.js'
import { createRole } from '../fixtures/role.js'
import { until } from '../fixtures/until.js'

const access = await createTestDatabase(t)
const db = await connect({ ...access, pool: { min: 0, max: 5 } })
t.teardown(() => db.close())

const tableName = 'public.event'
const MONTH = `date_trunc('month', now(), 'UTC')`

/** Makes the table anew, with rows at some times, as SQL has them. */
async function events(...times: string[]): Promise<void> {
  await db.query('DELETE FROM core.partitioned_table')
  await db.query('DROP TABLE IF EXISTS public.event')
  await db.query(`CREATE TABLE public.event (
    event_id uuid NOT NULL DEFAULT core.new_id(), at timestamptz(3) NOT NULL,
    twice bigint GENERATED ALWAYS AS (2) STORED, CONSTRAINT event_pkey PRIMARY KEY (at, event_id)
  ) PARTITION BY RANGE (at)`)
  await db.query('CREATE TABLE public.event_default PARTITION OF public.event DEFAULT')
  await db.query(`INSERT INTO core.partitioned_table (table_name) VALUES ('public.event'), ('public.gone')`)
  for (const time of times) await db.query(`INSERT INTO public.event (at) VALUES (${time})`)
}

/** Gives the name of the partition of the month that is some months from now. */
function partitionAt(months: number): string {
  const now = new Date()
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months))
  return `public.event_y${month.toISOString().slice(0, 7).replace('-', 'm')}`
}

t.test('keepPartitions', async (t) => {
  t.test('makes this month and the next two, once', async (t) => {
    await events()
    const created = [0, 1, 2].map(partitionAt)
    const nothing = { created: [], dropped: [], movedRows: 0, deletedRows: 0, busyTables: [] }
    t.same(await db.partitions.keep(), { ...nothing, created })
    t.same(await db.partitions.keep(), nothing)
  })

  t.test('moves each row to its month, to the millisecond, and leaves what is far ahead', async (t) => {
    const edges = [`${MONTH}`, `${MONTH} - interval '1 ms'`, `${MONTH} + interval '1 month' - interval '1 ms'`]
    await events(...edges, `now() + interval '1 year'`, `'infinity'`, `'-infinity'`)
    const { created, movedRows } = await db.partitions.keep()
    t.same(created, [-1, 0, 1, 2].map(partitionAt))
    t.equal(movedRows, 3)
    const rows = await db.query(
      'SELECT tableoid::regclass::text AS name, count(*) AS rows FROM event GROUP BY 1 ORDER BY 1',
    )
    t.same(rows, [
      { name: 'event_default', rows: 3 },
      { name: partitionAt(-1).slice(7), rows: 1 },
      { name: partitionAt(0).slice(7), rows: 2 },
    ])
  })

  t.test('gives months that are UTC, in whatever zone it is called', async (t) => {
    await events(`${MONTH}`)
    const [zone] = await db.transaction(async (tx) => {
      await tx.query(`SET LOCAL timezone = 'Pacific/Auckland'`)
      t.same((await tx.partitions.keep()).created, [0, 1, 2].map(partitionAt))
      return (await tx.partitions.list({ tableName })).filter(({ partitionName }) => partitionName === partitionAt(0))
    })
    t.match(zone?.startsAt?.toISOString(), /-01T00:00:00\.000Z$/)
  })

  t.test('drops what is wholly older than the retention, partitions and rows, and nothing else', async (t) => {
    await events(...[1, 2, 3, 4].map((months) => `${MONTH} - interval '${months} months'`))
    await db.partitions.keep()
    await db.query(`INSERT INTO event (at) VALUES (now() - interval '5 years')`)
    await db.partitions.setRetention(tableName, 62)
    const cutoff = Date.now() - 62 * 86_400_000
    const old = (await db.partitions.list({ tableName }))
      .filter(({ endsAt }) => endsAt !== null && endsAt.getTime() <= cutoff)
      .map(({ partitionName }) => partitionName)
    const { dropped, deletedRows, created } = await db.partitions.keep()
    t.same(created, [])
    t.equal(deletedRows, 1)
    t.same(dropped, old)
    t.ok(dropped.includes(partitionAt(-4)) && !dropped.includes(partitionAt(-1)))
    t.equal((await db.partitions.list({ tableName })).length, 8 - dropped.length)
  })

  t.test('moves a row of a month that is not wholly older than the retention', async (t) => {
    await events(`date_trunc('month', now() - interval '62 days', 'UTC')`)
    await db.partitions.setRetention(tableName, 62)
    const { movedRows, deletedRows } = await db.partitions.keep()
    t.same([movedRows, deletedRows], [1, 0])
  })

  t.test('is done once by many at a time, while rows come in', async (t) => {
    await events(...Array.from({ length: 5 }, (_, months) => `${MONTH} - interval '${months} months'`))
    const insert = () => db.query('INSERT INTO public.event (at) SELECT now() FROM generate_series(1, 10)')
    const [all] = await Promise.all([
      Promise.all(Array.from({ length: 4 }, () => db.partitions.keep())),
      ...Array.from({ length: 20 }, insert),
    ])
    const names = all.flatMap(({ created }) => created)
    t.equal(names.length, 7)
    t.equal(new Set(names).size, 7)
    const [row] = await db.query<{ rows: number }>('SELECT count(*) AS rows FROM event')
    t.equal(row?.rows, 205)
  })

  t.test('leaves a table that somebody holds, and does not make others wait behind it', async (t) => {
    await events(`now()`)
    const holder = new Client(access)
    await holder.connect()
    await holder.query('BEGIN; LOCK TABLE event_default IN ACCESS SHARE MODE')
    const result = await db.partitions.keep()
    t.same([result.created, result.busyTables], [[], [tableName]])
    await holder.query('COMMIT')
    await holder.end()
    t.equal((await db.partitions.keep()).created.length, 3)
  })

  t.test('does not hold up who has locked the table to analyze it, and goes on behind it', async (t) => {
    await events(`now()`)
    const analyzer = new Client(access)
    await analyzer.connect()
    await analyzer.query('BEGIN; LOCK TABLE ONLY event IN SHARE UPDATE EXCLUSIVE MODE')
    const kept = db.partitions.keep()
    await until(async () => (await analyzer.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount === 1)
    await analyzer.query('LOCK TABLE event_default IN ACCESS SHARE MODE; COMMIT')
    await analyzer.end()
    t.equal((await kept).created.length, 3)
  })

  t.test('refuses no row that comes while this month is made', async (t) => {
    await events(`now()`)
    await db.query(`CREATE FUNCTION public.linger() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN OLD; END $$`)
    await db.query(
      'CREATE TRIGGER linger BEFORE DELETE ON public.event_default FOR EACH ROW EXECUTE FUNCTION public.linger()',
    )
    const holder = new Client(access)
    await holder.connect()
    await holder.query('SELECT pg_advisory_lock(4711)')
    const waiting = async () => (await holder.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount
    const kept = db.partitions.keep()
    await until(async () => (await waiting()) === 1)
    const inserted = db.query('INSERT INTO public.event (at) VALUES (now())')
    await until(async () => (await waiting()) === 2)
    await holder.end()
    await inserted
    // The other is moved, too, when it came to the default partition first.
    t.ok([1, 2].includes((await kept).movedRows))
    t.same(await db.query('SELECT count(*) AS rows FROM public.event'), [{ rows: 2 }])
  })

  t.test('makes partitions of the owner of the table, which its readers may read', async (t) => {
    await events(`now()`)
    const [owner, reader] = [await createRole(t), await createRole(t)]
    await db.query(`GRANT CREATE ON SCHEMA public TO ${owner.user}`)
    await db.query(`ALTER TABLE public.event OWNER TO ${owner.user}`)
    await db.query(`ALTER TABLE public.event_default OWNER TO ${owner.user}`)
    await db.query(`GRANT USAGE ON SCHEMA core TO ${reader.user}`)
    await db.query(`GRANT SELECT ON core.partitioned_table, public.event, public.event_default TO ${reader.user}`)
    await db.query('GRANT INSERT ON public.event TO PUBLIC')
    await db.partitions.keep()
    const reading = await connect({ ...access, ...reader, pool: { min: 0, max: 1 } })
    t.same(
      (await reading.partitions.list()).map(({ hasRows }) => hasRows),
      [false, true, false, false],
    )
    await reading.close()
    const rights = await db.query(`SELECT DISTINCT relowner = '${owner.user}'::regrole AS is_owned,
      has_table_privilege('${reader.user}', oid, 'INSERT') AS may_insert FROM pg_class WHERE relispartition AND relname LIKE 'event\\_y%' AND relkind = 'r'`)
    t.same(rights, [{ isOwned: true, mayInsert: true }])
    await db.query(`DROP OWNED BY ${owner.user}, ${reader.user}`)
  })

  t.test('keeps a table whose rows are numbered', async (t) => {
    await events()
    await db.query('ALTER TABLE public.event ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY')
    await db.query('INSERT INTO public.event (at) VALUES (now())')
    t.equal((await db.partitions.keep()).movedRows, 1)
    await db.query('INSERT INTO public.event (at) VALUES (now())')
    const rows = await db.query('SELECT number FROM public.event ORDER BY number')
    t.same(rows, [{ number: 1 }, { number: 2 }])
  })

  t.test('refuses a table that others refer to, and leaves those', async (t) => {
    await events(`now()`)
    await db.query(`CREATE TABLE public.note (at timestamptz(3), event_id uuid,
      FOREIGN KEY (at, event_id) REFERENCES public.event ON DELETE CASCADE)`)
    await db.query('INSERT INTO public.note SELECT at, event_id FROM public.event')
    await t.rejects(db.partitions.keep(), { name: 'QueryError', sqlState: '0A000' })
    t.same(await db.query('SELECT count(*) AS notes FROM public.note'), [{ notes: 1 }])
    await db.query('DROP TABLE public.note')
  })

  t.test('keeps all other tables when one fails', async (t) => {
    await events()
    await db.query(`INSERT INTO core.partitioned_table (table_name) VALUES ('core.operation')`)
    await t.rejects(db.partitions.keep(), { name: 'QueryError', sqlState: '0A000' })
    t.equal((await db.partitions.list({ tableName })).length, 4)
  })

  t.test('refuses a table that is not made for it', async (t) => {
    await events()
    await db.query(`INSERT INTO core.partitioned_table (table_name) VALUES ('core.operation')`)
    await t.rejects(db.partitions.keep({ tableName: 'core.operation' }), { name: 'QueryError', sqlState: '0A000' })
  })
})

t.test('listPartitions', async (t) => {
  t.test('shows that the default partition has rows', async (t) => {
    await events(`now()`)
    t.match(await db.partitions.list(), [
      { tableName, isDefault: true, hasRows: true, startsAt: null, retentionDays: null },
    ])
    await db.partitions.keep()
    const [rest, month] = await db.partitions.list({ tableName })
    t.match(rest, { isDefault: true, hasRows: false })
    t.match(month, { partitionName: partitionAt(0), isDefault: false, hasRows: true, sizeBytes: Number })
  })
})

t.test('core.list_partitions', async (t) => {
  t.test('leaves out what is dropped meanwhile', async (t) => {
    await events()
    await db.partitions.keep()
    const dropper = new Client(access)
    await dropper.connect()
    await dropper.query(`BEGIN; DROP TABLE ${partitionAt(0)}`)
    const listed = db.transaction((tx) => tx.partitions.list({ tableName }))
    await until(async () => (await dropper.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount === 1)
    await dropper.query('COMMIT')
    await dropper.end()
    t.same(
      (await listed).map(({ partitionName }) => partitionName),
      ['public.event_default', partitionAt(1), partitionAt(2)],
    )
  })
})

t.test('listPartitionedTables', async (t) => {
  t.test('says what is kept: the tables of ashlar, and one of your own', async (t) => {
    await events()
    t.equal((await db.partitions.keep({ tableName: 'public.none' })).created.length, 0)
    t.equal((await db.partitions.keep({ tableName })).created.length, 3)
  })
})

t.test('setRetention', async (t) => {
  t.test('refuses a table that is not kept, and a time that is none', async (t) => {
    await events()
    await t.rejects(db.partitions.setRetention('public.none', 5), { name: 'NotFoundError' })
    await t.rejects(db.partitions.setRetention(tableName, 0), { name: 'ValidationError' })
    await db.partitions.setRetention(tableName, null)
  })
})

t.test('ashlar upkeep', async (t) => {
  t.test('keeps partitions and deletes old operations', async (t) => {
    await events(`now()`)
    await db.query(`INSERT INTO core.operation (operation_id, query, fingerprint, created_at)
      VALUES ('old', 'query', sha256(''), now() - interval '8 days')`)
    const env = { DATABASE_URL: urlOf(access) }
    const { code, stdout } = await run(t, ['upkeep', '--json'], { env })
    t.equal(code, 0)
    t.match(JSON.parse(stdout), { created: [0, 1, 2].map(partitionAt), movedRows: 1, deletedOperations: 1 })
    const again = await run(t, ['upkeep'], { env })
    t.equal(again.stdout, '0 rows moved, 0 rows and 0 operations deleted for their age\n')
  })

  t.test(
    'has more time for a statement than others, and deletes operations also when a table cannot be kept',
    async (t) => {
      await events(`now()`)
      await db.query(`INSERT INTO core.operation (operation_id, query, fingerprint, created_at)
      VALUES ('old', 'query', sha256(''), now() - interval '8 days')`)
      await db.query(`INSERT INTO core.partitioned_table (table_name) VALUES ('core.operation')`)
      await db.query('CREATE TABLE public.heard (setting text)')
      await db.query(`CREATE FUNCTION public.hear() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO public.heard VALUES (current_setting('statement_timeout')); RETURN OLD; END $$`)
      await db.query(
        'CREATE TRIGGER hear BEFORE DELETE ON public.event_default FOR EACH ROW EXECUTE FUNCTION public.hear()',
      )
      const env = { DATABASE_URL: urlOf(access), ASHLAR_COMMAND_TIMEOUT_MS: '5000' }
      const { code } = await run(t, ['upkeep'], { env })
      t.not(code, 0)
      t.same(await db.query('SELECT setting FROM public.heard'), [{ setting: '1h' }])
      t.equal(await db.operations.find('old'), null)
      t.equal((await db.partitions.list({ tableName })).length, 4)
    },
  )
})
