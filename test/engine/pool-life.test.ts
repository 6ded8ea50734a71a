import { once } from 'node:events'
import t from 'tap'
import { connect, type Database } from '../../src/database.js'
import type { Leak } from '../../src/index.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { startSloth } from '../fixtures/sloth.js'
import { withAdmin } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'

const access = await createTestDatabase(t)

async function pidOf(db: Pick<Database, 'query'>): Promise<number | undefined> {
  const [row] = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return row?.pid
}

/** Counts the sessions on the test's database. */
async function sessions(): Promise<number> {
  const { rows } = await withAdmin(access, (admin) =>
    admin.query('SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = $1', [access.database]),
  )
  return rows[0].count
}

/** A connection that is held until it is let go. */
function hold(db: Database): { readonly done: Promise<void>; readonly letGo: () => void } {
  let letGo = (): void => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const done = db.transaction(async (tx) => {
    await tx.query('SELECT 1')
    await held
  })
  return { done, letGo: () => letGo() }
}

t.test('min', async (t) => {
  t.test('are opened in the background, and kept', async (t) => {
    const db = await connect({ ...access, pool: { min: 3, max: 5, idleTimeoutMs: 20 } })
    t.teardown(() => db.close())
    await until(() => db.stats().pool.open === 3)
    await Promise.all([1, 2, 3, 4, 5].map(() => db.query('SELECT pg_sleep(0.1)')))
    await until(() => db.stats().pool.open === 3)
    t.equal(await sessions(), 3)
  })

  t.test('are replaced when they die', async (t) => {
    const db = await connect({ ...access, pool: { min: 2, max: 4 } })
    t.teardown(() => db.close())
    await until(() => db.stats().pool.open === 2)
    await withAdmin(access, (admin) =>
      admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [access.database]),
    )
    await until(() => db.stats().pool.connects === 4 && db.stats().pool.open === 2)
  })

  t.test('that cannot be opened do not keep connect from what it can do', async (t) => {
    await withAdmin(access, (admin) => admin.query(`CREATE ROLE one LOGIN PASSWORD 'one' CONNECTION LIMIT 1`))
    t.teardown(() => withAdmin(access, (admin) => admin.query('DROP ROLE one')))
    const db = await connect({ ...access, user: 'one', password: 'one', pool: { min: 3, max: 3 } })
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
    t.equal(db.stats().pool.open, 1)
    await db.close()
  })
})

t.test('a connection that could not be opened', async (t) => {
  t.test('is tried again for whoever waits, also when another one was lost in the meantime', async (t) => {
    await withAdmin(access, (admin) => admin.query(`CREATE ROLE pair LOGIN PASSWORD 'pair' CONNECTION LIMIT 2`))
    t.teardown(() => withAdmin(access, (admin) => admin.query('DROP ROLE pair')))
    const pool = { min: 0, max: 3, lanes: null, acquireTimeoutMs: 5_000 } as const
    const db = await connect({ ...access, user: 'pair', password: 'pair', pool, retry: 'none' })
    t.teardown(() => db.close())
    let letGo = (): void => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const hold = (): Promise<void> =>
      db.transaction(async (tx) => {
        await tx.query('SELECT 1')
        await held
      })
    const holding = Promise.allSettled([hold(), hold()])
    await until(() => db.stats().pool.borrowed === 2)
    const waiting = db.query('SELECT 1 AS a')
    await until(() => (db.stats().events['connect-failed'] ?? 0) > 0)
    const startedAt = performance.now()
    await withAdmin(access, (admin) =>
      admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pair' LIMIT 1"),
    )
    t.same(await waiting, [{ a: 1 }])
    t.ok(performance.now() - startedAt < 2_000, `served after ${Math.round(performance.now() - startedAt)} ms`)
    letGo()
    await holding
  })
})

t.test('max', async (t) => {
  t.test('holds over lanes and exclusive connections together, on the server too', async (t) => {
    await withAdmin(access, (admin) => admin.query(`CREATE ROLE four LOGIN PASSWORD 'four' CONNECTION LIMIT 4`))
    t.teardown(() => withAdmin(access, (admin) => admin.query('DROP ROLE four')))
    await withAdmin(access, (admin) => admin.query('GRANT pg_read_all_data, pg_write_all_data TO four'))
    const db = await connect({ ...access, user: 'four', password: 'four', pool: { min: 2, max: 4 } })
    t.teardown(() => db.close())
    const work = Array.from({ length: 200 }, (_, index) =>
      index % 2 === 0
        ? db.projectContexts.find('00000000-0000-0000-0000-000000000000')
        : db.query('SELECT pg_sleep(0.001)'),
    )
    await Promise.all(work)
    t.ok(db.stats().pool.open <= 4)
    t.match(db.stats().pool, { failures: 0, waiting: 0, borrowed: 0 })
  })
})

t.test('a connection is renewed', async (t) => {
  t.test('after so many uses', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1, maxUses: 3 } })
    const pids = []
    for (let each = 0; each < 6; each += 1) pids.push(await pidOf(db))
    t.equal(new Set(pids.slice(0, 3)).size, 1)
    t.equal(new Set(pids.slice(3)).size, 1)
    t.not(pids[0], pids[3])
  })

  t.test('after so many uses, as a lane too', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2, maxUses: 5 } })
    for (let each = 0; each < 20; each += 1) {
      await db.projectContexts.find('00000000-0000-0000-0000-000000000000')
    }
    t.ok(db.stats().pool.connects >= 4, `${db.stats().pool.connects} connections`)
    t.equal(db.stats().pool.failures, 0)
  })

  t.test('when it is old', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 1, max: 1, maxLifetimeMs: 1_000 } })
    const first = await pidOf(db)
    await until(async () => (await pidOf(db)) !== first)
    t.match(db.stats().pool, { failures: 0, open: 1 })
  })

  t.test('when all are told to expire', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 2, max: 4 } })
    await until(() => db.stats().pool.open === 2)
    await db.projectContexts.find('00000000-0000-0000-0000-000000000000')
    const held = hold(db)
    await until(() => db.stats().pool.borrowed === 1)
    const before = await sessionPids(db)
    db.expire()
    held.letGo()
    await held.done
    await until(async () => {
      const now = await sessionPids(db)
      return now.length >= 2 && now.every((pid) => !before.includes(pid))
    })
    t.equal(db.stats().pool.failures, 0)
  })
})

async function sessionPids(db: Database): Promise<readonly number[]> {
  const { rows } = await withAdmin(access, (admin) =>
    admin.query('SELECT pid FROM pg_stat_activity WHERE datname = $1', [db.server.database]),
  )
  return rows.map(({ pid }) => pid)
}

t.test('a connection that was idle', async (t) => {
  t.test('is asked for a sign of life, and replaced when it gives none', async (t) => {
    // Lets everything through until it is told to go silent, and keeps its ends open.
    const port = await startSloth(t, access.port)
    const db = await connect({
      ...access,
      port,
      pool: { min: 0, max: 1, pingAfterIdleMs: 1, connectTimeoutMs: 2_000, acquireTimeoutMs: 60_000 },
    })
    t.teardown(() => db.close())
    const first = await pidOf(db)
    await new Promise((resolve) => setTimeout(resolve, 5))
    t.equal(await pidOf(db), first, 'kept when it answers')
    await withAdmin(access, (admin) => admin.query('SELECT pg_terminate_backend($1)', [first]))
    await new Promise((resolve) => setTimeout(resolve, 5))
    const next = await pidOf(db)
    t.ok(next !== undefined && next !== first)
    t.equal(db.stats().pool.failures, 0)
  })
})

t.test('hooks', async (t) => {
  t.test('onConnect runs once on each connection, of either kind, before its first use', async (t) => {
    let runs = 0
    const db = await connectTestDatabase(t, {
      pool: {
        min: 0,
        max: 3,
        async onConnect(connection) {
          runs += 1
          await connection.query("SET search_path TO 'mine'")
        },
      },
    })
    const paths = await Promise.all(
      [1, 2, 3].map(() => db.query<{ path: string }>("SELECT current_setting('search_path') AS path, pg_sleep(0.05)")),
    )
    t.same(
      paths.flat().map(({ path }) => path),
      ['mine', 'mine', 'mine'],
    )
    t.equal(runs, db.stats().pool.connects)
  })

  t.test('onConnect that rejects reaches the caller, and leaves no connection', async (t) => {
    let isBroken = true
    const options = {
      ...access,
      pool: {
        min: 0,
        async onConnect() {
          if (isBroken) throw new Error('not today')
        },
      },
    }
    await t.rejects(connect(options), {
      name: 'ConnectionError',
      message: 'pool.onConnect rejected: not today',
      cause: { message: 'not today' },
    })
    await until(async () => (await sessions()) === 0)
    isBroken = false
    const db = await connect(options)
    await db.close()
  })

  t.test('onBorrow runs on each exclusive connection that is handed out', async (t) => {
    let runs = 0
    const db = await connectTestDatabase(t, {
      pool: {
        min: 0,
        max: 2,
        async onBorrow(connection) {
          runs += 1
          await connection.query("SELECT set_config('mine.turn', $1, false)", [String(runs)])
        },
      },
    })
    const before = runs
    const [row] = await db.query("SELECT current_setting('mine.turn') AS turn")
    t.same(row, { turn: String(before + 1) })
    await db.projectContexts.find('00000000-0000-0000-0000-000000000000')
    t.equal(runs, before + 2, 'for a read too, which then is not shared')
    t.equal(db.stats().pool.lanes, 0)
  })

  t.test('onBorrow that rejects closes the connection, and the next is a new one', async (t) => {
    let isBroken = false
    const db = await connectTestDatabase(t, {
      pool: {
        min: 0,
        max: 1,
        async onBorrow() {
          if (isBroken) throw new Error('not now')
        },
      },
    })
    isBroken = true
    await t.rejects(db.query('SELECT 1'), { name: 'ConnectionError', message: 'pool.onBorrow rejected: not now' })
    isBroken = false
    await db.query('SELECT 1')
    t.match(db.stats().pool, { connects: 2, borrowed: 0 })
  })
})

t.test('a session that was changed', async (t) => {
  t.test('reaches the next borrower as if it were new', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1, lanes: null } })
    const first = await pidOf(db)
    await db.query("SET search_path TO 'elsewhere'")
    await db.query("SELECT set_config('mine.note', 'here', false)")
    await db.query('SELECT pg_advisory_lock(7)')
    await db.query('CREATE TEMPORARY TABLE scratch (id int)')
    await db.query('LISTEN news')
    const [row] = await db.query(`SELECT
      current_setting('search_path') AS path,
      coalesce(current_setting('mine.note', true), '') AS note,
      to_regclass('pg_temp.scratch') AS scratch,
      (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
      (SELECT count(*) FROM pg_listening_channels()) AS channels`)
    t.same(row, { path: '"$user", public', note: '', scratch: null, locks: 0, channels: 0 })
    t.equal(await pidOf(db), first, 'and it is the same connection')
  })

  t.test('is set up by its hook again', async (t) => {
    const onConnect = async (connection: Pick<Database, 'query'>): Promise<void> => {
      await connection.query("SET search_path TO 'mine'")
    }
    const db = await connectTestDatabase(t, { pool: { max: 1, onConnect } })
    await db.query("SET search_path TO 'elsewhere'")
    t.same(await db.query("SELECT current_setting('search_path') AS path"), [{ path: 'mine' }])
    t.equal(db.stats().pool.connects, 1)
  })
})

t.test('too many callers', async (t) => {
  t.test('are shed at once, writes and reads, and those that wait are served', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 2, max: 2, maxWaiting: 5, laneDepth: 1 } })
    await until(() => db.stats().pool.open === 2)
    await db.projectContexts.find('00000000-0000-0000-0000-000000000000')
    const held = hold(db)
    await until(() => db.stats().pool.borrowed === 1)
    const writes = Array.from({ length: 8 }, () => db.query('SELECT 1 AS a'))
    const settled = Promise.allSettled(writes)
    await t.rejects(db.query('SELECT 1'), {
      name: 'PoolOverloadedError',
      code: 'ASHLAR_POOL_OVERLOADED',
      limit: 5,
      message:
        /^5 calls are waiting already: nothing was sent; 1 of 2 borrowed; borrowed for longest: (?:query|transaction) for \d+ ms/,
      pool: { waiting: 5, borrowed: 1 },
    })
    held.letGo()
    await held.done
    const results = await settled
    t.equal(results.filter(({ status }) => status === 'fulfilled').length, 5)
    t.equal(db.stats().pool.shed, 4)
    const reads = await Promise.allSettled(
      Array.from({ length: 50 }, () => db.projectContexts.find('00000000-0000-0000-0000-000000000000')),
    )
    const shed = reads.filter((result) => result.status === 'rejected')
    t.ok(shed.length > 0 && shed.length < 50)
    for (const { reason } of shed) t.match(reason, { name: 'PoolOverloadedError' })
  })

  t.test('none may wait when that is asked for', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1, maxWaiting: 0 } })
    const held = hold(db)
    await until(() => db.stats().pool.borrowed === 1)
    await t.rejects(db.query('SELECT 1'), { name: 'PoolOverloadedError' })
    held.letGo()
    await held.done
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
  })

  t.test('are told who has the connections when they wait in vain', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1, acquireTimeoutMs: 50 } })
    const held = hold(db)
    await until(() => db.stats().pool.borrowed === 1)
    await t.rejects(db.query('SELECT 1'), {
      name: 'AcquireTimeoutError',
      holders: [{ query: 'query', heldMs: Number }],
    })
    held.letGo()
    await held.done
  })
})

t.test('a connection that is not given back', async (t) => {
  t.test('is reported with its borrower and its last query, and once it is back no more', async (t) => {
    const leaks: Leak[] = []
    const db = await connectTestDatabase(t, {
      pool: { max: 1, leakThresholdMs: 20, onLeak: (leak) => leaks.push(leak) },
    })
    const held = hold(db)
    await until(() => leaks.length > 0)
    const [leak] = leaks
    t.match(leak, { query: 'query', stack: /pool-life\.test/ })
    t.notMatch(leak?.stack, /\/src\/engine\//, 'leads with who borrowed it, and not with ashlar')
    t.ok((leak?.heldMs ?? 0) >= 19)
    held.letGo()
    await held.done
    await db.query('SELECT 1')
    t.equal(leaks.length, 1)
  })

  t.test('is reported with its borrower, however deep in ashlar it was borrowed', async (t) => {
    const leaks: Leak[] = []
    const db = await connectTestDatabase(t, {
      pool: { max: 1, leakThresholdMs: 20, onLeak: (leak) => leaks.push(leak) },
    })
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 2
    const sleeping = (async function borrowerFarAway() {
      return db.query('SELECT pg_sleep(0.2)')
    })()
    t.equal(Error.stackTraceLimit, 2)
    Error.stackTraceLimit = stackTraceLimit
    await sleeping
    t.match(leaks, [{ stack: /^Error: borrowed\n\s+at .*borrowerFarAway/ }])
  })

  t.test('is warned of where no hook is given', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1, leakThresholdMs: 20 } })
    const warned = once(process, 'warning')
    const held = hold(db)
    const [warning] = await warned
    t.match(warning, { name: 'ConnectionLeakWarning', code: 'ASHLAR_CONNECTION_LEAK', message: /last query: query/ })
    held.letGo()
    await held.done
  })
})

t.test('close', async (t) => {
  t.test('cuts what is not done by its deadline, and tells its callers', async (t) => {
    const db = await connect({ ...access, pool: { min: 0, max: 1, closeTimeoutMs: 100 } })
    const write = db.query('SELECT pg_sleep(60)')
    const late = db.query('SELECT 1')
    write.catch(() => {})
    late.catch(() => {})
    await until(() => db.stats().pool.borrowed === 1 && db.stats().pool.waiting === 1)
    await db.close()
    await t.rejects(write, { name: 'CancelledError', sqlState: '57014' })
    await t.rejects(late, { name: 'PoolClosedError' })
    t.match(db.stats().pool, { open: 0, borrowed: 0, waiting: 0 })
  })

  t.test('does not wait for a callback that never ends', async (t) => {
    const db = await connect({ ...access, pool: { min: 0, max: 1, closeTimeoutMs: 50 } })
    const held = hold(db)
    await until(() => db.stats().pool.borrowed === 1)
    await db.close()
    held.letGo()
    await t.rejects(held.done)
    t.match(db.stats().pool, { open: 0, borrowed: 0 })
  })

  t.test('gives up connections that are only being opened', async (t) => {
    const db = await connect({ ...access, pool: { min: 5, max: 5 } })
    await db.close()
    t.equal(db.stats().pool.open, 0)
    await until(async () => (await sessions()) === 0)
  })
})
