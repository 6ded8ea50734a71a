/** A primary that is lost or replaced while it is in use. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type ConnectOptions, resolveConfig, type ServersTarget } from '../../src/config.js'
import { connect, type Database } from '../../src/database.js'
import { lookAtAll } from '../../src/engine/hosts/round.js'
import { Pool } from '../../src/engine/pool/pool.js'
import { ConnectionError, OutcomeUnknownError, QueryError } from '../../src/errors.js'
import { childrenOf, startKillableServer } from '../fixtures/killable-server.js'
import { type StandbyPair, startStandbyPair, withClient } from '../fixtures/standby-pair.js'
import { until } from '../fixtures/until.js'

// Pairs of servers take their time on a busy machine.
t.setTimeout(120_000)
const PASSWORD = 'canary-8d1f'

async function startPair(t: Test): Promise<{ pair: StandbyPair; options: ConnectOptions }> {
  const pair = await startStandbyPair({ synchronous: true, password: PASSWORD })
  t.teardown(() => pair.close())
  const { primary, standby } = pair
  const { user, database, password } = primary
  const url = `postgres://${user}:${password}@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/${database}`
  return { pair, options: { url, pool: { min: 2, max: 4 } } }
}

async function connectTo(t: Test, options: ConnectOptions): Promise<Database> {
  const db = await connect({ retry: 'none', ...options })
  t.teardown(() => db.close())
  return db
}

const INSERT = 'INSERT INTO kept (value) VALUES (1)'

/** Writes until it succeeds; gives how often it did not, and when it did by `performance.now()`. */
async function writeAgain(db: Database): Promise<{ failures: number; at: number }> {
  let failures = 0
  await until(async () => {
    const error: unknown = await db.query(INSERT).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    if (error === null) return true
    if (!(error instanceof ConnectionError)) throw error
    failures += 1
    return false
  })
  return { failures, at: performance.now() }
}

/** Sessions of ashlar on a server. */
async function sessionsOn(server: StandbyPair['primary']): Promise<number> {
  return withClient(server, async (client) => {
    const { rows } = await client.query(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'ashlar'",
    )
    return rows[0].n
  })
}

t.test('a primary that is killed', async (t) => {
  const { pair, options } = await startPair(t)
  const { primary, standby } = pair
  const db = await connectTo(t, options)
  await db.query('CREATE TABLE kept (value int4)')
  t.equal(db.server.port, primary.port)
  await primary.kill()

  t.test('leaves errors that name each host', async (t) => {
    await until(() => db.stats().pool.open === 0)
    const message = new RegExp(`127.0.0.1 port ${primary.port}: .*; 127.0.0.1 port ${standby.port}: a standby`)
    await t.rejects(db.query(INSERT), { name: 'ConnectionError', message })
  })

  t.test('is followed by the standby that is promoted, within 2 s', async (t) => {
    const writing = writeAgain(db)
    await until(() => (db.stats().events['connect-failed'] ?? 0) > 3)
    const askedAt = performance.now()
    await pair.promote()
    const promotedAt = performance.now()
    const { failures, at } = await writing
    t.ok(failures > 0, 'nothing was written in between')
    t.ok(at - promotedAt < 2_000)
    t.comment(`first write ${Math.round(at - askedAt)} ms after pg_promote() was called, ${failures} failed before`)
    t.equal(db.server.port, standby.port)
    const changes = db.stats().events['writer-changed']
    t.equal(changes, 1)
  })

  t.test('is not used when it comes back, for it is on an older timeline', async (t) => {
    await primary.start()
    const other = await connectTo(t, options)
    t.equal(other.server.port, standby.port, 'who has never seen either takes the newer one')
    for (const each of [db, other]) {
      await each.query(INSERT)
      each.expire()
      await each.query(INSERT)
      t.equal(each.server.port, standby.port)
    }
    t.equal(await sessionsOn(primary), 0)
  })

  t.test('is not used either when the new one is lost too', async (t) => {
    await standby.kill()
    await until(() => db.stats().pool.open === 0)
    const message = new RegExp(`127.0.0.1 port ${primary.port}: an old primary, on timeline 1, where 2 was seen`)
    await t.rejects(db.query(INSERT), { name: 'ConnectionError', message })
    await standby.start()
    await writeAgain(db)
    t.equal(db.server.port, standby.port)
  })
})

t.test('a primary that is replaced and lives on', async (t) => {
  const { pair, options } = await startPair(t)
  const { primary, standby } = pair
  // The old one would wait for a standby that is none any more.
  await withClient(primary, (client) => client.query('CREATE TABLE kept (value int4)'))
  const db = await connectTo(t, options)
  const config = resolveConfig(options, {})
  const pool = new Pool({ ...config, ...(config.target as ServersTarget) })
  t.teardown(() => pool.close())
  await pool.start()
  const held = await pool.acquire('held')
  let endTransaction = (): void => {}
  const inTransaction = db.transaction(async (tx) => {
    await tx.query('SELECT 1')
    await new Promise<void>((resolve) => {
      endTransaction = resolve
    })
  })
  await pair.promote()

  t.test('is left at once by whom it has refused a write', async (t) => {
    t.equal(pool.suspectRole(), true)
    const lease = await pool.acquire('next')
    t.equal(lease.connection.server.port, standby.port)
    t.match(
      pool.monitor.events.recent().find(({ type }) => type === 'writer-changed'),
      {
        host: '127.0.0.1',
        port: standby.port,
        timeline: 2,
      },
    )
    await lease.release(false)
    t.equal(held.connection.wire.isLost, false, 'what is borrowed stays until it is given back')
    await held.release(false)
    t.equal(held.connection.wire.isLost, true)
  })

  t.test('is left after a few seconds by whoever uses it', async (t) => {
    await until(async () => {
      await db.query('SELECT 1')
      return db.stats().events['writer-changed'] === 1
    })
    t.equal(db.server.port, standby.port)
    endTransaction()
    await inTransaction
    await until(async () => (await sessionsOn(primary)) === 0)
    t.equal(db.stats().events['connection-lost'], undefined)
    await db.query(INSERT)
  })
})

t.test('a primary that is replaced while a hook prepares a connection to it', async (t) => {
  const { pair, options } = await startPair(t)
  const { primary, standby } = pair
  t.test('is not handed out for that connection', async (t) => {
    let runs = 0
    const onConnect = async (): Promise<void> => {
      runs += 1
      if (runs !== 2) return
      await pair.promote()
      pool.suspectRole()
      await until(() => pool.server.port === standby.port)
    }
    const { target, ...config } = resolveConfig({ ...options, pool: { min: 0, max: 4, onConnect } }, {})
    const pool = new Pool({ ...config, ...(target as ServersTarget) })
    t.teardown(() => pool.close())
    await pool.start()
    const first = await pool.acquire('first')
    t.equal(first.connection.server.port, primary.port)
    const second = await pool.acquire('second')
    t.equal(second.connection.server.port, standby.port)
    t.equal(runs, 3)
    await first.release(false)
    await second.release(false)
    await until(() => pool.stats().open === 1)
  })
})

t.test('a primary that refuses writes from now on', async (t) => {
  const { pair, options } = await startPair(t)
  const { primary, standby } = pair
  await withClient(primary, (client) => client.query('CREATE TABLE kept (value int4)'))
  const db = await connectTo(t, options)
  const { user, password, database } = primary
  const port = `${standby.port},${primary.port}`
  const host = '127.0.0.1,127.0.0.1'
  const readOnly = { host, port, user, password, database, targetSessionAttrs: 'read-only' } as const
  const reader = await connectTo(t, { ...readOnly, pool: { min: 1, max: 2 } })
  t.equal(reader.server.port, standby.port)
  await db.query(INSERT)
  await withClient(primary, async (client) => {
    await client.query("ALTER SYSTEM SET default_transaction_read_only = 'on'")
    await client.query('SELECT pg_reload_conf()')
  })

  t.test('is left when another one is promoted', async (t) => {
    await until(async () => {
      const error: unknown = await db.query(INSERT).catch((thrown: unknown) => thrown)
      return error instanceof QueryError && error.sqlState === '25006'
    })
    await pair.promote()
    await until(async () => {
      await db.query(INSERT).catch(() => {})
      return db.stats().events['writer-changed'] === 1
    })
    t.equal(db.server.port, standby.port)
    await db.query(INSERT)
  })

  t.test('is taken by readers when theirs begins to take writes, as its sessions report', async (t) => {
    await until(async () => {
      await reader.query('SELECT 1')
      return reader.server.port === primary.port
    })
    t.equal(reader.stats().events['writer-changed'], undefined)
    await reader.query('SELECT 1')
  })
})

t.test('a primary that falls silent', async (t) => {
  const { pair, options } = await startPair(t)
  const { primary, standby } = pair
  // Nothing but the new primary can tell that the old one is dead.
  const db = await connectTo(t, { ...options, pool: { min: 2, max: 4, watchdogMs: null } })
  await db.query('CREATE TABLE kept (value int4)')
  const postmaster = Number(readFileSync(join(primary.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
  for (const pid of [postmaster, ...childrenOf(postmaster)]) process.kill(pid, 'SIGSTOP')

  t.test('loses its connections when another one is promoted, and nobody is told that a write failed', async (t) => {
    const writing = db.query(INSERT)
    const startedAt = performance.now()
    writing.catch(() => {})
    const { servers } = resolveConfig(options, {}).target as ServersTarget
    const limits = { connectTimeoutMs: 10_000, applicationName: 'test' }
    const looking = lookAtAll(servers, 'read-write', limits, () => {})
    await pair.promote()
    t.match(await looking, [{ role: null }, { role: { isStandby: false, timeline: 2 } }], 'asks the other one again')
    t.ok(performance.now() - startedAt < limits.connectTimeoutMs, 'and does not wait for the silent one')
    await t.rejects(writing, OutcomeUnknownError)
    t.comment(`told ${Math.round(performance.now() - startedAt)} ms after it was sent`)
    await writeAgain(db)
    t.equal(db.server.port, standby.port)
  })
})

t.test('a single server that is killed', async (t) => {
  t.test('has connections within a second of its return, though nobody calls', async (t) => {
    const server = await startKillableServer({ password: PASSWORD })
    t.teardown(() => server.close())
    const { host, port, user, password, database } = server
    const db = await connectTo(t, { host, port, user, password, database, pool: { min: 2, max: 4 } })
    await server.kill()
    await until(() => (db.stats().events['connect-failed'] ?? 0) > 2)
    const failed = db.stats().events['connect-failed'] ?? 0
    await server.start()
    const backAt = performance.now()
    await until(() => db.stats().pool.open === 2)
    const ms = performance.now() - backAt
    t.ok(ms < 1_000)
    t.comment(`${Math.round(ms)} ms after the server was back`)
    t.ok(failed < 20, 'and was not asked for more often than it takes')
    await db.query('SELECT 1')
  })
})
