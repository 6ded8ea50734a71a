/** What health finds on a primary and its standby. */

import t, { type Test } from 'tap'
import { connect, type Database } from '../../src/database.js'
import type { HealthOptions } from '../../src/engine/health/options.js'
import type { HealthCheck } from '../../src/engine/health/report.js'
import { checkOf } from '../fixtures/check-of.js'
import type { KillableServer } from '../fixtures/killable-server.js'
import { startStandbyPair, withClient } from '../fixtures/standby-pair.js'
import { until } from '../fixtures/until.js'

async function open(t: Test, { host, port, user, password, database }: KillableServer): Promise<Database> {
  const db = await connect({ host, port, user, password, database, pool: { min: 0, max: 2 } })
  t.teardown(() => db.close())
  return db
}

async function replication(db: Database, options?: HealthOptions): Promise<HealthCheck> {
  return checkOf(await db.health(options), 'replication')
}

t.test('replication of an asynchronous pair', async (t) => {
  const pair = await startStandbyPair({ synchronous: false, password: 'canary-4711' })
  t.teardown(() => pair.close())
  const primary = await open(t, pair.primary)
  const standby = await open(t, pair.standby)

  t.test('tells the roles', async (t) => {
    t.match(await replication(primary), {
      ok: true,
      details: { role: 'primary', standbys: 1, synchronousStandbys: 0, requiredStandbys: 0, view: 'full' },
    })
    const report = await standby.health()
    t.match(checkOf(report, 'connection'), { ok: true, details: { role: 'standby' } })
    t.match(checkOf(report, 'replication'), { ok: true, details: { role: 'standby', isStreaming: true } })
    await until(async () => (await replication(standby)).details.lagBytes === 0)
    t.match(await replication(standby, { maxReplicationLagMs: 1 }), { ok: true, details: { lagMs: 0 } })
    t.notMatch(JSON.stringify(report), 'canary')
  })

  t.test('fails on both when the standby falls behind, and not when it has caught up', async (t) => {
    await withClient(pair.standby, (client) => client.query('SELECT pg_wal_replay_pause()'))
    await primary.query('CREATE TABLE behind (a int)')
    await until(async () => !(await replication(standby, { maxReplicationLagMs: 50 })).ok)
    const check = await replication(standby, { maxReplicationLagMs: 50 })
    t.match(check.reason, /^\d+ ms behind its primary; its replay is paused$/)
    t.ok(Number(check.details.lagBytes) > 0)
    t.equal((await replication(standby)).ok, true, 'by the default it is not late yet')
    t.equal((await replication(standby, { maxReplicationLagMs: null })).ok, true)
    await until(async () => {
      // The standby answers what it is sent.
      await primary.query('INSERT INTO behind VALUES (1)')
      return !(await replication(primary, { maxReplicationLagMs: 50 })).ok
    })
    t.match(await replication(primary, { maxReplicationLagMs: 50 }), {
      reason: /^a standby is \d+ ms behind$/,
      details: { standbys: 1 },
    })
    await withClient(pair.standby, (client) => client.query('SELECT pg_wal_replay_resume()'))
    await until(async () => (await replication(standby, { maxReplicationLagMs: 50 })).ok)
  })

  t.test('fails on a standby that has lost its primary', async (t) => {
    await pair.primary.kill()
    await until(async () => (await replication(standby)).details.isStreaming === false)
    t.match(await replication(standby, { maxReplicationLagMs: 1 }), {
      ok: false,
      reason: /^streams from no primary, and has replayed nothing for \d+ ms$/,
    })
    t.match(await primary.health({ deadlineMs: 2_000 }), { status: 'unhealthy' })
  })
})

t.test('replication of a synchronous pair', async (t) => {
  const pair = await startStandbyPair({ synchronous: true, password: 'canary-4711' })
  t.teardown(() => pair.close())
  const primary = await open(t, pair.primary)
  t.match(await replication(primary), { ok: true, details: { synchronousStandbys: 1, requiredStandbys: 1 } })

  t.test('fails when a COMMIT would wait for a standby that is gone', async (t) => {
    const { host, port, user, password, database } = pair.primary
    await primary.query('CREATE ROLE plain LOGIN PASSWORD $$canary-4711$$')
    await pair.standby.kill()
    await until(async () => !(await replication(primary)).ok)
    const reason = '0 of 1 synchronous standbys attached: each COMMIT waits for those that are missing'
    t.match(await replication(primary), { reason, details: { standbys: 0 } })
    const plain = await connect({ host, port, database, user: 'plain', password, pool: { min: 0, max: 1 } })
    t.match(await replication(plain), { reason, details: { view: 'limited' } }, 'also without pg_monitor')
    await plain.close()
    const local = await connect({
      ...{ host, port, user, password, database },
      pool: { min: 0, max: 1, onConnect: (connection) => connection.query('SET synchronous_commit = local') },
    })
    t.match(await replication(local), { ok: true, details: { requiredStandbys: 0 } }, 'not for one that does not wait')
    await local.close()
  })
})
