import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { ConnectOptions } from '../../src/config.js'
import { Query } from '../../src/engine/query.js'
import { connect, type Database, type EngineEvent, type PoolOptions } from '../../src/index.js'
import { createTestDatabase } from '../fixtures/database.js'
import { withAdmin } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'
import { type BlackHole, startBlackHole } from './fixtures/black-hole.js'

t.setTimeout(60_000)
const access = await createTestDatabase(t)
const nobody = '00000000-0000-0000-0000-000000000000'
/** One that sees to it that nothing but the watchdog can help. */
const watched = { min: 0, max: 2, lanes: null, watchdogMs: 200, pingAfterIdleMs: null } as const
const LONG = 'SELECT pg_sleep(1.5)'

const numbers = new Query<void, unknown>(
  'numbers',
  { statement: 'SELECT generate_series(1, 100000) AS a', params: [] },
  { read: true },
)

interface Behind {
  readonly db: Database
  readonly hole: BlackHole
  readonly silent: EngineEvent[]
}

/** Connects through a network that can go silent. */
async function connectBehind(t: Test, pool: PoolOptions, options: ConnectOptions = {}): Promise<Behind> {
  const hole = await startBlackHole(t, access.port)
  const db = await connect({ ...access, port: hole.port, pool, retry: 'none', ...options })
  t.teardown(() => db.close())
  const silent: EngineEvent[] = []
  db.onEvent((event) => {
    if (event.type === 'connection-silent') silent.push(event)
  })
  return { db, hole, silent }
}

/** Opens so many connections, and has each of them known to the pool. */
async function open(db: Database, count: number): Promise<void> {
  let free = (): void => {}
  const held = new Promise<void>((resolve) => {
    free = resolve
  })
  const work = Array.from({ length: count }, () =>
    db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      await held
    }),
  )
  await until(() => db.stats().pool.borrowed === count)
  free()
  await Promise.all(work)
}

async function failureOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return work.then(
    () => new Error('it did not fail'),
    (error) => error,
  )
}

t.test('connections that are silent', async (t) => {
  t.test('are cut when the server does not work on their calls, and others are served by new ones', async (t) => {
    const { db, hole, silent } = await connectBehind(t, watched)
    await open(db, 2)
    hole.swallow()
    const startedAt = performance.now()
    const lost = [1, 2].map(() => failureOf(db.query('CREATE TEMP TABLE lost (a int)')))
    const waiting = Promise.all([1, 2, 3, 4].map(() => db.query('SELECT 1 AS a')))
    await waiting
    t.ok(performance.now() - startedAt < 5_000, 'long before the time-out of those that waited')
    for (const error of await Promise.all(lost)) {
      t.match(error, {
        name: 'OutcomeUnknownError',
        outcome: 'unknown',
        cause: { code: 'ETIMEDOUT', message: /silent/ },
      })
    }
    t.match(
      silent,
      [1, 2].map(() => ({ type: 'connection-silent', silentMs: Number })),
    )
    t.equal(db.stats().events['connection-silent'], 2)
    t.ok(db.stats().pool.open <= 2)
  })

  t.test('are cut when they are lanes, and every read behind the first is answered', async (t) => {
    const { db, hole, silent } = await connectBehind(t, { ...watched, max: 4, lanes: 1 })
    await db.projectContexts.find(nobody)
    hole.swallow()
    const reads = await Promise.allSettled(Array.from({ length: 30 }, () => db.projectContexts.find(nobody)))
    const failed = reads.filter((each) => each.status === 'rejected')
    t.ok(failed.length <= 1, `${failed.length} failed`)
    for (const { reason } of failed) t.match(reason, { name: 'ConnectionError', message: /silent/ })
    await until(() => silent.length > 0)
  })

  t.test('are cut when only the answers are lost, which leaves open what a write did', async (t) => {
    const { db, hole } = await connectBehind(t, watched)
    await db.query('CREATE TABLE kept (a int)')
    hole.swallow('answers')
    t.match(await failureOf(db.query('INSERT INTO kept VALUES (1)')), { name: 'OutcomeUnknownError' })
    t.same(await db.query('SELECT a FROM kept'), [{ a: 1 }])
  })

  t.test('are cut under a transaction, which may be done once more unless it was COMMIT', async (t) => {
    const { db, hole } = await connectBehind(t, watched)
    await db.query('CREATE TABLE moved (a int)')
    const inside = db.transaction(async (tx) => {
      await tx.query('INSERT INTO moved VALUES (1)')
      hole.swallow()
      await tx.query('INSERT INTO moved VALUES (2)')
    })
    t.match(await failureOf(inside), { name: 'ConnectionError', outcome: 'not-executed' })
    const atCommit = db.transaction(async (tx) => {
      await tx.query('INSERT INTO moved VALUES (3)')
      hole.swallow('answers')
    })
    t.match(await failureOf(atCommit), { name: 'OutcomeUnknownError', outcome: 'unknown' })
    t.same(await db.query('SELECT a FROM moved'), [{ a: 3 }])
  })

  t.test('are cut under a stream and under a load', async (t) => {
    const { db, hole } = await connectBehind(t, watched)
    await db.query('CREATE TABLE loaded (a text)')
    const read = (async () => {
      for await (const _ of db.stream(numbers, undefined, { batchSize: 10 })) hole.swallow()
    })()
    t.match(await failureOf(read), { name: 'ConnectionError' })
    const big = 'x'.repeat(100_000)
    function* endless() {
      for (let each = 0; ; each += 1) {
        if (each === 100) hole.swallow()
        yield [big]
      }
    }
    t.match(await failureOf(db.copyInto('loaded', ['a'], endless())), { name: 'ConnectionError' })
    t.same(await db.query('SELECT a FROM loaded'), [])
  })

  t.test('are cut when the server has ended their sessions', async (t) => {
    const { db, hole } = await connectBehind(t, watched)
    const [row] = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    hole.swallow()
    await withAdmin(access, (admin) => admin.query('SELECT pg_terminate_backend($1, 5000)', [row?.pid]))
    t.match(await failureOf(db.query('SELECT 1')), { name: 'OutcomeUnknownError' })
  })

  t.test('are cut when the server cannot be reached', async (t) => {
    const { db, hole, silent } = await connectBehind(t, watched)
    await db.query('SELECT 1')
    hole.swallow()
    hole.refuse()
    t.match(await failureOf(db.query('SELECT 1')), { name: 'OutcomeUnknownError' })
    t.equal(silent.length, 1)
  })

  t.test('are cut while a hook prepares them, too', async (t) => {
    const hole = await startBlackHole(t, access.port)
    let runs = 0
    const db = await connect({
      ...access,
      port: hole.port,
      pool: {
        ...watched,
        onConnect: async (connection) => {
          runs += 1
          if (runs === 2) hole.swallow()
          await connection.query('SELECT 1')
        },
      },
    })
    t.teardown(() => db.close())
    await Promise.all([db.query(LONG), db.query('SELECT 1')].map((each) => failureOf(each)))
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
    t.ok(runs > 2)
  })
})

t.test('what is left alone', async (t) => {
  t.test('is a statement that runs for long: the server is asked, and says so', async (t) => {
    const { db, hole, silent } = await connectBehind(t, { ...watched, watchdogMs: 100 })
    await db.query('SELECT 1')
    const before = hole.made
    await db.query(LONG)
    t.ok(hole.made - before >= 3, `asked ${hole.made - before} times`)
    t.equal(silent.length, 0)
  })

  t.test('is one that waits for a lock', async (t) => {
    const { db, silent } = await connectBehind(t, { ...watched, watchdogMs: 100 })
    await db.query('CREATE TABLE locked (a int)')
    let waits: Promise<unknown> | null = null
    await db.transaction(async (tx) => {
      await tx.query('LOCK TABLE locked')
      waits = db.query('INSERT INTO locked VALUES (1)')
      await sleep(1_500)
    })
    await waits
    t.equal(silent.length, 0)
  })

  t.test('is a load whose rows take their time', async (t) => {
    const { db, silent } = await connectBehind(t, { ...watched, watchdogMs: 100 })
    await db.query('CREATE TABLE slow (a int)')
    async function* rows() {
      yield [1]
      await sleep(1_500)
      yield [2]
    }
    t.same(await db.copyInto('slow', ['a'], rows()), { rows: 2 })
    t.equal(silent.length, 0)
  })

  t.test('is a transaction whose callback takes its time', async (t) => {
    const { db, silent } = await connectBehind(t, { ...watched, watchdogMs: 100 })
    await db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      await sleep(1_500)
      await tx.query('SELECT 1')
    })
    t.equal(silent.length, 0)
  })

  t.test('is every connection when it was this process that had stopped', async (t) => {
    const { db, hole, silent } = await connectBehind(t, { ...watched, watchdogMs: 100 })
    await open(db, 2)
    const before = hole.made
    const calls = [1, 2].map(() => db.query('SELECT pg_sleep(0.05)'))
    await new Promise((resolve) => setImmediate(resolve))
    const until = performance.now() + 1_500
    while (performance.now() < until);
    await Promise.all(calls)
    t.equal(hole.made, before, 'the server was not even asked')
    t.equal(silent.length, 0)
  })

  t.test('is what a server works on that takes no more connections', async (t) => {
    await withAdmin(access, (admin) => admin.query(`CREATE ROLE single LOGIN PASSWORD 'single' CONNECTION LIMIT 1`))
    t.teardown(() => withAdmin(access, (admin) => admin.query('DROP ROLE single')))
    const login = { user: 'single', password: 'single' }
    const { db, silent } = await connectBehind(t, { ...watched, max: 1, watchdogMs: 100 }, login)
    await db.query(LONG)
    t.equal(silent.length, 0)
  })
})

t.test('where the server cannot tell', async (t) => {
  const pooler = { preparedStatements: false, commandTimeoutMs: 2_000 } as const

  t.test('a connection is cut when it was silent for longer than any statement may run', async (t) => {
    const { db, hole, silent } = await connectBehind(t, { ...watched, watchdogMs: 100 }, pooler)
    await db.query(LONG)
    t.equal(silent.length, 0)
    hole.swallow()
    const startedAt = performance.now()
    t.match(await failureOf(db.query('SELECT 1')), { name: 'OutcomeUnknownError' })
    t.ok(performance.now() - startedAt >= 2_000)
    t.equal(silent.length, 1)
  })

  t.test('a longer limit of the call is respected', async (t) => {
    const { db, silent } = await connectBehind(t, { ...watched, watchdogMs: 100 }, { ...pooler, commandTimeoutMs: 200 })
    await db.with({ timeoutMs: 60_000 }).query(LONG)
    t.equal(silent.length, 0)
  })
})

t.test('the watchdog', async (t) => {
  t.test('sleeps while nothing is sent', async (t) => {
    const { db } = await connectBehind(t, { ...watched, watchdogMs: 1_236 })
    await db.query('SELECT 1')
    const delays: (number | undefined)[] = []
    const { setTimeout: real } = globalThis
    globalThis.setTimeout = ((run: () => void, ms?: number, ...rest: unknown[]) => {
      delays.push(ms)
      return (real as (...all: unknown[]) => unknown)(run, ms, ...rest)
    }) as typeof setTimeout
    t.teardown(() => {
      globalThis.setTimeout = real
    })
    // One look finds nothing, and is the last.
    await sleep(1_236)
    t.equal(delays.filter((ms) => ms === 309).length, 0)
    await db.query('SELECT 1')
    t.equal(delays.filter((ms) => ms === 309).length, 1, 'until the next call')
  })

  t.test('can be left off', async (t) => {
    const { db, hole, silent } = await connectBehind(t, { ...watched, watchdogMs: null, closeTimeoutMs: 1 })
    await db.query('SELECT 1')
    hole.swallow()
    let isSettled = false
    const lost = failureOf(db.query('SELECT 1')).finally(() => {
      isSettled = true
    })
    await sleep(1_000)
    t.notOk(isSettled)
    await db.close()
    await lost
    t.equal(silent.length, 0)
  })
})
