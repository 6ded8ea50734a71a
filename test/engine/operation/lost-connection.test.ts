import t from 'tap'
import { connect } from '../../../src/database.js'
import type { Database } from '../../../src/index.js'
import { type Cut, startCutter } from '../../fixtures/cutter.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { until } from '../../fixtures/until.js'

const access = await createTestDatabase(t)
const cutter = await startCutter(t, access.port)
const pool = { min: 0, max: 5, pingAfterIdleMs: null }
const observer = await connect({ ...access, pool })
const db = await connect({ ...access, port: cutter.port, pool })
t.teardown(async () => {
  await db.close()
  await observer.close()
})
await observer.query('CREATE TABLE note (id serial, text text)')

/** What is sent behind the write: the proxy sees it in the messages. */
const COMMIT = 'ashlar commit'
const WRITE = 'INSERT INTO note'

/** Each tries once: what a call is told is what it was told. */
const calls: Readonly<Record<string, (handle: Database, operationId: string) => Promise<unknown>>> = {
  query: (handle, operationId) =>
    handle.query(`${WRITE} (text) VALUES ($1) RETURNING id`, [operationId], { operationId, retry: false }),
  copyInto: (handle, operationId) => handle.copyInto('note', ['text'], [[operationId]], { operationId, retry: false }),
  transaction: (handle, operationId) =>
    handle.transaction(async (tx) => tx.query(`${WRITE} (text) VALUES ($1) RETURNING id`, [operationId]), {
      operationId,
      retry: false,
    }),
}

async function count(text: string): Promise<number> {
  const [row] = await observer.query<{ count: number }>('SELECT count(*) AS count FROM note WHERE text = $1', [text])
  return row?.count ?? 0
}

/** How the server sees the connection that was cut for the client alone. */
async function isIdleInTransaction(): Promise<boolean> {
  const rows = await observer.query(
    `SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()`,
  )
  return rows.length > 0
}

for (const [name, call] of Object.entries(calls)) {
  t.test(`a ${name} with an operationId`, async (t) => {
    for (const cut of ['before', 'after'] as const satisfies readonly Cut[]) {
      t.test(
        `whose connection is lost ${cut} the server has done the COMMIT is done once by the next call`,
        async (t) => {
          const operationId = `${name} ${cut}`
          // What is prepared on the connection no more goes by its text.
          await call(db, `${operationId}, warm`)
          cutter.cutAt(COMMIT, cut)
          const replays = db.stats().events['operation-replayed'] ?? 0
          await t.rejects(call(db, operationId), { name: 'OutcomeUnknownError', outcome: 'unknown' })
          t.equal(await count(operationId), cut === 'before' ? 0 : 1)
          const result = await call(db, operationId)
          t.equal((db.stats().events['operation-replayed'] ?? 0) - replays, cut === 'before' ? 0 : 1)
          t.equal(await count(operationId), 1)
          t.strictSame(await call(db, operationId), result)
          t.equal(await count(operationId), 1)
        },
      )
    }

    t.test('is known not to be executed when the connection is lost before its COMMIT is sent', async (t) => {
      const operationId = `${name} early`
      cutter.cutAt(name === 'copyInto' ? 'COPY "note"' : WRITE, 'after')
      await t.rejects(call(db, operationId), { name: 'ConnectionError', outcome: 'not-executed' })
      await call(db, operationId)
      t.equal(await count(operationId), 1)
    })
  })
}

t.test('a replay', async (t) => {
  t.test('whose connection is lost does not claim that nothing was executed', async (t) => {
    const operationId = 'replay cut'
    const call = () => calls.query?.(db, operationId)
    const first = await call()
    await call()
    for (const cut of ['before', 'after'] as const) {
      cutter.cutAt('recall operation', cut)
      await t.rejects(call() as Promise<unknown>, { name: 'OutcomeUnknownError' })
    }
    t.strictSame(await call(), first)
    t.equal(await count(operationId), 1)
  })

  t.test('waits until the server has given up a connection that has gone silent in the midst of a write', async (t) => {
    const operationId = 'silent'
    await calls.query?.(db, 'silent, warm')
    cutter.cutAt(COMMIT, 'silent')
    await t.rejects(calls.query?.(db, operationId) as Promise<unknown>, { name: 'OutcomeUnknownError' })
    t.ok(await isIdleInTransaction(), 'the server knows nothing of it')
    const late = db.query(`${WRITE} (text) VALUES ($1) RETURNING id`, [operationId], { operationId, timeoutMs: 100 })
    await t.rejects(late, { name: 'TimeoutError' })
    await calls.query?.(db, operationId)
    t.equal(await count(operationId), 1)
    t.notOk(await isIdleInTransaction())
  })

  t.test('of a transaction waits until the server hears of the loss', async (t) => {
    const operationId = 'silent transaction'
    await calls.transaction?.(db, 'silent transaction, warm')
    cutter.cutAt(COMMIT, 'silent')
    await t.rejects(calls.transaction?.(db, operationId) as Promise<unknown>, { name: 'OutcomeUnknownError' })
    const replay = calls.transaction?.(db, operationId)
    await until(async () => {
      const waiting = await observer.query("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
      return waiting.length > 0
    })
    cutter.letGo()
    await replay
    t.equal(await count(operationId), 1)
  })
})

t.test('a backend that is terminated', async (t) => {
  t.test('in the midst of the write leaves nothing', async (t) => {
    const operationId = 'terminated'
    const sleep = () =>
      db.query(`${WRITE} (text) SELECT $1 FROM pg_sleep($2) RETURNING id`, [operationId, 0.2], {
        operationId,
        retry: false,
      })
    const first = sleep()
    await until(async () => {
      const ended = await observer.query<{ done: boolean }>(
        `SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity
         WHERE query LIKE '${WRITE}%pg_sleep%' AND state = 'active' AND datname = current_database()`,
      )
      return ended.length > 0
    })
    await t.rejects(first, { name: 'ConnectionError', outcome: 'not-executed' })
    t.equal(await count(operationId), 0)
    await sleep()
    t.equal(await count(operationId), 1)
  })

  t.test('while the result is being kept leaves nothing, and the caller does not know', async (t) => {
    const operationId = 'terminated late'
    await observer.query(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1); RETURN NEW; END'`)
    await observer.query(
      'CREATE TRIGGER die BEFORE UPDATE OF result ON core.operation FOR EACH ROW EXECUTE FUNCTION die()',
    )
    await t.rejects(calls.query?.(db, operationId) as Promise<unknown>, { name: 'OutcomeUnknownError' })
    await observer.query('DROP FUNCTION die CASCADE')
    t.equal(await count(operationId), 0)
    await calls.query?.(db, operationId)
    t.equal(await count(operationId), 1)
  })
})
