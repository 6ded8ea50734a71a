/** Several hosts, a primary and its standby, while nothing fails. Failover is in failover.test.ts. */

import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t from 'tap'
import { type ConnectOptions, resolveConfig, type ServersTarget } from '../../src/config.js'
import { connect, type Database } from '../../src/database.js'
import { findFreePort } from '../../src/embedded/free-port.js'
import { findWriter } from '../../src/engine/hosts/find-writer.js'
import { lookAtAll } from '../../src/engine/hosts/round.js'
import type { EngineEvent } from '../../src/engine/monitor/event.js'
import { Pool } from '../../src/engine/pool/pool.js'
import { ConnectionError, TimeoutError } from '../../src/errors.js'
import { setVariable } from '../fixtures/environment.js'
import { startStandbyPair, withClient } from '../fixtures/standby-pair.js'
import { until } from '../fixtures/until.js'

const CANARY = 'canary-8d1f'
const pair = await startStandbyPair({ synchronous: false, password: CANARY })
t.teardown(() => pair.close())
const { primary, standby } = pair
const { user, password, database } = primary
const host = '127.0.0.1,127.0.0.1'
const standbyFirst = { host, port: `${standby.port},${primary.port}`, user, password, database } as const
const primaryFirst = { ...standbyFirst, port: `${primary.port},${standby.port}` } as const
const small = { min: 0, max: 3 } as const

async function withDatabase<T>(options: ConnectOptions, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await connect({ pool: small, retry: 'none', ...options })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}

/** Gives where a connection leads to, by the server's own word. */
async function portOf(options: ConnectOptions): Promise<number> {
  return withDatabase(options, async (db) => {
    const [row] = await db.query<{ port: number }>("SELECT current_setting('port')::int AS port")
    return row?.port ?? 0
  })
}

async function failure(options: ConnectOptions): Promise<ConnectionError> {
  const error: unknown = await withDatabase(options, async () => 'it connected').catch((thrown: unknown) => thrown)
  if (error instanceof ConnectionError) return error
  throw new Error(`expected a ConnectionError, got ${inspect(error)}`)
}

async function deadPort(): Promise<number> {
  const port = await findFreePort(0)
  if (port === null) throw new Error('no port is free')
  return port
}

t.test('several hosts', async (t) => {
  t.test('lead to the primary, whatever their order', async (t) => {
    for (const options of [standbyFirst, primaryFirst]) {
      await withDatabase(options, async (db) => {
        t.same(db.server, { host: '127.0.0.1', port: primary.port, user, database })
        const [row] = await db.query("SELECT current_setting('transaction_read_only') AS setting")
        t.same(row, { setting: 'off' })
      })
    }
  })

  t.test('lead to what is asked for', async (t) => {
    const found = async (targetSessionAttrs: ConnectOptions['targetSessionAttrs'], options: ConnectOptions) =>
      portOf({ ...options, ...(targetSessionAttrs === undefined ? {} : { targetSessionAttrs }) })
    for (const options of [standbyFirst, primaryFirst]) {
      t.equal(await found('read-write', options), primary.port)
      t.equal(await found('primary', options), primary.port)
      t.equal(await found('standby', options), standby.port)
      t.equal(await found('read-only', options), standby.port)
      t.equal(await found('prefer-standby', options), standby.port)
    }
    t.equal(await found('any', standbyFirst), standby.port)
    t.equal(await found('any', primaryFirst), primary.port)
  })

  t.test('lead to a primary where a standby is preferred and there is none', async (t) => {
    const port = `${await deadPort()},${primary.port}`
    t.equal(await portOf({ ...standbyFirst, port, targetSessionAttrs: 'prefer-standby' }), primary.port)
  })

  t.test('may be down or unknown, but one', async (t) => {
    t.equal(await portOf({ ...standbyFirst, port: `${await deadPort()},${primary.port}` }), primary.port)
    t.equal(await portOf({ ...standbyFirst, host: 'no-such-host.invalid,127.0.0.1', sslmode: 'disable' }), primary.port)
    const any = { ...standbyFirst, targetSessionAttrs: 'any' } as const
    t.equal(await portOf({ ...any, port: `${await deadPort()},${standby.port}` }), standby.port)
  })

  t.test('are all named, each with its reason and none with a secret, when no one can be used', async (t) => {
    const dead = await deadPort()
    const error = await failure({
      ...standbyFirst,
      host: 'no-such-host.invalid,127.0.0.1,127.0.0.1',
      port: `5432,${dead},${standby.port}`,
      sslmode: 'disable',
    })
    t.match(
      error.message,
      /^connect: none of 3 hosts can be used: no-such-host.invalid port 5432: .*(ENOTFOUND|EAI_AGAIN)/,
    )
    t.match(error.message, `127.0.0.1 port ${dead}: connect ECONNREFUSED`)
    t.match(error.message, `127.0.0.1 port ${standby.port}: a standby (target_session_attrs is read-write)`)
    t.notOk(`${inspect(error, { depth: Infinity, showHidden: true })}${JSON.stringify(error)}`.includes(CANARY))
  })

  t.test('have passwords of their own in the password file', async (t) => {
    const folder = t.testdir({
      pgpass: `127.0.0.1:${standby.port}:*:*:wrong\n127.0.0.1:${primary.port}:*:*:${CANARY}\n`,
    })
    chmodSync(join(folder, 'pgpass'), 0o600)
    setVariable(t, 'PGPASSFILE', join(folder, 'pgpass'))
    const { password: _, ...unnamed } = standbyFirst
    t.equal(await portOf(unnamed), primary.port)
    const { message } = await failure({ ...unnamed, targetSessionAttrs: 'standby' })
    t.match(message, `127.0.0.1 port ${standby.port}: password authentication failed`)
    t.match(message, `127.0.0.1 port ${primary.port}: a primary`)
  })

  t.test('get cancel requests where the statement runs', async (t) => {
    await withDatabase(
      { ...standbyFirst, targetSessionAttrs: 'standby', port: `${primary.port},${standby.port}` },
      (db) => t.rejects(db.with({ timeoutMs: 50 }).query('SELECT pg_sleep(5)'), TimeoutError),
    )
    await withDatabase(standbyFirst, async (db) => {
      const late = db
        .with({ signal: AbortSignal.timeout(50) })
        .query('CREATE TABLE never AS SELECT 1 AS one FROM pg_sleep(5)')
      await t.rejects(late, { name: 'CancelledError' })
      t.equal(db.stats().events['connection-lost'], undefined)
    })
  })

  t.test('are looked through for the one that takes writes, whatever else is asked for', async (t) => {
    const config = resolveConfig({ ...standbyFirst, targetSessionAttrs: 'standby' })
    const target = config.target as ServersTarget
    t.equal((await findWriter(target, config)).port, primary.port)
    const standbys = target.servers.filter(({ port }) => port === standby.port)
    await t.rejects(findWriter({ ...target, servers: [...standbys, ...standbys] }, config), ConnectionError)
    await withDatabase({ ...standbyFirst, targetSessionAttrs: 'standby', migrate: true }, async (db) => {
      await until(async () => (await db.health()).status === 'healthy')
      t.equal(db.server.port, standby.port)
    })
  })
})

t.test('a look at all hosts', async (t) => {
  t.test('leaves no timer behind', async (t) => {
    const { target } = resolveConfig({ ...standbyFirst, port: `${await deadPort()},${primary.port}` })
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const limits = { connectTimeoutMs: 5_000, applicationName: 'test' }
    const sightings = await lookAtAll((target as ServersTarget).servers, 'read-write', limits, () => {})
    t.match(sightings, [{ role: null }, { role: { isStandby: false } }])
    await until(() => timers() <= before)
  })
})

t.test('one host', async (t) => {
  t.test('is refused when it is not what is asked for', async (t) => {
    const one = { ...standbyFirst, host: '127.0.0.1', port: standby.port, targetSessionAttrs: 'read-write' } as const
    const { message } = await failure(one)
    t.equal(message, `connect: 127.0.0.1 port ${standby.port}: a standby (target_session_attrs is read-write)`)
    t.match((await failure({ ...one, port: primary.port, targetSessionAttrs: 'standby' })).message, /: a primary \(/)
    t.match((await failure({ ...one, port: await deadPort() })).message, /^connect: connect ECONNREFUSED/)
  })

  t.test('is refused when its sessions take no writes', async (t) => {
    const fence = (setting: string) =>
      withClient(primary, async (client) => {
        await client.query(`ALTER DATABASE ${database} SET default_transaction_read_only = ${setting}`)
      })
    const one = { ...standbyFirst, host: '127.0.0.1', port: primary.port, targetSessionAttrs: 'read-write' } as const
    await fence('on')
    const { message } = await failure(one)
    await withClient(primary, async (client) => {
      await client.query('SET default_transaction_read_only = off')
      await client.query(`ALTER DATABASE ${database} RESET default_transaction_read_only`)
    })
    t.match(message, /: a primary that takes no writes \(/)
    t.equal(await portOf(one), primary.port)
  })
})

t.test('suspectRole', async (t) => {
  async function suspect(options: ConnectOptions): Promise<boolean> {
    const config = resolveConfig({ pool: small, ...options }, {})
    const pool = new Pool({ ...config, ...(config.target as ServersTarget) })
    await pool.start()
    const may = pool.suspectRole()
    // Waits until the look is over.
    await (await pool.acquire('test')).release(false)
    t.equal(pool.stats().connects, 1, 'the connection is as good as before')
    await pool.close()
    return may
  }

  t.test('is of use where a server must take writes, and there is something to choose', async (t) => {
    t.equal(await suspect(standbyFirst), true)
    t.equal(await suspect({ ...standbyFirst, targetSessionAttrs: 'primary' }), true)
    t.equal(await suspect({ ...standbyFirst, targetSessionAttrs: 'standby' }), false)
    t.equal(await suspect({ ...standbyFirst, targetSessionAttrs: 'any' }), false)
    t.equal(await suspect({ ...standbyFirst, host: '127.0.0.1', port: primary.port }), false)
  })
})

t.test('events', async (t) => {
  t.test('tell of connections that are made and lost, and not of those that are closed', async (t) => {
    const events: EngineEvent[] = []
    await withDatabase(
      { ...standbyFirst, host: '127.0.0.1', port: primary.port, pool: { min: 0, max: 2 } },
      async (db) => {
        db.onEvent((event) => events.push(event))
        t.equal(db.stats().events.connected, 1)
        await withClient(primary, (client) =>
          client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ashlar'"),
        )
        await until(() => db.stats().events['connection-lost'] === 1)
        await db.query('SELECT 1')
        await t.rejects(db.query('SELECT pg_terminate_backend(pg_backend_pid())'))
        await until(() => db.stats().events['connection-lost'] === 2)
        await db.query('SELECT 1')
        db.expire()
        await db.query('SELECT 1')
      },
    )
    const ofConnections = events.filter(({ type }) => type !== 'outcome-unknown')
    t.match(
      ofConnections.map(({ type, at: _, ...rest }) => ({ type, ...rest })),
      [
        { type: 'connection-lost', reason: '57P01' },
        { type: 'connected', host: '127.0.0.1', port: primary.port, durationMs: Number },
        { type: 'connection-lost', query: 'query', reason: '57P01' },
        { type: 'connected' },
        { type: 'connected' },
      ],
    )
    t.equal(ofConnections.length, 5)
  })

  t.test('tell why a connection could not be made', async (t) => {
    const { target, ...config } = resolveConfig({ ...standbyFirst, password: 'wrong', pool: small }, {})
    const pool = new Pool({ ...config, ...(target as ServersTarget) })
    await t.rejects(pool.start(), ConnectionError)
    t.match(pool.monitor.events.recent(), [
      { type: 'connect-failed', port: standby.port, reason: '28P01' },
      { type: 'connect-failed', port: primary.port, reason: '28P01' },
    ])
    await pool.close()
  })
})
