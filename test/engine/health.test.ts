import { readdirSync } from 'node:fs'
import t from 'tap'
import { connect } from '../../src/database.js'
import { checkHealth, connectionProbe } from '../../src/engine/health.js'
import { ownMigrations } from '../../src/migrate/files.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
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
        { name: 'pool', ok: true, details: { max: 5, waiting: 0 } },
        { name: 'migrations', ok: true, details: { applied: migrations, pending: 0, unknown: 0 } },
      ],
    })
  })

  t.test('is degraded, with the reason, when migrations are pending', async (t) => {
    const access = await createTestDatabase(t, null)
    const db = await connect(access)
    t.teardown(() => db.close())
    t.match(await db.health(), {
      status: 'degraded',
      checks: [
        { ok: true },
        { ok: true },
        {
          name: 'migrations',
          ok: false,
          reason: new RegExp(`^${migrations} migrations are pending`),
          details: { pending: migrations },
        },
      ],
    })
  })

  t.test('is unhealthy within its deadline when no connection is to be had', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.transaction(async () => {
      const report = await db.health({ deadlineMs: 50 })
      t.match(report, {
        status: 'unhealthy',
        checks: [
          { name: 'connection', ok: false, reason: 'no answer within 50 ms' },
          { name: 'pool', ok: true, details: { borrowed: 1 } },
          { name: 'migrations', ok: false, reason: 'no answer within 50 ms' },
        ],
      })
    })
  })

  t.test('is unhealthy when the handle is closed', async (t) => {
    const db = await connect(await createTestDatabase(t))
    await db.close()
    t.match(await db.health(), { status: 'unhealthy', checks: [{ reason: 'the database handle is closed' }] })
  })

  t.test('is degraded while callers wait for a connection', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    const calls = [1, 2].map(() => db.query('SELECT pg_sleep(0.1)'))
    await until(() => db.stats().pool.borrowed === 1 && db.stats().pool.waiting === 1)
    const report = await db.health()
    t.match(report, {
      status: 'degraded',
      checks: [{ ok: true }, { name: 'pool', ok: false, reason: '1 calls wait for a connection' }, {}],
    })
    await Promise.all(calls)
  })
})

t.test('connectionProbe', async (t) => {
  t.test('tells a standby from a primary', async (t) => {
    const standby = {
      send: async () => ({
        rows: [{ serverVersion: '18.4', isInRecovery: true }],
        rowCount: 1,
        command: 'SELECT',
      }),
    }
    t.match(await connectionProbe(standby as never).run(), { role: 'standby' })
  })
})

t.test('checkHealth', async (t) => {
  t.test('degrades by a check that never answers, without waiting for it', async (t) => {
    const vital = { name: 'vital', run: async () => ({}) }
    const silent = { name: 'silent', run: () => new Promise<never>(() => {}) }
    const report = await checkHealth(vital, [silent], { deadlineMs: 20 })
    t.match(report, {
      status: 'degraded',
      checks: [{ ok: true }, { name: 'silent', ok: false, reason: /no answer within \d+ ms/ }],
    })
  })
})
