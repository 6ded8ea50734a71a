import t, { type Test } from 'tap'
import { type EmbeddedServer, startEmbeddedServer } from '../../src/embedded/server.js'
import { Query } from '../../src/engine/query.js'
import { connect, type Database, type EngineEvent, type Leak } from '../../src/index.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { withAdmin } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'
import { startBlackHole } from './fixtures/black-hole.js'

t.setTimeout(60_000)
const access = await createTestDatabase(t)
const nobody = '00000000-0000-0000-0000-000000000000'

const read = new Query<void, { a: number }>('read', { statement: 'SELECT 1 AS a', params: [] }, { read: true })
const sleep = new Query<void, unknown>('sleep', { statement: 'SELECT pg_sleep(60)', params: [] }, { read: true })

/** Connections that are held until they are let go. */
function hold(db: Database, count: number): { readonly done: Promise<unknown>; readonly letGo: () => void } {
  let letGo = (): void => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const work = Array.from({ length: count }, () =>
    db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      await held
    }),
  )
  return { done: Promise.all(work), letGo: () => letGo() }
}

/** Opens so many connections, which are idle then. */
async function open(db: Database, count: number): Promise<void> {
  const { done, letGo } = hold(db, count)
  await until(() => db.stats().pool.borrowed === count)
  letGo()
  await done
  await until(() => db.stats().pool.borrowed === 0)
}

async function failureOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return work.then(
    () => new Error('it did not fail'),
    (error) => error,
  )
}

t.test('idle connections that have gone silent', async (t) => {
  t.test('are found all at once, and a caller waits for none of them for long', async (t) => {
    const hole = await startBlackHole(t, access.port)
    const pool = { min: 0, max: 8, lanes: null, pingAfterIdleMs: 1, watchdogMs: null }
    const db = await connect({ ...access, port: hole.port, pool, retry: 'none' })
    t.teardown(() => db.close())
    await open(db, 8)
    hole.swallow()
    await new Promise((resolve) => setTimeout(resolve, 5))
    const startedAt = performance.now()
    t.same(
      await Promise.all([1, 2, 3].map(() => db.query('SELECT 1 AS a'))),
      [1, 2, 3].map(() => [{ a: 1 }]),
    )
    const waitedMs = performance.now() - startedAt
    t.ok(waitedMs < 4_000, `served after ${Math.round(waitedMs)} ms, where one after the other would take 8 s`)
    await until(() => db.stats().pool.open <= 3)
    t.equal(db.stats().pool.failures, 0)
  })

  t.test('do not keep a caller from a new connection where there is room for one', async (t) => {
    const hole = await startBlackHole(t, access.port)
    const pool = { min: 0, max: 9, lanes: null, pingAfterIdleMs: 1, watchdogMs: null }
    const db = await connect({ ...access, port: hole.port, pool, retry: 'none' })
    t.teardown(() => db.close())
    await open(db, 8)
    hole.swallow()
    await new Promise((resolve) => setTimeout(resolve, 5))
    const startedAt = performance.now()
    await db.query('SELECT 1')
    t.ok(performance.now() - startedAt < 950, 'served before any of them is given up')
    await until(() => db.stats().pool.open === 1)
  })

  t.test('do not keep reads that share connections either', async (t) => {
    const hole = await startBlackHole(t, access.port)
    const pool = { min: 0, max: 4, pingAfterIdleMs: 1, watchdogMs: null }
    const db = await connect({ ...access, port: hole.port, pool, retry: 'none' })
    t.teardown(() => db.close())
    await open(db, 3)
    await until(() => db.stats().pool.lanes === 0)
    hole.swallow()
    await new Promise((resolve) => setTimeout(resolve, 5))
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: 20 }, () => db.projectContexts.find(nobody)))
    t.ok(performance.now() - startedAt < 4_000)
  })
})

t.test('a connection that goes silent before it is made clean', async (t) => {
  t.test('does not keep its place: the next caller gets a new one', async (t) => {
    const hole = await startBlackHole(t, access.port)
    const pool = { min: 0, max: 1, watchdogMs: null, pingAfterIdleMs: null }
    const db = await connect({ ...access, port: hole.port, pool, retry: 'none' })
    t.teardown(() => db.close())
    const failing = db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      hole.swallow()
      throw new Error('of the callback')
    })
    const settled = failureOf(failing)
    const startedAt = performance.now()
    await db.query('SELECT 1')
    t.ok(performance.now() - startedAt < 5_000)
    t.match(await settled, { message: 'of the callback' })
  })
})

t.test('callers that wait in vain', async (t) => {
  t.test(
    'are told what has the connections for longest, and where it was borrowed when that is looked for',
    async (t) => {
      const leaks: Leak[] = []
      const events: EngineEvent[] = []
      const db = await connectTestDatabase(t, {
        pool: { max: 2, lanes: null, acquireTimeoutMs: 50, leakThresholdMs: 20, onLeak: (leak) => leaks.push(leak) },
      })
      db.onEvent((event) => events.push(event))
      const { done, letGo } = hold(db, 2)
      await until(() => db.stats().pool.borrowed === 2 && leaks.length === 2)
      const error = await failureOf(db.query('SELECT 1'))
      t.match(error, {
        name: 'AcquireTimeoutError',
        outcome: 'not-executed',
        pool: { max: 2, borrowed: 2 },
        message:
          /2 of 2 borrowed, 0 waiting; borrowed for longest: query for \d+ ms, query for \d+ ms \(`holders` tells where\)/,
        holders: [
          { query: 'query', heldMs: Number, stack: /pool-faults\.test/ },
          { query: 'query', heldMs: Number, stack: /pool-faults\.test/ },
        ],
      })
      const [first, second] = error.holders as { heldMs: number }[]
      t.ok((first?.heldMs as number) >= (second?.heldMs as number))
      letGo()
      await done
      t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }], 'all is normal when they are given back')
      t.match(
        events.map(({ type }) => type).filter((type) => type !== 'connected'),
        ['leak', 'leak', 'acquire-timeout'],
      )
      t.match(events.at(-1), { query: 'query', waitedMs: Number })
    },
  )

  t.test('are told how to have it noted when it was not', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1, acquireTimeoutMs: 50 } })
    const { done, letGo } = hold(db, 1)
    await until(() => db.stats().pool.borrowed === 1)
    t.match(await failureOf(db.query('SELECT 1')), {
      message: /pool\.leakThresholdMs has it noted where/,
      holders: [{ stack: null }],
    })
    letGo()
    await done
  })

  t.test('are late by their own limit, also right behind connect()', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1, acquireTimeoutMs: 50 } })
    const { done, letGo } = hold(db, 1)
    const error = await failureOf(db.query('SELECT 1'))
    t.ok((error.waitedMs as number) < 2_000, `${error.waitedMs}`)
    letGo()
    await done
  })

  t.test('are told of when they are refused', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1, maxWaiting: 0 } })
    const events: EngineEvent[] = []
    db.onEvent((event) => events.push(event))
    const { done, letGo } = hold(db, 1)
    await until(() => db.stats().pool.borrowed === 1)
    t.match(await failureOf(db.query('SELECT 1')), { name: 'PoolOverloadedError', holders: [{ heldMs: Number }] })
    letGo()
    await done
    t.match(events, [{ type: 'overloaded', query: 'query', waiting: 0 }])
  })
})

t.test('sessions that the server ends', async (t) => {
  /** What would end the process, were it not for this. */
  const strays: unknown[] = []
  const note = (reason: unknown): number => strays.push(reason)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))

  t.test('leave the process alive, idle, borrowed and shared', async (t) => {
    const db = await connect({ ...access, pool: { min: 4, max: 6 }, retry: 'none' })
    t.teardown(() => db.close())
    await survive(t, db, () => endSessions())
  })

  t.test('leave it alive also when one of them is killed, and the server starts anew', async (t) => {
    const server = await startEmbeddedServer({ folder: 'temp' })
    t.teardown(() => server.close())
    const db = await connect({ ...accessTo(server), pool: { min: 4, max: 6 }, retry: 'none' })
    t.teardown(() => db.close())
    await survive(t, db, async () => {
      const [row] = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      process.kill(row?.pid as number, 'SIGKILL')
    })
  })

  async function survive(t: Test, db: Database, end: () => Promise<void>): Promise<void> {
    await until(() => db.stats().pool.open === 4)
    const { done, letGo } = hold(db, 1)
    const held = failureOf(done)
    await until(() => db.stats().pool.borrowed === 1)
    await db.run(read, undefined)
    const { connects } = db.stats().pool
    await end()
    await until(() => db.stats().pool.connects >= connects + 4)
    letGo()
    t.match(await held, { name: /^(?:ConnectionError|OutcomeUnknownError)$/ })
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
    t.equal(strays.length, 0)
  }

  t.test('give each read on a lane an error of its own, with what the server or the network said', async (t) => {
    const db = await connect({ ...access, pool: { min: 0, max: 2, lanes: 1 }, retry: 'none' })
    t.teardown(() => db.close())
    await db.run(read, undefined)
    const { done, letGo } = hold(db, 1)
    const held = failureOf(done)
    await until(() => db.stats().pool.borrowed === 1)
    const slow = failureOf(db.run(sleep, undefined))
    const behind = Array.from({ length: 29 }, () => failureOf(db.run(read, undefined)))
    await until(() => db.stats().pool.inFlight === 30)
    await endSessions()
    for (const failure of await Promise.all([slow, ...behind])) {
      t.match(failure, { name: 'ConnectionError', outcome: 'not-executed', cause: { code: '57P01' } })
    }
    letGo()
    t.match(await held, { name: /^(?:ConnectionError|OutcomeUnknownError)$/ })
    t.equal(strays.length, 0)
  })
})

function accessTo({ host, port, user, password, database }: EmbeddedServer) {
  return { host, port, user, password, database }
}

/** Ends all sessions on the test's database. */
async function endSessions(): Promise<void> {
  await withAdmin(access, (admin) =>
    admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [access.database]),
  )
}
