/** What health finds on a server: its connections, and what others do there. */

import { Client } from 'pg'
import t, { type Test } from 'tap'
import type { ConnectOptions } from '../../src/config.js'
import { connect, type Database } from '../../src/database.js'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { checkOf } from '../fixtures/check-of.js'
import { startDebianServer } from '../fixtures/debian-server.js'
import { withAdmin } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'

// Its own: what other tests do on theirs would be found, too.
const server = await startEmbeddedServer({
  folder: 'temp',
  settings: { max_connections: 20, max_prepared_transactions: 2 },
})
t.teardown(() => server.close())
const { host, port, user, database, password } = server
const access = { host, port, user, database, password }

async function open(t: Test, options: ConnectOptions = {}): Promise<Database> {
  const db = await connect({ ...access, pool: { min: 0, max: 3 }, ...options })
  t.teardown(() => db.close())
  return db
}

async function openClient(t: Test, options = {}): Promise<Client> {
  const client = new Client({ ...access, ...options })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  return client
}

async function createRole(t: Test, name: string, options = ''): Promise<{ user: string; password: string }> {
  await withAdmin(access, (admin) => admin.query(`CREATE ROLE ${name} LOGIN ${options} PASSWORD 'canary-4711'`))
  t.teardown(() => withAdmin(access, (admin) => admin.query(`DROP ROLE ${name}`)))
  return { user: name, password: 'canary-4711' }
}

t.test('budget', async (t) => {
  t.test('tells what is used, and what the server, the role and the database allow', async (t) => {
    const db = await open(t)
    await openClient(t)
    t.match(checkOf(await db.health(), 'budget'), {
      ok: true,
      details: {
        max: 3,
        open: 1,
        free: 15,
        ours: 1,
        limit: 17,
        used: 2,
        roleLimit: null,
        roleUsed: 2,
        databaseUsed: 2,
      },
    })
  })

  t.test('fails when pool.max is above what the server can give', async (t) => {
    const db = await open(t, { pool: { min: 0, max: 18 } })
    const report = await db.health()
    t.equal(report.status, 'degraded')
    t.match(checkOf(report, 'budget'), {
      ok: false,
      reason: 'pool.max is 18, and the server may have 17 connections',
    })
  })

  t.test('fails when others have taken what the pool may still open', async (t) => {
    const db = await open(t, { pool: { min: 0, max: 16 } })
    t.equal(checkOf(await db.health(), 'budget').ok, true)
    await openClient(t)
    await openClient(t)
    t.match(checkOf(await db.health(), 'budget'), {
      ok: false,
      reason: 'the server has 14 free connections, and the pool may open 15 more',
    })
  })

  t.test('counts the limit of the role', async (t) => {
    const role = await createRole(t, 'few', 'CONNECTION LIMIT 2')
    const db = await open(t, { ...role, pool: { min: 0, max: 2 } })
    t.match(checkOf(await db.health(), 'budget'), { ok: true, details: { roleLimit: 2, roleUsed: 1, free: 1 } })
    await openClient(t, role)
    t.match(checkOf(await db.health(), 'budget'), {
      ok: false,
      reason: 'the role has 0 free connections, and the pool may open 1 more',
    })
    const greedy = await open(t, { ...role, pool: 'none' })
    await db.close()
    t.match(checkOf(await greedy.health(), 'budget'), {
      ok: false,
      reason: /pool\.max is 50, and the role may have 2 connections/,
    })
  })

  t.test('counts the limit of the database, which binds no superuser', async (t) => {
    const role = await createRole(t, 'guest')
    await withAdmin(access, (admin) => admin.query(`ALTER DATABASE ${database} CONNECTION LIMIT 2`))
    t.teardown(() => withAdmin(access, (admin) => admin.query(`ALTER DATABASE ${database} CONNECTION LIMIT -1`)))
    const db = await open(t, role)
    t.match(checkOf(await db.health(), 'budget'), {
      ok: false,
      reason: 'pool.max is 3, and the database may have 2 connections',
      details: { databaseLimit: 2, databaseUsed: 1 },
    })
    t.equal(checkOf(await (await open(t)).health(), 'budget').ok, true)
  })

  t.test('judges nothing behind a pooler', async (t) => {
    const db = await open(t, { pool: { min: 0, max: 18 }, preparedStatements: false })
    t.match(checkOf(await db.health(), 'budget'), { ok: true, reason: null, details: { isPooled: true, limit: 17 } })
  })
})

t.test('transactions', async (t) => {
  t.test('fails when a client is idle in a transaction for too long, and names it', async (t) => {
    const db = await open(t)
    const client = await openClient(t, { application_name: 'forgetful' })
    await client.query('BEGIN')
    await client.query("/* getThing */ SELECT 'canary-4711'")
    await until(async () =>
      (await db.health({ longTransactionMs: 50 })).checks.some(({ name, ok }) => name === 'transactions' && !ok),
    )
    const check = checkOf(await db.health({ longTransactionMs: 50 }), 'transactions')
    t.match(check, {
      reason:
        /^1 open for longer than 50 ms, the oldest for \d+ ms \(pid \d+, of forgetful, idle in transaction, last query getThing\), 1 of those idle in transaction$/,
      details: { long: 1, longIdle: 1, oldestState: 'idle in transaction', oldestQuery: 'getThing' },
    })
    t.notMatch(JSON.stringify(check), 'canary')
    t.match(checkOf(await db.health(), 'transactions'), { ok: true, details: { long: 0, longTransactionMs: 60_000 } })
    t.match(checkOf(await db.health({ longTransactionMs: null }), 'transactions'), { ok: true })
    await client.query('ROLLBACK')
    t.match(checkOf(await db.health({ longTransactionMs: 50 }), 'transactions'), {
      ok: true,
      details: { oldestMs: null },
    })
  })

  t.test('fails for one that works, and shows nothing of a text without a name', async (t) => {
    const db = await open(t)
    const client = await openClient(t, { application_name: 'busy' })
    const work = client.query("SELECT pg_sleep(60), 'canary-4711'").catch(() => {})
    await until(async () => !checkOf(await db.health({ longTransactionMs: 1 }), 'transactions').ok)
    const check = checkOf(await db.health({ longTransactionMs: 1 }), 'transactions')
    t.match(check, { details: { long: 1, longIdle: 0, oldestState: 'active', oldestQuery: null } })
    t.notMatch(JSON.stringify(check), 'canary')
    await db.query('SELECT pg_terminate_backend($1)', [check.details.oldestPid])
    await work
  })

  t.test('fails for one that was prepared and left', async (t) => {
    const db = await open(t)
    const client = await openClient(t)
    await client.query("BEGIN; CREATE TABLE left_over (a int); PREPARE TRANSACTION 'left'")
    await until(async () => !checkOf(await db.health({ longTransactionMs: 20 }), 'transactions').ok)
    t.match(checkOf(await db.health({ longTransactionMs: 20 }), 'transactions'), {
      reason: /^1 prepared and open for longer than 20 ms, the oldest for \d+ ms$/,
      details: { long: 0, longPrepared: 1 },
    })
    await client.query("ROLLBACK PREPARED 'left'")
  })
})

t.test('a role without pg_monitor', async (t) => {
  t.test('gets a limited view, which fails nothing; with it, all is seen', async (t) => {
    const role = await createRole(t, 'watcher')
    const db = await open(t, role)
    const client = await openClient(t)
    await client.query('BEGIN; SELECT 1')
    const full = await open(t)
    await until(async () => !checkOf(await full.health({ longTransactionMs: 20 }), 'transactions').ok)
    const report = await db.health({ longTransactionMs: 20 })
    t.match(checkOf(report, 'transactions'), { ok: true, details: { view: 'limited', long: 0, oldestPid: null } })
    t.match(checkOf(report, 'replication'), { ok: true, details: { view: 'limited', synchronousStandbys: null } })
    t.match(checkOf(report, 'budget'), { ok: true, details: { used: 3, roleUsed: 1 } })
    t.notMatch(JSON.stringify(report), 'canary')
    await withAdmin(access, (admin) => admin.query('GRANT pg_monitor TO watcher'))
    t.match(checkOf(await db.health({ longTransactionMs: 20 }), 'transactions'), {
      ok: false,
      details: { view: 'full', long: 1 },
    })
    await client.query('ROLLBACK')
  })
})

t.test('an older server', async (t) => {
  const older = await startDebianServer(t)
  if (older === null) {
    t.comment('no server of the operating system is installed')
    return
  }
  const options = {
    host: '127.0.0.1',
    port: older.port,
    user: 'ashlar',
    database: 'postgres',
    pool: { min: 0, max: 2 },
  }
  const db = await connect({ ...options, password: 'none' })
  const report = await db.health()
  await db.close()
  t.match(checkOf(report, 'connection'), { ok: true, details: { serverVersion: new RegExp(`^${older.version}`) } })
  for (const name of ['budget', 'transactions', 'replication'])
    t.match(checkOf(report, name), { ok: true, reason: null })
})
