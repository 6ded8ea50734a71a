import t from 'tap'
import { connect, type Database } from '../../../src/database.js'
import { Query } from '../../../src/engine/query.js'
import { connectTestDatabase, createTestDatabase } from '../../fixtures/database.js'
import { newTemplate } from '../../fixtures/template-row.js'
import { until } from '../../fixtures/until.js'

const db = await connectTestDatabase(t)
await db.query('CREATE TABLE note (id int CONSTRAINT note_pkey PRIMARY KEY, text text)')

let named = 0
/** Gives an id of its own. */
function newId(): string {
  named += 1
  return `operation ${named}`
}

async function ids(): Promise<number[]> {
  return (await db.query<{ id: number }>('SELECT id FROM note ORDER BY id')).map(({ id }) => id)
}

/** Tells that no operation of that id was kept. */
async function isUnknown(operationId: string): Promise<boolean> {
  return (await db.operations.find(operationId)) === null
}

const replays = (handle: Database = db): number => handle.stats().events['operation-replayed'] ?? 0
const insertNote = new Query<{ id: number; text: string | null }, { id: number }>(
  'insertNote',
  {
    statement: 'INSERT INTO note VALUES (:id!, :text) RETURNING id',
    params: [
      { name: 'id', required: true, transform: { type: 'scalar' }, locs: [{ a: 25, b: 28 }] },
      { name: 'text', required: false, transform: { type: 'scalar' }, locs: [{ a: 31, b: 35 }] },
    ],
  },
  { parameterTypes: { id: 'int4', text: 'text' } },
)

t.beforeEach(() => db.query('TRUNCATE note'))

t.test('a write with an operationId', async (t) => {
  t.test('is executed once, and gives each caller what it gave the first', async (t) => {
    const before = replays()
    const operationId = newId()
    const call = () => db.query('INSERT INTO note VALUES ($1, $2) RETURNING text, id', [1, 'a'], { operationId })
    const first = await call()
    const again = await call()
    t.strictSame(first, [{ text: 'a', id: 1 }])
    t.strictSame(again, first)
    t.same(Object.keys(again[0] as object), ['text', 'id'], 'in the order of the columns')
    t.same(await ids(), [1])
    t.equal(replays() - before, 1)
  })

  t.test('gives again values of every type', async (t) => {
    const text = `SELECT
      true AS bool, '\\x00ff'::bytea AS bytea, 1::int2 AS int2, -2147483648 AS int4, 9007199254740991::int8 AS int8,
      '-0'::float8 AS negative_zero, 'NaN'::float8 AS nan, '-Infinity'::float4 AS infinity, 1.5e-300::float8 AS float8,
      1.10::numeric AS numeric, 'ä😀'::text AS text, 'b'::name AS name, '0198c0de-0000-7000-8000-000000000000'::uuid AS uuid,
      '10.0.0.1'::inet AS inet, '2026-01-31'::date AS date, '12:00'::time AS time, '1 day'::interval AS interval,
      '2026-01-31 12:00:00.123+02'::timestamptz AS instant, '0044-03-15 BC'::timestamptz AS ancient,
      '2026-01-31 12:00'::timestamp AS local, '{"b": [1, null], "a": "\\\\u00e4"}'::json AS json,
      '{"constructor": 1}'::jsonb AS jsonb, 'null'::jsonb AS json_null, NULL::int AS nothing,
      '{1,NULL}'::int[] AS ints, ARRAY[now()] AS instants, ARRAY['\\x01'::bytea] AS several, '{}'::text[] AS none,
      agent.template_complexity 'simple' AS complexity, point '(1,2)' AS point`
    for (const columns of [text, text.replace(/'\{"constructor": 1\}'::jsonb AS jsonb, /, '')]) {
      const operationId = newId()
      const call = () => db.query(columns, [], { operationId })
      // What superjson cannot hold is refused, and nothing is lost by that.
      if (columns === text) {
        await t.rejects(call(), { name: 'TransactionError' })
        t.ok(await isUnknown(operationId))
        continue
      }
      const first = await call()
      t.strictSame(await call(), first)
      t.match(first, [
        { bytea: Buffer.from([0, 255]), instant: new Date('2026-01-31T10:00:00.123Z'), negativeZero: -0 },
      ])
    }
  })

  t.test('is the same for each way of calling it', async (t) => {
    const operationId = newId()
    const params = { id: 1, text: null }
    t.same(await db.run(insertNote, params, { operationId }), [{ id: 1 }])
    t.same(await db.one(insertNote, params, { operationId }), { id: 1 })
    t.same(await db.maybeOne(insertNote, params, { operationId }), { id: 1 })
    t.equal(await db.execute(insertNote, params, { operationId }), 1)
    t.same(await db.with({ operationId }).run(insertNote, params), [{ id: 1 }])
    t.same(await ids(), [1])
    t.match(await db.operations.find(operationId), { query: 'insertNote' })
  })

  t.test('passes on to a repository', async (t) => {
    const operationId = newId()
    const template = newTemplate()
    const first = await db.with({ operationId }).templates.create(template)
    t.strictSame(await db.with({ operationId }).templates.create(template), first)
    await t.rejects(db.templates.create(template), { name: 'UniqueViolationError' })
  })

  t.test('is one write of a repository, also where that has to look again', async (t) => {
    const template = newTemplate()
    const operationId = newId()
    const upsert = () => db.with({ operationId }).templates.upsert(template)
    let first = Promise.resolve<unknown>(null)
    await db.transaction(async (tx) => {
      await tx.templates.create(template)
      first = upsert()
      await until(
        async () =>
          (await db.query("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")).length > 0,
      )
    })
    const { templateId } = (await db.templates.findByName(template.name)) ?? {}
    t.same(await first, { templateId, outcome: 'unchanged' })
    t.same(await upsert(), { templateId, outcome: 'unchanged' })
  })

  t.test('gives again that there were no rows, or too many', async (t) => {
    const operationId = newId()
    const call = () => db.query("UPDATE note SET text = 'a' RETURNING id", [], { operationId })
    t.same(await call(), [])
    await db.query('INSERT INTO note VALUES (1)')
    t.same(await call(), [])
    const two = new Query<void, { a: number }>('two', { statement: 'SELECT generate_series(1, 2) AS a', params: [] })
    for (const turn of [1, 2]) {
      await t.rejects(
        db.one(two, undefined, { operationId: 'two rows' }),
        { name: 'RowCountError', actual: 2 },
        `${turn}`,
      )
    }
  })

  t.test('is executed once for 2 and for 50 callers at a time', async (t) => {
    for (const callers of [2, 50]) {
      const operationId = newId()
      const before = replays()
      const call = () =>
        db.query('INSERT INTO note VALUES ($1, $2) RETURNING id, clock_timestamp() AS at', [callers, null], {
          operationId,
        })
      const all = await Promise.all(Array.from({ length: callers }, call))
      for (const each of all) t.strictSame(each, all[0])
      t.equal(replays() - before, callers - 1)
    }
    t.same(await ids(), [2, 50])
  })

  t.test('is refused when the id is of another call, and nothing is written', async (t) => {
    const operationId = newId()
    await db.run(insertNote, { id: 1, text: 'secret' }, { operationId })
    const refused = {
      name: 'ValidationError',
      issues: [{ path: 'operationId', message: 'was used by another call: insertNote' }],
    }
    await t.rejects(db.run(insertNote, { id: 2, text: 'secret' }, { operationId }), refused)
    await t.rejects(db.run(insertNote, { id: 1, text: null }, { operationId }), refused)
    await t.rejects(db.query('DELETE FROM note', [], { operationId }), refused)
    await t.rejects(db.copyInto('note', ['id'], [[3]], { operationId }), refused)
    await t.rejects(
      db.transaction((tx) => tx.query('DELETE FROM note'), { operationId }),
      refused,
    )
    t.same(await ids(), [1])
    t.match(await db.operations.find(operationId), { replayedAt: null })
    t.equal(db.stats().pool.borrowed, 0)
  })

  t.test('leaves nothing when it fails, and can be made again', async (t) => {
    await db.query('INSERT INTO note VALUES (1)')
    const operationId = newId()
    const call = () => db.run(insertNote, { id: 1, text: 'a' }, { operationId })
    await t.rejects(call(), { name: 'UniqueViolationError', constraint: 'note_pkey', outcome: 'not-executed' })
    t.ok(await isUnknown(operationId))
    await db.query('DELETE FROM note')
    t.same(await call(), [{ id: 1 }])
  })

  t.test('leaves nothing when the server refuses it at COMMIT', async (t) => {
    await db.query('CREATE TABLE reply (id int CONSTRAINT reply_id_fkey REFERENCES note DEFERRABLE INITIALLY DEFERRED)')
    const operationId = newId()
    await t.rejects(db.query('INSERT INTO reply VALUES (5)', [], { operationId }), {
      name: 'ForeignKeyViolationError',
      constraint: 'reply_id_fkey',
      query: 'query',
    })
    t.ok(await isUnknown(operationId))
    await db.query('DROP TABLE reply')
  })

  t.test('keeps nothing of what it cannot give', async (t) => {
    const operationId = newId()
    const call = db.query('INSERT INTO note VALUES (1) RETURNING 9007199254740993 AS big', [], { operationId })
    await t.rejects(call, {
      name: 'QueryError',
      outcome: 'not-executed',
      message: /^query: the result cannot be given/,
    })
    t.same(await ids(), [])
    t.ok(await isUnknown(operationId))
  })

  t.test('keeps nothing of a result that is too long', async (t) => {
    const operationId = newId()
    const call = db.query("INSERT INTO note SELECT 1, repeat('a', 2000000) RETURNING text", [], { operationId })
    await t.rejects(call, { name: 'TransactionError', outcome: 'not-executed' })
    t.same(await ids(), [])
    t.ok(await isUnknown(operationId))
  })

  t.test('is refused when it would end its transaction', async (t) => {
    for (const text of ['COMMIT', '/* a */ end', 'ROLLBACK AND CHAIN']) {
      await t.rejects(db.query(text, [], { operationId: newId() }), { name: 'ValidationError' }, text)
    }
  })

  t.test('keeps nothing when it is aborted or late', async (t) => {
    const slow = 'INSERT INTO note SELECT 1 FROM pg_sleep(60)'
    const operationId = newId()
    const controller = new AbortController()
    const aborted = db.query(slow, [], { operationId, signal: controller.signal })
    await until(() => db.stats().pool.borrowed === 1)
    controller.abort()
    await t.rejects(aborted, { name: 'CancelledError' })
    await t.rejects(db.query(slow, [], { operationId, timeoutMs: 50 }), { name: 'TimeoutError' })
    t.ok(await isUnknown(operationId))
    t.same(await ids(), [])
  })

  t.test('waits for one that is under way, no longer than it may', async (t) => {
    const operationId = newId()
    const statement = 'INSERT INTO note SELECT $1::int FROM pg_advisory_xact_lock(7)'
    await db.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock(7)')
      const first = db.query(statement, [1], { operationId })
      const isWaiting = async () =>
        (await db.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length > 0
      await until(isWaiting)
      await t.rejects(db.query(statement, [1], { operationId, timeoutMs: 100 }), { name: 'TimeoutError' })
      void first.then(() => {})
    })
    t.same(await db.query(statement, [1], { operationId }), [])
    t.same(await ids(), [1])
  })

  t.test('is executed again when what was kept of it is deleted', async (t) => {
    const operationId = newId()
    const call = () => db.query('INSERT INTO note SELECT count(*) FROM note RETURNING id', [], { operationId })
    t.same(await call(), [{ id: 0 }])
    await db.operations.deleteOld({ olderThanMs: 0 })
    t.same(await call(), [{ id: 1 }])
  })

  t.test('is begun again when the row that it met is gone when it looks', async (t) => {
    const operationId = newId()
    const call = () => db.query('INSERT INTO note SELECT count(*) FROM note RETURNING id', [], { operationId })
    await call()
    // A trigger hides the row from the first look at it.
    await db.query('CREATE SEQUENCE look')
    const hide = (when: string) =>
      db.query(`CREATE OR REPLACE FUNCTION hide() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF ${when} THEN RETURN NULL; END IF; RETURN NEW; END'`)
    await hide("nextval(''look'') = 1")
    await db.query(
      'CREATE TRIGGER hide BEFORE UPDATE OF replayed_at ON core.operation FOR EACH ROW EXECUTE FUNCTION hide()',
    )
    t.teardown(() => db.query('DROP FUNCTION hide CASCADE'))
    t.same(await call(), [{ id: 0 }])
    t.same(await db.query('SELECT last_value AS looks FROM look'), [{ looks: 2 }])
    await hide('TRUE')
    await t.rejects(call(), { name: 'OutcomeUnknownError', message: /could not be read/ })
  })

  t.test('has its rows in the same transaction as the operation', async (t) => {
    const operationId = newId()
    await db.query('INSERT INTO note VALUES (1)', [], { operationId })
    const [row] = await db.query<{ same: boolean }>(
      'SELECT note.xmin = operation.xmin AS same FROM note, core.operation WHERE operation_id = $1',
      [operationId],
    )
    t.equal(row?.same, true)
  })

  t.test('works without prepared statements, without a pool, and on one connection', async (t) => {
    const access = await createTestDatabase(t)
    for (const options of [
      { preparedStatements: false },
      { pool: 'none' },
      { pool: { max: 1 } },
      { maxPreparedStatements: 1 },
    ] as const) {
      await using handle = await connect({ ...access, ...options })
      const operationId = newId()
      const call = () => handle.query<{ at: Date }>('SELECT clock_timestamp() AS at', [], { operationId })
      const [first, ...others] = await Promise.all([call(), call(), call()])
      for (const other of others) t.strictSame(other, first)
      t.equal(replays(handle), 2)
    }
  })

  t.test('sets nothing for those who have the connection after it', async (t) => {
    await using handle = await connect({ ...(await createTestDatabase(t)), pool: { max: 1 } })
    const setting = async () =>
      (await handle.query("SELECT current_setting('idle_in_transaction_session_timeout') AS ms"))[0]
    await handle.query('SELECT 1', [], { operationId: newId(), timeoutMs: 10_000 })
    t.same(await setting(), { ms: '0' })
    t.same(await handle.query("SELECT current_setting('statement_timeout') AS limit"), [{ limit: '1min' }])
  })

  t.test('tells that the migrations are missing where they are', async (t) => {
    await using handle = await connect({ ...(await createTestDatabase(t, null)), pool: { max: 1 } })
    await t.rejects(handle.query('SELECT 1', [], { operationId: 'a' }), {
      name: 'UndefinedObjectError',
      message: /are all migrations applied/,
    })
  })
})

t.test('a copyInto with an operationId', async (t) => {
  t.test('loads once, and does not ask for the rows again', async (t) => {
    const operationId = newId()
    let asked = 0
    function* rows() {
      asked += 1
      yield [1]
      yield [2]
    }
    for (const turn of [1, 2]) {
      t.same(await db.copyInto('note', ['id'], rows(), { operationId }), { rows: 2 }, `${turn}`)
    }
    t.equal(asked, 1)
    t.same(await ids(), [1, 2])
  })

  t.test('leaves nothing when it fails on either side', async (t) => {
    const operationId = newId()
    await t.rejects(db.copyInto('note', ['id'], [[1], ['a']], { operationId }), { name: 'ValidationError' })
    await t.rejects(db.copyInto('note', ['id'], [[1], [1]], { operationId }), { name: 'UniqueViolationError', row: 1 })
    t.ok(await isUnknown(operationId))
    t.same(await db.copyInto('note', ['id'], [[1]], { operationId }), { rows: 1 })
  })
})

t.test('a read with an operationId', async (t) => {
  t.test('takes no note of it', async (t) => {
    const operationId = newId()
    const limited = db.with({ operationId })
    t.equal(await limited.templates.find('0198c0de-0000-7000-8000-000000000000'), null)
    t.equal(await limited.templates.count(), await db.templates.count())
    t.ok(await isUnknown(operationId))
  })
})

t.test('a stream with an operationId', async (t) => {
  t.test('is refused', async (t) => {
    const refused = { name: 'ValidationError', issues: [{ path: 'operationId' }] }
    t.throws(() => db.stream(insertNote, { id: 1, text: null }, { operationId: 'a' } as never), refused)
    t.throws(() => db.with({ operationId: 'a' }).stream(insertNote, { id: 1, text: null }), refused)
  })
})

t.test('an operationId', async (t) => {
  t.test('has 1 to 255 characters that PostgreSQL can hold', async (t) => {
    for (const operationId of ['', 'a'.repeat(256), '😀'.repeat(256), 'a\0', '\ud800', 5, null]) {
      const options = { operationId: operationId as string }
      const refused = { name: 'ValidationError', issues: [{ path: 'operationId' }] }
      await t.rejects(db.query('SELECT 1', [], options), refused)
      await t.rejects(
        db.transaction(async () => {}, options),
        refused,
      )
      t.throws(() => db.with(options), refused)
    }
    for (const operationId of ['a', 'a'.repeat(255), '😀'.repeat(255), "'; --", ' ']) {
      t.same(await db.query('SELECT 1 AS a', [], { operationId }), [{ a: 1 }])
    }
  })
})
