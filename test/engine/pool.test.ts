import { createServer } from 'node:net'
import t from 'tap'
import { connect } from '../../src/database.js'
import { Query } from '../../src/engine/query.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'

const access = await createTestDatabase(t)
const backendPid = 'SELECT pg_backend_pid() AS pid'

/** Ends all other sessions on the test's database. */
async function endSessions(): Promise<void> {
  const db = await connect({ ...access, retry: 'none', pool: { max: 1 } })
  await db.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  )
  await db.close()
}

t.test('acquire', async (t) => {
  t.test('gives up after its time-out, and tells the sizes', async (t) => {
    const db = await connect({ ...access, retry: 'none', pool: { max: 1, acquireTimeoutMs: 50 } })
    t.teardown(() => db.close())
    await db.transaction(async () => {
      await t.rejects(db.query('SELECT 1'), {
        name: 'AcquireTimeoutError',
        code: 'ASHLAR_ACQUIRE_TIMEOUT',
        message: /no connection became free within \d+ ms: 1 of 1 borrowed, 0 waiting/,
        pool: { max: 1, open: 1, idle: 0, borrowed: 1, waiting: 0 },
      })
    })
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }], 'works when the connection is free again')
  })

  t.test('gives up on a server that accepts and never answers', async (t) => {
    const silent = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    t.teardown(() => silent.close())
    const { port } = silent.address() as { port: number }
    const startedAt = performance.now()
    const work = connect({ ...access, retry: 'none', port, pool: { connectTimeoutMs: 50, acquireTimeoutMs: 60_000 } })
    await t.rejects(work, { name: 'ConnectionError', message: /timeout expired/ })
    t.ok(performance.now() - startedAt < 30_000, 'by its own limit, not by another')
  })

  t.test('refuses when the handle is closed', async (t) => {
    const db = await connect(access)
    await db.close()
    await db.close()
    await t.rejects(db.query('SELECT 1'), { name: 'PoolClosedError', code: 'ASHLAR_POOL_CLOSED' })
  })
})

t.test('stats', async (t) => {
  t.test('counts connections, statements and failures', async (t) => {
    const db = await connect({ ...access, retry: 'none', pool: { min: 0, max: 2 } })
    t.teardown(() => db.close())
    await db.query('SELECT 1')
    await db.query('SELECT 1/0').catch(() => {})
    t.same(db.stats().pool, {
      min: 0,
      max: 2,
      opening: 0,
      maxBorrowed: 1,
      longestWaitMs: null,
      longestHeldMs: null,
      open: 1,
      listening: 0,
      idle: 1,
      borrowed: 0,
      lanes: 0,
      inFlight: 0,
      waiting: 0,
      connects: 1,
      statements: 2,
      failures: 1,
      shed: 0,
      cancels: 0,
      reruns: 0,
      moved: 0,
    })
  })
})

t.test('close', async (t) => {
  t.test('waits for calls under way', async (t) => {
    const db = await connect(access)
    const call = db.query('SELECT pg_sleep(0.05), 7 AS a')
    await new Promise((resolve) => setImmediate(resolve))
    await db.close()
    t.match(await call, [{ a: 7 }])
  })
})

t.test('close with callers that wait', async (t) => {
  t.test('serves them first, and takes no more', async (t) => {
    const db = await connect({ ...access, retry: 'none', pool: { max: 1 } })
    const calls = [1, 2, 3].map((value) => db.query(`SELECT pg_sleep(0.02), ${value} AS value`))
    await until(() => db.stats().pool.waiting > 0)
    const closed = db.close()
    await t.rejects(db.query('SELECT 1'), { name: 'PoolClosedError' })
    await closed
    t.match((await Promise.all(calls)).flat(), [{ value: 1 }, { value: 2 }, { value: 3 }])
  })
})

t.test('connections that die', async (t) => {
  t.test('are replaced when they were idle', async (t) => {
    const db = await connect({ ...access, retry: 'none', pool: { max: 1 } })
    t.teardown(() => db.close())
    await endSessions()
    await until(() => db.stats().pool.open === 0)
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
  })

  for (const pool of [{ max: 1 }, 'none'] as const) {
    t.test(`do not end the process while a transaction is idle (pool ${JSON.stringify(pool)})`, async (t) => {
      const db = await connect({ ...access, retry: 'none', pool })
      t.teardown(() => db.close())
      const work = db.transaction(async (tx) => {
        await tx.query('SELECT 1')
        await endSessions()
        await tx.query('SELECT 1')
      })
      await t.rejects(work, { name: 'ConnectionError' })
      t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
    })
  }

  t.test('leave the outcome of a write unknown', async (t) => {
    const db = await connect({ ...access, retry: 'none', pool: { max: 1 } })
    t.teardown(() => db.close())
    const write = db.query('SELECT pg_sleep(60)')
    write.catch(() => {})
    await until(() => db.stats().pool.borrowed === 1)
    await endSessions()
    await t.rejects(write, {
      name: 'OutcomeUnknownError',
      code: 'ASHLAR_OUTCOME_UNKNOWN',
      query: 'query',
      message: 'query: the connection was lost before the answer; it is not known whether it took effect',
    })
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
  })

  t.test('leave nothing open about a read', async (t) => {
    const db = await connect({ ...access, retry: 'none', pool: { max: 1 } })
    t.teardown(() => db.close())
    const sleep = new Query<void, unknown>('sleep', { statement: 'SELECT pg_sleep(60)', params: [] }, { read: true })
    const read = db.run(sleep, undefined)
    read.catch(() => {})
    await until(() => db.stats().pool.borrowed === 1)
    await endSessions()
    await t.rejects(read, { name: 'ConnectionError', message: /^sleep: terminating connection/ })
  })
})

t.test('connections that come back', async (t) => {
  t.test('carry no open transaction to the next borrower, and who opened it is told', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    const [before] = await db.query(backendPid)
    await t.rejects(db.query('BEGIN'), {
      name: 'TransactionError',
      message: 'query: the statement opened a transaction, which was rolled back; use transaction()',
    })
    await db.query('CREATE TABLE kept (id int)')
    t.same(await db.query(backendPid), [before], 'the connection is still the same')
    const { host, port, database } = db.server
    const other = await connect({ ...access, retry: 'none', host, port, database })
    t.teardown(() => other.close())
    t.same(await other.query('SELECT * FROM kept'), [], 'what came later was committed')
  })

  t.test('forget a prepared statement that cannot be run any more', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (text text)')
    await db.query("INSERT INTO note VALUES ('1')")
    const all = new Query<void, { text: unknown }>(
      'all',
      { statement: 'SELECT text FROM note', params: [] },
      { read: true },
    )
    t.same(await db.run(all, undefined), [{ text: '1' }])
    await db.query('DEALLOCATE ALL')
    t.same(await db.run(all, undefined), [{ text: '1' }])
    t.same(db.stats().events['plan-repaired'], undefined, 'the command tag told it')
  })
})

t.test('options', async (t) => {
  t.test('reach the server', async (t) => {
    const db = await connectTestDatabase(t, { applicationName: 'shop', commandTimeoutMs: 1_234 })
    const [row] = await db.query(
      "SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS limit",
    )
    t.same(row, { name: 'shop', limit: '1234ms' })
  })

  t.test('close a connection that was idle for so long', async (t) => {
    const db = await connect({ ...access, retry: 'none', pool: { min: 0, idleTimeoutMs: 20 } })
    t.teardown(() => db.close())
    await db.query('SELECT 1')
    await until(() => db.stats().pool.open === 0)
  })

  t.test('of the environment that pg would look up have no say', async (t) => {
    process.env.PGOPTIONS = '-c default_transaction_read_only=on'
    t.teardown(() => delete process.env.PGOPTIONS)
    const db = await connect(access)
    t.teardown(() => db.close())
    t.same(await db.query("SELECT current_setting('default_transaction_read_only') AS read_only"), [
      { readOnly: 'off' },
    ])
  })
})
