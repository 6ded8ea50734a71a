import { getEventListeners } from 'node:events'
import t from 'tap'
import type { Database } from '../../src/database.js'
import { connect } from '../../src/database.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { readQuery } from '../fixtures/read-query.js'
import { withAdmin } from '../fixtures/template.js'
import { startTurnCounter } from '../fixtures/turn-counter.js'
import { until } from '../fixtures/until.js'

const access = await createTestDatabase(t)

/** A query that has not held up a lane yet: on a busy machine any may have, and then few of it are sent behind each other. */
const freshEcho = () =>
  readQuery<{ value: string; pid: number }>('echo', 'SELECT :value::text AS value, pg_backend_pid() AS pid')
const echo = freshEcho()
const sleep = readQuery<unknown>('sleep', 'SELECT pg_sleep(:value::text::float8)')

function echoes(db: Pick<Database, 'run'>, count: number, query = echo): Promise<{ value: string; pid: number }[][]> {
  return Promise.all(Array.from({ length: count }, (_, index) => db.run(query, { value: String(index) })))
}

t.test('reads on lanes', async (t) => {
  t.test('answer each caller with its own rows', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 10 } })
    const results = await echoes(db, 500)
    t.same(
      results.map(([row]) => row?.value),
      Array.from({ length: 500 }, (_, index) => String(index)),
    )
  })

  t.test('share a few connections, and all others stay free', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 10, lanes: 3 } })
    await echoes(db, 200)
    await echoes(db, 200)
    const pids = new Set((await echoes(db, 200)).flat().map(({ pid }) => pid))
    t.ok(pids.size <= 3 && pids.size > 0, `${pids.size} connections`)
    t.equal(db.stats().pool.lanes, pids.size)
  })

  t.test('are several in flight on one connection', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2 } })
    const query = freshEcho()
    await echoes(db, 1, query)
    const calls = echoes(db, 20, query)
    t.match(db.stats().pool, { lanes: 1, inFlight: 20 })
    t.equal(new Set((await calls).flat().map(({ pid }) => pid)).size, 1)
    t.match(db.stats().pool, { inFlight: 0, borrowed: 0 })
  })

  t.test('keep to the depth that is allowed, the rest waits its turn', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2, laneDepth: 4 } })
    const query = freshEcho()
    await echoes(db, 1, query)
    const calls = echoes(db, 20, query)
    t.match(db.stats().pool, { inFlight: 4, waiting: 16 })
    t.equal((await calls).length, 20)
    t.match(db.stats().pool, { inFlight: 0, waiting: 0 })
  })

  t.test('keep to the bytes that are allowed', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2, laneBytes: 4_096 } })
    await echoes(db, 1)
    const large = 'x'.repeat(3_000)
    const calls = Promise.all(Array.from({ length: 6 }, () => db.run(echo, { value: large })))
    t.match(db.stats().pool, { inFlight: 2, waiting: 4 })
    t.same(
      (await calls).map(([row]) => row?.value.length),
      Array.from({ length: 6 }, () => 3_000),
    )
  })

  t.test('are hit alone by an error', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2 } })
    const divide = readQuery<{ value: number }>('divide', 'SELECT 10 / (:value::text)::int AS value')
    const results = await Promise.allSettled(['1', '0', '2', 'x', '5'].map((value) => db.run(divide, { value })))
    t.match(results, [
      { value: [{ value: 10 }] },
      { reason: { name: 'QueryError', sqlState: '22012', query: 'divide' } },
      { value: [{ value: 5 }] },
      { reason: { name: 'QueryError', sqlState: '22P02' } },
      { value: [{ value: 2 }] },
    ])
    t.equal(db.stats().pool.failures, 2)
  })

  t.test('fail each for itself when their statement cannot be prepared', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 4 } })
    const broken = readQuery<unknown>('broken', 'SELECT nothing FROM nowhere WHERE id = :value::text')
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => db.run(broken, { value: '1' })))
    for (const result of results) t.match(result, { reason: { name: 'UndefinedObjectError', sqlState: '42P01' } })
    await db.query('CREATE TABLE nowhere (id text, nothing int)')
    t.same(await db.run(broken, { value: '1' }), [], 'and it works as soon as the server knows the table')
  })

  t.test('do not wait behind one that is slow', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 6, lanes: 1 } })
    await echoes(db, 50)
    const slow = db.run(sleep, { value: '1' })
    let isSlowDone = false
    void slow.then(() => {
      isSlowDone = true
    })
    // Sent in the same turn, they stand behind it on the only lane.
    await echoes(db, 10)
    t.notOk(isSlowDone)
    t.ok(db.stats().pool.moved > 0, 'those behind it were sent elsewhere')
    await echoes(db, 10)
    t.notOk(isSlowDone, 'later ones do not even try')
    t.equal(db.stats().pool.lanes, 2)
    await slow
  })

  t.test('go alone when their query is marked slow', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 4 } })
    const marked = readQuery<unknown>('marked', 'SELECT pg_sleep(0.4)\n-- @slow')
    const calls = [db.run(marked, {}), db.run(marked, {})]
    await until(() => db.stats().pool.borrowed === 2)
    t.equal(db.stats().pool.lanes, 0)
    await Promise.all(calls)
  })

  t.test('are run again alone when they meet a lock, and wait for it there', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 4 } })
    await db.query('CREATE TABLE note (text text)')
    const notes = readQuery<{ text: string }>('notes', 'SELECT text FROM note')
    let waiting: Promise<unknown> | null = null
    await db.transaction(async (tx) => {
      await tx.query('LOCK TABLE note IN ACCESS EXCLUSIVE MODE')
      await tx.query("INSERT INTO note VALUES ('new')")
      waiting = db.run(notes, {})
      await until(() => db.stats().pool.reruns === 1)
      t.same((await echoes(db, 5)).flat().length, 5, 'others on the lane are not held up')
    })
    t.same(await waiting, [{ text: 'new' }])
  })

  t.test('meet no lock timeout on a connection that was a lane before', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2 } })
    await echoes(db, 1)
    const settings = () => db.query<{ limit: string }>("SELECT current_setting('lock_timeout') AS limit")
    const busy = db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      await new Promise((resolve) => setTimeout(resolve, 20))
    })
    await busy
    t.same(await settings(), [{ limit: '0' }])
    const lane = readQuery<{ limit: string }>('lane', "SELECT current_setting('lock_timeout') AS limit")
    t.same(await db.run(lane, {}), [{ limit: '50ms' }])
  })

  t.test('do not see a transaction that is not committed, and see it at once when it is', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 4 } })
    await db.query('CREATE TABLE counted (id int)')
    const count = readQuery<{ count: number }>('count', 'SELECT count(*) AS count FROM counted')
    for (let turn = 1; turn <= 50; turn += 1) {
      await db.transaction(async (tx) => {
        await tx.query('INSERT INTO counted VALUES (1)')
        t.same(await db.run(count, {}), [{ count: turn - 1 }])
      })
      t.same(await db.run(count, {}), [{ count: turn }])
    }
  })

  t.test('are lost with their lane, and the next get a new one', async (t) => {
    const db = await connect({ ...access, pool: { min: 0, max: 2 }, retry: 'none' })
    t.teardown(() => db.close())
    const [[first] = []] = await echoes(db, 1)
    const calls = Promise.allSettled([db.run(sleep, { value: '60' }), db.run(echo, { value: 'a' })])
    await until(() =>
      withAdmin(access, async (admin) => {
        const { rows } = await admin.query('SELECT state FROM pg_stat_activity WHERE pid = $1', [first?.pid])
        return rows[0]?.state === 'active'
      }),
    )
    await withAdmin(access, (admin) => admin.query('SELECT pg_terminate_backend($1)', [first?.pid]))
    const [slow] = await calls
    t.match(slow, { reason: { name: 'ConnectionError', message: /^sleep: terminating connection/ } })
    t.match(await db.run(echo, { value: 'b' }), [{ value: 'b' }])
  })
})

t.test('lanes', async (t) => {
  t.test('are renewed though they are never idle', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 3, maxUses: 50 } })
    let isOver = false
    const readers = Array.from({ length: 8 }, async () => {
      while (!isOver) await db.run(echo, { value: 'a' })
    })
    await until(() => db.stats().pool.connects > 8)
    isOver = true
    await Promise.all(readers)
    t.equal(db.stats().pool.failures, 0)
  })

  t.test('that nobody uses become idle connections, which are closed in their time', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 4, idleTimeoutMs: 50, pingAfterIdleMs: 20 } })
    await echoes(db, 50)
    await until(() => db.stats().pool.open === 0)
    t.equal((await echoes(db, 5)).length, 5)
  })

  t.test('that are too old go, though nothing is sent on them', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 4, maxUses: 10 } })
    for (let turn = 0; turn < 10; turn += 1) {
      await echoes(db, 30)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const writes = Array.from({ length: 3 }, () => db.query('SELECT pg_sleep(0.4)'))
    await until(() => db.stats().pool.borrowed === 3)
    await Promise.all(writes)
  })

  t.test('are not taken for stuck because the network is slow', async (t) => {
    const counter = await startTurnCounter(t, access.port, 40)
    const db = await connect({ ...access, port: counter.port, pool: { min: 0, max: 8 } })
    t.teardown(() => db.close())
    await db.run(echo, { value: 'a' })
    for (let turn = 0; turn < 3; turn += 1) await echoes(db, 60)
    t.match(db.stats().pool, { moved: 0, failures: 0 })
    t.ok(db.stats().pool.lanes <= 4)
  })

  t.test('shed what is too much, however many connections could still be opened', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 50, maxWaiting: 1_000 } })
    const results = await Promise.allSettled(Array.from({ length: 20_000 }, () => db.run(echo, { value: 'a' })))
    const shed = results.filter((result) => result.status === 'rejected')
    t.ok(shed.length > 15_000, `${shed.length} shed`)
    t.ok(results.length - shed.length >= 1_000, 'and those that could wait are served')
    t.ok(shed.every(({ reason }) => reason.name === 'PoolOverloadedError'))
    t.match(db.stats().pool, { waiting: 0, inFlight: 0 })
  })
})

t.test('writes', async (t) => {
  t.test('never go on a lane, and leave one connection to reads', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 3 } })
    const writes = Array.from({ length: 4 }, () => db.query('SELECT pg_sleep(0.4)'))
    await until(() => db.stats().pool.borrowed === 2)
    t.equal((await echoes(db, 10)).length, 10)
    t.match(db.stats().pool, { borrowed: 2, lanes: 1, waiting: 2 })
    await Promise.all(writes)
  })

  t.test('get the connections of lanes that reads do not need', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 4 } })
    await echoes(db, 100)
    const writes = Array.from({ length: 3 }, () => db.query('SELECT pg_sleep(0.4)'))
    await until(() => db.stats().pool.borrowed === 3)
    await Promise.all(writes)
  })

  t.test('that wait get a lane even when reads never stop', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 4 } })
    let isOver = false
    const readers = Array.from({ length: 8 }, async () => {
      while (!isOver) await db.run(echo, { value: 'a' })
    })
    await until(() => db.stats().pool.lanes === 2)
    const writes = Array.from({ length: 3 }, () => db.query('SELECT pg_sleep(0.4)'))
    await until(() => db.stats().pool.borrowed === 3)
    await Promise.all(writes)
    isOver = true
    await Promise.all(readers)
  })
})

t.test('reads behind a slow one', async (t) => {
  t.test('get the next connection, however many writes wait', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 3, lanes: 1 } })
    await echoes(db, 1)
    const slow = db.run(sleep, { value: '2' })
    let isOver = false
    const writers = Array.from({ length: 8 }, async () => {
      while (!isOver) await db.query('SELECT pg_sleep(0.02)')
    })
    const startedAt = performance.now()
    for (let turn = 0; turn < 5; turn += 1) await echoes(db, 3)
    t.ok(performance.now() - startedAt < 1_900, 'before the slow one is done')
    isOver = true
    await Promise.all([...writers, slow])
  })

  t.test('leave no listener on a signal when they are shed', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2, maxWaiting: 1, laneDepth: 1 } })
    await echoes(db, 1)
    const { signal } = new AbortController()
    await Promise.allSettled(Array.from({ length: 30 }, () => db.run(echo, { value: 'a' }, { signal })))
    t.ok(db.stats().pool.shed > 0)
    t.equal(getEventListeners(signal, 'abort').length, 0)
  })
})

t.test('without lanes', async (t) => {
  for (const pool of [{ min: 0, max: 4, lanes: null }, { max: 1 }]) {
    t.test(`reads have a connection of their own (${JSON.stringify(pool)})`, async (t) => {
      const db = await connectTestDatabase(t, { pool })
      t.equal((await echoes(db, 20)).length, 20)
      t.match(db.stats().pool, { lanes: 0, waiting: 0 })
    })
  }
})

t.test('a read that is aborted', async (t) => {
  t.test('settles at once, and harms no other on its lane', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2 } })
    await echoes(db, 1)
    const controller = new AbortController()
    const slow = db.run(sleep, { value: '0.2' }, { signal: controller.signal })
    const other = db.run(echo, { value: 'other' })
    controller.abort()
    await t.rejects(slow, { name: 'CancelledError', code: 'ASHLAR_CANCELLED', query: 'sleep', sqlState: null })
    t.match(await other, [{ value: 'other' }])
    t.equal(db.stats().pool.cancels, 0, 'the server was not asked to cancel')
  })

  t.test('before it is sent is not sent', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2 } })
    await t.rejects(db.run(echo, { value: 'a' }, { signal: AbortSignal.abort() }), { name: 'CancelledError' })
    t.equal(db.stats().pool.connects, 1)
  })
})
