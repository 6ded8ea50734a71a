/** Health when the server does not answer: the report is there within its deadline all the same. */

import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { connect, type Database } from '../../src/database.js'
import { type EmbeddedServer, startEmbeddedServer } from '../../src/embedded/server.js'
import type { HealthReport } from '../../src/engine/health/report.js'
import type { PoolOptions } from '../../src/pool-options.js'
import { checkOf } from '../fixtures/check-of.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { freeze } from '../fixtures/freeze.js'
import { until } from '../fixtures/until.js'

/** How much later than its deadline a report may be on a busy machine, in ms. */
const SLACK_MS = 1_000

async function startServer(t: Test): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({ folder: 'temp' })
  t.teardown(() => server.close())
  return server
}

async function connectTo(t: Test, server: EmbeddedServer, pool: PoolOptions | 'none'): Promise<Database> {
  const { host, port, user, database, password } = server
  const db = await connect({ host, port, user, database, password, pool })
  t.teardown(() => db.close())
  return db
}

async function timed(t: Test, db: Database, deadlineMs: number): Promise<HealthReport> {
  const startedAt = performance.now()
  const report = await db.health({ deadlineMs })
  const tookMs = performance.now() - startedAt
  t.ok(tookMs < deadlineMs + SLACK_MS, `there after ${Math.round(tookMs)} ms`)
  return report
}

t.test('health', async (t) => {
  t.test('names an exhausted pool', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      const report = await timed(t, db, 50)
      t.equal(report.status, 'unhealthy')
      t.match(checkOf(report, 'connection'), {
        ok: false,
        reason: /^no connection became free within 50 ms: 1 of 1 borrowed, the longest for \d+ ms$/,
      })
      t.match(checkOf(report, 'pool'), { ok: true, details: { borrowed: 1, longestHeldBy: 'query' } })
      t.match(checkOf(report, 'budget'), { ok: false, reason: 'not known: the server was not asked', details: {} })
      t.equal(db.stats().pool.waiting, 0, 'it waits no more')
    })
    t.match(await db.health(), { status: 'healthy' })
  })

  t.test('names an exhausted pool that keeps a connection for reads', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 2, min: 0 } })
    await db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      t.match(await timed(t, db, 50), {
        status: 'unhealthy',
        checks: [{ reason: /^no connection became free within 50 ms: 1 of 2 borrowed, 1 kept for shared reads, / }],
      })
    })
  })

  t.test('ends in time when the server is stopped, and leaves no connection behind', async (t) => {
    const server = await startServer(t)
    const db = await connectTo(t, server, { min: 0, max: 2 })
    t.match(await db.health(), { checks: [{ ok: true }] })
    const thaw = freeze(t, server.pid)
    const report = await timed(t, db, 200)
    t.match(report, { status: 'unhealthy', checks: [{ name: 'connection', reason: 'no answer within 200 ms' }] })
    t.notMatch(inspect(report, { depth: Infinity }), server.password)
    await until(() => db.stats().pool.borrowed === 0)
    t.match(db.stats().pool, { borrowed: 0, waiting: 0, open: 0 }, 'the silent connection is cut')
    t.match(await timed(t, db, 100), { status: 'unhealthy' }, 'nor can a new one be made')
    thaw()
    await until(async () => checkOf(await db.health(), 'connection').ok)
    const { open, idle, borrowed } = db.stats().pool
    t.same([idle, borrowed], [open, 0])
  })

  t.test('ends in time on a stopped server without a pool', async (t) => {
    const server = await startServer(t)
    const db = await connectTo(t, server, 'none')
    const thaw = freeze(t, server.pid)
    t.match(await timed(t, db, 150), { status: 'unhealthy', checks: [{ reason: 'no answer within 150 ms' }] })
    thaw()
    await until(async () => checkOf(await db.health(), 'connection').ok)
    await until(() => db.stats().pool.open === 0)
  })

  t.test('tells that the server is gone, and that it is back', async (t) => {
    const server = await startServer(t)
    const db = await connectTo(t, server, { min: 0, max: 2 })
    await db.health()
    await server.close()
    await until(() => db.stats().pool.open === 0)
    const report = await timed(t, db, 2_000)
    t.equal(report.status, 'unhealthy')
    t.match(checkOf(report, 'connection').reason, /ECONNREFUSED 127\.0\.0\.1/)
    t.ok(report.durationMs < 1_000, 'without waiting for the deadline')
    t.match(db.stats().pool, { open: 0, borrowed: 0, waiting: 0 })
  })

  t.test('survives a connection that is terminated while it looks', async (t) => {
    const server = await startServer(t)
    const db = await connectTo(t, server, { min: 0, max: 2 })
    const other = await connectTo(t, server, { min: 0, max: 1 })
    const reports = Array.from({ length: 20 }, async () => {
      const [report] = await Promise.all([
        db.health(),
        other.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
        ),
      ])
      return report
    })
    for (const { status } of await Promise.all(reports)) t.match(status, /^(degraded|unhealthy)$/)
    t.equal(checkOf(await db.health(), 'connection').ok, true)
    await until(() => db.stats().pool.borrowed === 0)
  })
})
