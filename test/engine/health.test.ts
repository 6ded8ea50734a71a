import { readdirSync } from 'node:fs'
import { Client } from 'pg'
import t from 'tap'
import { resolveConfig } from '../../src/config.js'
import { connect } from '../../src/database.js'
import { checkHealth } from '../../src/engine/health/health.js'
import { Pool } from '../../src/engine/pool/pool.js'
import { transactional } from '../../src/engine/transaction.js'
import { ownMigrations } from '../../src/migrate/files.js'
import { checkOf } from '../fixtures/check-of.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { target } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'

const migrations = readdirSync(ownMigrations).length

t.test('health', async (t) => {
  t.test('is healthy when all checks are', async (t) => {
    const db = await connectTestDatabase(t)
    const report = await db.health()
    t.match(report, {
      status: 'healthy',
      checks: [
        { name: 'connection', ok: true, reason: null, details: { role: 'primary', serverVersion: /^\d+/ } },
        { name: 'pool', ok: true, details: { max: 5, waiting: 0, longestWaitMs: null, longestHeldBy: null } },
        { name: 'budget', ok: true, details: { max: 5, open: 1, roleLimit: null, databaseUsed: 1 } },
        { name: 'transactions', ok: true, details: { long: 0, view: 'full' } },
        { name: 'replication', ok: true, details: { role: 'primary', standbys: 0, requiredStandbys: 0 } },
        { name: 'migrations', ok: true, details: { applied: migrations, pending: 0, unknown: 0 } },
      ],
    })
    t.same(report.recent, [])
    t.ok(report.checkedAt instanceof Date)
  })

  t.test('uses one connection, and leaves it idle', async (t) => {
    const db = await connectTestDatabase(t)
    await Promise.all([db.health(), until(() => db.stats().pool.borrowed === 1)])
    t.match(db.stats().pool, { connects: 1, open: 1, idle: 1, borrowed: 0 })
  })

  t.test('is degraded, with the reason, when migrations are pending', async (t) => {
    const access = await createTestDatabase(t, null)
    const db = await connect({ ...access, pool: { min: 0, max: 5 } })
    t.teardown(() => db.close())
    const report = await db.health()
    t.equal(report.status, 'degraded')
    t.same(
      report.checks.filter(({ ok }) => !ok).map(({ name }) => name),
      ['migrations'],
    )
    t.match(checkOf(report, 'migrations'), {
      reason: new RegExp(`^${migrations} migrations are pending`),
      details: { pending: migrations },
    })
  })

  t.test('is degraded within its deadline when one check gets no answer, and keeps the others', async (t) => {
    const access = await createTestDatabase(t)
    const db = await connect({ ...access, pool: { min: 0, max: 5 } })
    const locker = new Client(access)
    await locker.connect()
    t.teardown(async () => {
      await locker.end()
      await db.close()
    })
    await locker.query('BEGIN; LOCK TABLE public.pgmigrations')
    const report = await db.health({ deadlineMs: 400 })
    t.equal(report.status, 'degraded')
    t.ok(report.durationMs < 800)
    t.match(checkOf(report, 'connection'), { ok: true })
    t.match(checkOf(report, 'budget'), { ok: true })
    t.match(checkOf(report, 'migrations'), { ok: false, reason: 'no answer within 400 ms', details: {} })
    await until(() => db.stats().pool.idle === 1)
    t.match(db.stats().pool, { open: 1, borrowed: 0 }, 'nothing of it goes on')
    const { rows } = await locker.query(
      "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pgmigrations%' AND pid <> pg_backend_pid() AND datname = current_database()",
    )
    t.equal(rows.length, 0)
  })

  t.test('is unhealthy when the handle is closed', async (t) => {
    const db = await connect(await createTestDatabase(t))
    await db.close()
    const report = await db.health()
    t.match(report, { status: 'unhealthy', checks: [{ reason: 'the database handle is closed' }] })
    t.match(checkOf(report, 'migrations'), { ok: false, reason: 'not known: the server was not asked' })
  })

  t.test('is degraded while callers wait for a connection', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    const calls = [1, 2].map(() => db.query('SELECT pg_sleep(0.1)'))
    await until(() => db.stats().pool.borrowed === 1 && db.stats().pool.waiting === 1)
    t.equal(typeof db.stats().pool.longestWaitMs, 'number')
    const report = await db.health()
    t.equal(report.status, 'degraded')
    t.match(checkOf(report, 'pool'), {
      ok: false,
      reason: /^1 calls wait for a connection, the longest for \d+ ms$/,
      details: { waiting: 1, longestHeldBy: 'query' },
    })
    await Promise.all(calls)
    t.match(db.stats().pool, { longestWaitMs: null, longestHeldMs: null })
  })

  t.test('is healthy without a pool, where each call waits for a connection of its own', async (t) => {
    const db = await connectTestDatabase(t, { pool: 'none' })
    const calls = Array.from({ length: 5 }, () => db.query('SELECT 1'))
    t.match(db.stats().pool, { waiting: 5, opening: 5 })
    t.match(await db.health(), { status: 'healthy', checks: [{ ok: true }, { name: 'pool', details: { opening: 5 } }] })
    await Promise.all(calls)
    t.match(db.stats().pool, { open: 0, waiting: 0, opening: 0 })
  })

  t.test('tells how long reads have been waiting for a place on a lane', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2, lanes: 1, laneDepth: 1 } })
    t.equal(db.stats().pool.maxBorrowed, 1)
    const calls = Array.from({ length: 20 }, () => db.projectContexts.count())
    await until(() => db.stats().pool.waiting > 0)
    t.type(db.stats().pool.longestWaitMs, 'number')
    t.match(checkOf(await db.health(), 'pool'), { ok: false, details: { borrowed: 0 } })
    await Promise.all(calls)
    t.equal(db.stats().pool.longestWaitMs, null)
  })

  t.test('shows the last 20 events when something is wrong, and none otherwise', async (t) => {
    const { port, user, password, database } = await createTestDatabase(t)
    const { target: _, ...config } = resolveConfig({ url: 'embedded:temp', pool: { min: 0, max: 1 } })
    const pool = new Pool({
      ...config,
      servers: [target({ port, user, password }, database)],
      targetSessionAttrs: 'any',
    })
    t.teardown(() => pool.close())
    for (let heldMs = 1; heldMs <= 25; heldMs += 1) pool.monitor.tell({ type: 'leak', query: 'getThing', heldMs })
    let reason: string | null = 'sick'
    const probes = [{ name: 'mood', run: async () => ({ reason, details: {} }) }]
    const patient = { pool, session: transactional(pool), probes }
    const { status, recent } = await checkHealth(patient)
    t.equal(status, 'degraded')
    t.equal(recent.length, 20)
    const leaks = recent.flatMap((event) => (event.type === 'leak' ? [event.heldMs] : []))
    t.same(
      leaks,
      Array.from({ length: leaks.length }, (_, index) => 26 - leaks.length + index),
    )
    t.ok(leaks.length >= 18, 'beside the connection that was opened')
    t.ok(recent.every(({ at }) => at instanceof Date))
    reason = null
    t.match(await checkHealth(patient), { status: 'healthy', recent: [] })
  })

  t.test('keeps the other findings when one check throws', async (t) => {
    const { port, user, password, database } = await createTestDatabase(t)
    const { target: _, ...config } = resolveConfig({ url: 'embedded:temp', pool: { min: 0, max: 1 } })
    const pool = new Pool({
      ...config,
      servers: [target({ port, user, password }, database)],
      targetSessionAttrs: 'any',
    })
    t.teardown(() => pool.close())
    const report = await checkHealth({
      pool,
      session: transactional(pool),
      probes: [
        {
          name: 'broken',
          run: async (db) => ({ reason: null, details: (await db.query('SELECT 1 / 0 AS a')) as never }),
        },
        {
          name: 'whole',
          run: async (db) => ({ reason: null, details: (await db.query<{ a: number }>('SELECT 1 AS a'))[0] ?? {} }),
        },
      ],
    })
    t.equal(report.status, 'degraded')
    t.match(checkOf(report, 'broken'), { ok: false, reason: /SQLSTATE 22012/, details: {} })
    t.match(checkOf(report, 'whole'), { ok: true, details: { a: 1 } })
  })

  t.test('refuses options that it does not know, or that are out of their limits', async (t) => {
    const db = await connectTestDatabase(t)
    const refused = { name: 'ValidationError', subject: 'health' }
    for (const options of [
      { deadlineMs: 0 },
      { deadlineMs: null },
      { deadlineMs: 600_001 },
      { deadlineMs: 1.5 },
      { longTransactionMs: 0 },
      { maxReplicationLagMs: '1' },
      { deadline: 1 },
      [],
      null,
    ]) {
      await t.rejects(db.health(options as never), refused, JSON.stringify(options))
    }
    await t.rejects(db.health({ longTransactionMs: -1, deadlineMs: 0 }), {
      message: /^health: deadlineMs: must be an integer from 1 to 600000; longTransactionMs: must be .*, or null$/,
    })
    t.match(await db.health({ deadlineMs: 10_000, longTransactionMs: null, maxReplicationLagMs: null }), {
      status: 'healthy',
    })
  })
})
