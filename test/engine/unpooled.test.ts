import { createServer } from 'node:net'
import t from 'tap'
import { connect, type Database } from '../../src/database.js'
import { createTestDatabase } from '../fixtures/database.js'
import { startSloth } from '../fixtures/sloth.js'
import { withAdmin } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'

const access = await createTestDatabase(t)
const backendPid = 'SELECT pg_backend_pid() AS pid'

/** Counts the sessions on the test's database. */
async function sessions(): Promise<number> {
  const { rows } = await withAdmin(access, (admin) =>
    admin.query('SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = $1', [access.database]),
  )
  return rows[0].count
}

async function pidOf(db: Pick<Database, 'query'>): Promise<number | undefined> {
  const [row] = await db.query<{ pid: number }>(backendPid)
  return row?.pid
}

t.test('connect without a pool', async (t) => {
  t.test('opens nothing before the first call', async (t) => {
    const db = await connect({ ...access, pool: 'none' })
    t.teardown(() => db.close())
    t.equal(await sessions(), 0)
    t.match(db.stats().pool, { connects: 0, open: 0 })
  })

  t.test('can be asked for by the environment, with sizes from the options', async (t) => {
    process.env.ASHLAR_POOL = 'none'
    t.teardown(() => delete process.env.ASHLAR_POOL)
    const db = await connect({ ...access, pool: { max: 3 } })
    t.teardown(() => db.close())
    t.match(db.stats().pool, { connects: 0, max: 3 })
    t.not(await pidOf(db), await pidOf(db))
  })

  t.test('leaves errors to the first call', async (t) => {
    const db = await connect({ ...access, port: 1, pool: 'none', retry: 'none' })
    t.teardown(() => db.close())
    await t.rejects(db.query('SELECT 1'), { name: 'ConnectionError', message: /^connect: connect ECONNREFUSED/ })
    t.match(await db.health(), { status: 'unhealthy' })
    t.match(db.stats().pool, { open: 0, waiting: 0 })
  })

  t.test('still migrates when asked to', async (t) => {
    const empty = await createTestDatabase(t, null)
    const db = await connect({ ...empty, pool: 'none', migrate: true })
    t.teardown(() => db.close())
    t.equal(await db.projectContexts.count(), 0)
  })
})

t.test('a unit of work', async (t) => {
  const db = await connect({ ...access, pool: 'none' })
  t.teardown(() => db.close())

  t.test('has a connection of its own, closed when it answers', async (t) => {
    const pids = [await pidOf(db), await pidOf(db), await pidOf(db)]
    t.equal(new Set(pids).size, 3)
    t.equal(await sessions(), 0)
    t.match(db.stats().pool, { connects: 3, statements: 3, failures: 0, open: 0, idle: 0, borrowed: 0, waiting: 0 })
  })

  t.test('is a whole transaction, with its savepoints', async (t) => {
    const pids = await db.transaction(async (tx) => [
      await pidOf(tx),
      await pidOf(tx),
      await tx.transaction((inner) => pidOf(inner)),
    ])
    t.equal(new Set(pids).size, 1)
    t.not(await pidOf(db), pids[0])
    t.equal(await sessions(), 0)
  })

  t.test('hands no setting on to the next', async (t) => {
    await db.query("SET search_path TO 'elsewhere'")
    await db.query("SELECT set_config('ashlar.note', 'mine', false)")
    const [row] = await db.query(
      "SELECT current_setting('search_path') AS path, current_setting('ashlar.note', true) AS note",
    )
    t.same(row, { path: '"$user", public', note: null })
  })

  t.test('that fails leaves nothing open', async (t) => {
    await t.rejects(db.query('SELECT 1/0'), { name: 'QueryError' })
    await t.rejects(db.query('BEGIN'), { name: 'TransactionError' })
    await t.rejects(
      db.transaction(async (tx) => {
        await tx.query('CREATE TABLE undone (id int)')
        throw new Error('changed my mind')
      }),
      { message: 'changed my mind' },
    )
    await t.rejects(db.query('SELECT pg_terminate_backend(pg_backend_pid())'), { name: 'OutcomeUnknownError' })
    t.equal(await sessions(), 0)
    t.match(db.stats().pool, { open: 0, failures: 3 })
    t.same(await db.query("SELECT to_regclass('undone') AS undone"), [{ undone: null }])
  })
})

t.test('many units of work at once', async (t) => {
  t.test('never have more than pool.max connections, on the server too', async (t) => {
    // The server itself refuses a third.
    await withAdmin(access, async (admin) => {
      await admin.query(`CREATE ROLE two LOGIN PASSWORD 'two' CONNECTION LIMIT 2`)
    })
    t.teardown(() => withAdmin(access, (admin) => admin.query('DROP ROLE two')))
    process.env.ASHLAR_POOL_MAX = '2'
    t.teardown(() => delete process.env.ASHLAR_POOL_MAX)
    const db = await connect({ ...access, user: 'two', password: 'two', pool: 'none' })
    t.teardown(() => db.close())
    const loop = async (): Promise<void> => {
      for (let each = 0; each < 20; each += 1) await db.query('SELECT 1')
    }
    const burst = Array.from({ length: 100 }, () => db.query<{ a: number }>('SELECT 1 AS a'))
    await Promise.all([...burst, loop(), loop(), loop()])
    t.match(db.stats().pool, { max: 2, connects: 160, open: 0, failures: 0 })
  })

  t.test('give up waiting after the time-out', async (t) => {
    const source = { ...access, pool: { max: 1, acquireTimeoutMs: 50 } }
    process.env.ASHLAR_POOL = 'none'
    const db = await connect(source)
    delete process.env.ASHLAR_POOL
    t.teardown(() => db.close())
    await db.transaction(async () => {
      await t.rejects(db.query('SELECT 1'), {
        name: 'AcquireTimeoutError',
        pool: { max: 1, open: 1, idle: 0, borrowed: 1, waiting: 0 },
      })
    })
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
  })

  t.test('give up on a server that accepts and never answers', async (t) => {
    const silent = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    t.teardown(() => silent.close())
    process.env.ASHLAR_POOL_CONNECT_TIMEOUT_MS = '50'
    t.teardown(() => delete process.env.ASHLAR_POOL_CONNECT_TIMEOUT_MS)
    const db = await connect({
      ...access,
      port: (silent.address() as { port: number }).port,
      pool: 'none',
      retry: 'none',
    })
    await t.rejects(db.query('SELECT 1'), { name: 'ConnectionError', message: /timeout expired/ })
    await db.close()
  })
})

t.test('a connection whose other end never closes', async (t) => {
  t.test('is given up, and keeps neither the caller nor the turn', async (t) => {
    const port = await startSloth(t, access.port)
    const db = await connect({ ...access, port, pool: 'none' })
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
    t.match(db.stats().pool, { open: 0, failures: 0 })
    await db.close()
  })
})

t.test('health and close', async (t) => {
  t.test('health opens what it needs, and leaves nothing', async (t) => {
    const db = await connect({ ...access, pool: 'none' })
    t.teardown(() => db.close())
    t.match(await db.health(), { status: 'healthy' })
    t.equal(await sessions(), 0)
  })

  t.test('close waits for the last of several', async (t) => {
    const db = await connect({ ...access, pool: 'none' })
    const finish: (() => void)[] = []
    const hold = (): Promise<void> =>
      db.transaction(async (tx) => {
        await tx.query('SELECT 1')
        await new Promise<void>((resolve) => finish.push(resolve))
      })
    const [first, second] = [hold(), hold()]
    await until(() => finish.length === 2)
    let isClosed = false
    const closed = db.close().then(() => {
      isClosed = true
    })
    finish[0]?.()
    await Promise.race([first, second])
    await new Promise((resolve) => setImmediate(resolve))
    t.equal(isClosed, false)
    finish[1]?.()
    await closed
    t.equal(await sessions(), 0)
  })

  t.test('close serves those who wait, takes no more, and leaves nothing open', async (t) => {
    process.env.ASHLAR_POOL_MAX = '1'
    const db = await connect({ ...access, pool: 'none' })
    delete process.env.ASHLAR_POOL_MAX
    const calls = [1, 2, 3].map((value) => db.query(`SELECT pg_sleep(0.02), ${value} AS value`))
    await until(() => db.stats().pool.waiting > 0)
    const closed = db.close()
    await t.rejects(db.query('SELECT 1'), { name: 'PoolClosedError' })
    await closed
    t.match((await Promise.all(calls)).flat(), [{ value: 1 }, { value: 2 }, { value: 3 }])
    t.equal(await sessions(), 0)
    await db.close()
  })
})
