import t from 'tap'
import type { EngineEvent } from '../../../src/engine/monitor/event.js'
import { type ConnectOptions, connect, type Database } from '../../../src/index.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { readQuery, writeQuery } from '../../fixtures/read-query.js'
import { until } from '../../fixtures/until.js'

const access = await createTestDatabase(t)
const admin = await connect({ ...access, applicationName: 'admin', pool: { min: 0, max: 2 } })
t.teardown(() => admin.close())
await admin.query('CREATE TABLE account (account_id int PRIMARY KEY, balance int NOT NULL)')

t.beforeEach(async () => {
  await admin.query('DELETE FROM account')
  await admin.query('INSERT INTO account SELECT each, 0 FROM generate_series(1, 2) AS each')
})

async function open(options: ConnectOptions = {}): Promise<{ db: Database; events: EngineEvent[] }> {
  const db = await connect({ ...access, applicationName: 'victim', pool: { min: 0, max: 16 }, ...options })
  const events: EngineEvent[] = []
  db.onEvent((event) => events.push(event))
  t.teardown(() => db.close())
  return { db, events }
}

/** Ends the sessions that run a statement like this, as soon as there is one. */
async function terminate(text: string): Promise<void> {
  await until(async () => {
    const rows = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'victim' AND state = 'active' AND query LIKE $1`,
      [`%${text}%`],
    )
    return rows.length > 0
  })
}

const balance = async () => (await admin.query<{ sum: number }>('SELECT sum(balance)::int AS sum FROM account'))[0]?.sum
const slow = readQuery<{ value: string }>('slowEcho', 'SELECT :value::text AS value, pg_sleep(0.3)')
const deposit = writeQuery(
  'deposit',
  'UPDATE account SET balance = balance + 1, account_id = account_id + (SELECT 0 FROM pg_sleep(0.3)) WHERE account_id = :value::int',
)

t.test('a read whose connection is ended is answered all the same, also those behind it', async (t) => {
  const { db, events } = await open({ pool: { min: 0, max: 2 } })
  const calls = Promise.all(['a', 'b', 'c'].map((value) => db.run(slow, { value })))
  await terminate('slowEcho')
  t.same(
    (await calls).map(([row]) => row?.value),
    ['a', 'b', 'c'],
  )
  t.match(
    events.find(({ type }) => type === 'retry'),
    { query: 'slowEcho', work: 'read', attempt: 1, reason: '57P01' },
  )
  t.match(db.stats(), {
    events: { retry: Number },
    queries: { slowEcho: { calls: 3, failures: 0 } },
    pool: { failures: 0 },
  })
})

t.test('a write whose connection is ended is not tried again', async (t) => {
  const { db, events } = await open()
  const call = db.execute(deposit, { value: '1' })
  const told = t.rejects(call, { name: 'OutcomeUnknownError', outcome: 'unknown', query: 'deposit' })
  await terminate('deposit')
  await told
  t.equal(await balance(), 0)
  t.match(
    events.map(({ type }) => type).filter((type) => /retry|outcome/.test(type)),
    ['outcome-unknown'],
  )
  t.match(db.stats().queries, { deposit: { calls: 1, failures: 1 } })
})

t.test('a transaction whose connection is ended before COMMIT is run again, and takes effect once', async (t) => {
  const { db } = await open()
  let runs = 0
  const work = db.transaction(async (tx) => {
    runs += 1
    await tx.execute(deposit, { value: '1' })
    return runs
  })
  await terminate('deposit')
  t.equal(await work, 2)
  t.equal(await balance(), 1)
})

t.test("what a repository or a caller makes of the server's error does not hide it from the retry", async (t) => {
  const { db } = await open()
  let runs = 0
  await db.transaction(async (tx) => {
    runs += 1
    if (runs < 3)
      await tx.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$").catch((cause) => {
        throw new Error('the deposit failed', { cause })
      })
  })
  t.equal(runs, 3)
})

t.test(
  'what may have committed a part of its work is not tried again, and is not said to have had no effect',
  async (t) => {
    const { db } = await open()
    await admin.query(`CREATE PROCEDURE pay() LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE account SET balance = balance + 1 WHERE account_id = 1;
      COMMIT;
      IF current_setting('application_name') = 'slow' THEN PERFORM pg_sleep(60); END IF;
      RAISE SQLSTATE '40001';
    END $$`)
    const told = { name: 'TransientError', sqlState: '40001', outcome: 'unknown' }
    for (const text of [
      'CALL pay()',
      '/* pay */ call pay()',
      'DO $$ BEGIN CALL pay(); END $$',
      "DO $$ BEGIN UPDATE account SET balance = balance + 1; COMMIT; RAISE SQLSTATE '40001'; END $$",
    ]) {
      const before = (await balance()) as number
      await t.rejects(db.query(text), told, text)
      t.equal(await balance(), before + (text.includes('UPDATE') ? 2 : 1), text)
    }
    await t.rejects(db.query('CALL no_such_procedure()'), {
      name: 'UndefinedObjectError',
      sqlState: '42883',
      outcome: 'not-executed',
    })
    await t.rejects(
      db.transaction((tx) => tx.query('CALL pay()')),
      { name: 'QueryError', sqlState: '2D000', outcome: 'not-executed' },
      'a transaction refuses it',
    )
    const { db: slowly } = await open({ applicationName: 'slow' })
    const controller = new AbortController()
    const ended = slowly.query('CALL pay()', [], { signal: controller.signal })
    setTimeout(() => controller.abort(), 100)
    await t.rejects(ended, { name: 'CancelledError', outcome: 'unknown' })
  },
)

t.test('a transaction that swallows what failed it is not run again', async (t) => {
  const { db } = await open()
  let runs = 0
  const work = db.transaction(async (tx) => {
    runs += 1
    await tx.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$").catch(() => {})
  })
  await t.rejects(work, { name: 'TransactionError' })
  t.equal(runs, 1)
})

t.test('with `none`, and with retry: false, nothing is tried again', async (t) => {
  const { db } = await open({ retry: 'none' })
  const { db: other } = await open({ retry: { maxDelayMs: 5 } })
  const fail = "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"
  await t.rejects(db.query(fail), { name: 'TransientError' })
  await t.rejects(other.query(fail, [], { retry: false }), { name: 'TransientError' })
  await t.rejects(other.with({ retry: false }).query(fail), { name: 'TransientError' })
  await t.rejects(other.query(fail, [], { retry: 1 as never }), { name: 'ValidationError' })
  await t.rejects(other.query(fail), { name: 'RetryExhaustedError', attempts: 50, cause: { name: 'TransientError' } })
})

t.test('a storm of serialization failures ends with each caller done, and the right count', async (t) => {
  const { db, events } = await open({ retry: { maxConflictAttempts: 200 } })
  const increment = () =>
    db.transaction(
      async (tx) => {
        const [row] = await tx.query<{ balance: number }>('SELECT balance FROM account WHERE account_id = 1')
        await tx.query('UPDATE account SET balance = $1 WHERE account_id = 1', [(row?.balance ?? 0) + 1])
      },
      { isolation: 'serializable' },
    )
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let turn = 0; turn < 5; turn += 1) await increment()
    }),
  )
  t.equal(await balance(), 80)
  const retries = events.filter(({ type }) => type === 'retry')
  t.ok(retries.length > 0, `${retries.length} retries`)
  t.ok(retries.every((event) => event.type === 'retry' && event.reason === '40001'))
})

t.test('a storm of deadlocks ends with each caller done, and the right count', async (t) => {
  const { db, events } = await open()
  await admin.query(`ALTER DATABASE ${access.database} SET deadlock_timeout = '10ms'`)
  db.expire()
  const move = (ids: readonly number[]) =>
    db.transaction(async (tx) => {
      for (const id of ids) await tx.query('UPDATE account SET balance = balance + 1 WHERE account_id = $1', [id])
    })
  await Promise.all(Array.from({ length: 40 }, (_, index) => move(index % 2 === 0 ? [1, 2] : [2, 1])))
  t.equal(await balance(), 80)
  t.ok(events.some((event) => event.type === 'retry' && event.reason === '40P01'))
})
