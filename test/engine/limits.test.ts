import t from 'tap'
import { connect, type Database } from '../../src/database.js'
import { Query } from '../../src/engine/query.js'
import type { ConnectionHook, CopyRows, LimitedDatabase, TransactionOptions } from '../../src/index.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'

const access = await createTestDatabase(t)
const echo = new Query<void, { a: number }>('echo', { statement: 'SELECT 1 AS a', params: [] }, { read: true })

/** Aborts when a condition holds. */
function abortWhen(condition: () => boolean): AbortSignal {
  const controller = new AbortController()
  void until(condition).then(() => controller.abort())
  return controller.signal
}

/** Holds the only connection of a pool until it is let go. */
function occupy(db: Database): { readonly done: Promise<void>; readonly letGo: () => void } {
  let letGo = (): void => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  return { done: db.transaction(async (tx) => void (await Promise.all([tx.query('SELECT 1'), held]))), letGo }
}

t.test('a call on a connection of its own', async (t) => {
  t.test('is cancelled on the server when it is aborted, and the connection stays', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    const signal = abortWhen(() => db.stats().pool.borrowed === 1)
    await t.rejects(db.query('SELECT pg_sleep(60)', [], { signal }), {
      name: 'CancelledError',
      code: 'ASHLAR_CANCELLED',
      query: 'query',
      message: 'query: aborted by its signal; nothing of it was kept',
    })
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
    t.match(db.stats().pool, { cancels: 1, connects: 1, failures: 1, borrowed: 0 })
  })

  t.test('is cancelled whenever it is aborted while it is being sent', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    for (let microtasks = 0; microtasks < 30; microtasks += 1) {
      const controller = new AbortController()
      const call = db.query('SELECT pg_sleep(3)', [], { signal: controller.signal })
      for (let each = 0; each < microtasks; each += 1) await null
      controller.abort()
      await t.rejects(call, { name: 'CancelledError' }, `${microtasks}`)
    }
  })

  t.test('may have the longest time limit there is', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    t.same(await db.query('SELECT 1 AS a FROM pg_sleep(0.2)', [], { timeoutMs: 2_147_483_647 }), [{ a: 1 }])
  })

  t.test('keeps nothing of a write that was aborted', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 2 } })
    await db.query('CREATE TABLE note (id int)')
    const signal = abortWhen(() => db.stats().pool.borrowed === 1)
    const write = db.query('INSERT INTO note SELECT 1 FROM pg_sleep(60)', [], { signal })
    await t.rejects(write, { name: 'CancelledError' })
    t.same(await db.query('SELECT * FROM note'), [])
  })

  t.test('resolves when it was done before the server heard of the abort', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    for (let turn = 1; turn <= 20; turn += 1) {
      const controller = new AbortController()
      const write = db.query('INSERT INTO note VALUES ($1)', [turn], { signal: controller.signal })
      await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      const outcome = await write.then(
        () => 1,
        () => 0,
      )
      const [row] = await db.query<{ count: number }>('SELECT count(*) AS count FROM note WHERE id = $1', [turn])
      t.equal(row?.count, outcome, 'what the caller is told is what is there')
    }
  })

  t.test('gives up its place when it is aborted while it waits', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    const held = occupy(db)
    const signal = abortWhen(() => db.stats().pool.waiting === 1)
    await t.rejects(db.query('SELECT 1', [], { signal }), { name: 'CancelledError' })
    t.equal(db.stats().pool.waiting, 0)
    held.letGo()
    await held.done
    t.equal(db.stats().pool.cancels, 0)
  })

  t.test('is not sent when it was aborted before', async (t) => {
    const db = await connectTestDatabase(t)
    await t.rejects(db.query('SELECT 1', [], { signal: AbortSignal.abort() }), { name: 'CancelledError' })
    t.equal(db.stats().pool.connects, 1)
  })

  t.test('is stopped by the server at its time limit, which no other call feels', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await t.rejects(db.query('SELECT pg_sleep(60)', [], { timeoutMs: 50 }), {
      name: 'TimeoutError',
      code: 'ASHLAR_TIMEOUT',
      sqlState: '57014',
    })
    t.same(await db.query("SELECT current_setting('statement_timeout') AS limit"), [{ limit: '1min' }])
    t.match(db.stats().pool, { cancels: 0, connects: 1 })
  })

  t.test('keeps its time limit while it waits for a connection', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    const held = occupy(db)
    await t.rejects(db.query('SELECT 1', [], { timeoutMs: 30 }), {
      name: 'TimeoutError',
      message: 'query: not done within its time limit of 30 ms; nothing of it was kept',
    })
    held.letGo()
    await held.done
  })

  t.test('is stopped at the limit of the connection where that is shorter', async (t) => {
    const db = await connectTestDatabase(t, { commandTimeoutMs: 50 })
    await t.rejects(db.query('SELECT pg_sleep(60)', [], { timeoutMs: 60_000 }), { name: 'TimeoutError' })
  })

  t.test('has a time limit as a read, too', async (t) => {
    const db = await connectTestDatabase(t)
    const sleep = new Query<void, unknown>('sleep', { statement: 'SELECT pg_sleep(60)', params: [] }, { read: true })
    await t.rejects(db.run(sleep, undefined, { timeoutMs: 50 }), { name: 'TimeoutError', query: 'sleep' })
  })

  for (const [name, limits, path] of [
    ['a signal that is none', { signal: 'now' }, 'signal'],
    ['a time limit of 0', { timeoutMs: 0 }, 'timeoutMs'],
    ['a time limit that no timer holds', { timeoutMs: 2 ** 31 }, 'timeoutMs'],
    ['a time limit with a fraction', { timeoutMs: 1.5 }, 'timeoutMs'],
    ['an option that there is none of', { timeoutMS: 5 }, 'timeoutMS'],
    ['options that are null', null, 'options'],
    ['options that are a number', 5, 'options'],
  ] as const) {
    t.test(`refuses ${name}`, async (t) => {
      const db = await connectTestDatabase(t)
      await t.rejects(db.query('SELECT 1', [], limits as never), { name: 'ValidationError', issues: [{ path }] })
      t.throws(() => db.with(limits as never), { name: 'ValidationError', issues: [{ path }] })
    })
  }
})

t.test('what calls take and give has public names', async (t) => {
  // Of a hook nobody looks at what it gives: rows, as here.
  const onConnect: ConnectionHook = (connection) => connection.query("SET lock_timeout = '1s'")
  const db = await connectTestDatabase(t, { pool: { max: 1, onConnect } })
  const limited: LimitedDatabase = db.with({ timeoutMs: 60_000 })
  const options: TransactionOptions = { isolation: 'serializable' }
  const rows: CopyRows = [[1], [2]]
  await limited.query('CREATE TABLE note (id int)')
  t.same(await limited.transaction((tx) => tx.copyInto('note', ['id'], rows), options), { rows: 2 })
})

t.test('options of one kind of call', async (t) => {
  const db = await connectTestDatabase(t)
  const wrong = (path: string) => ({ name: 'ValidationError', issues: [{ path }] })
  const never = async () => t.fail('was run')

  for (const [options, path] of [
    [{ isolatoin: 'serializable' }, 'isolatoin'],
    [null, 'options'],
  ] as const) {
    t.test(`refuses ${JSON.stringify(options)}`, async (t) => {
      await t.rejects(db.transaction(never, options as never), wrong(path))
      await t.rejects(db.copyInto('note', ['id'], [], options as never), wrong(path))
      t.throws(() => db.stream(echo, undefined, options as never), wrong(path))
    })
  }

  t.test('names those that there are', async (t) => {
    t.throws(() => db.stream(echo, undefined, { batch: 1 } as never), {
      message:
        'echo: batch: is no option of this call; there are signal, timeoutMs, coalesce, operationId, retry, batchSize',
    })
  })

  t.test('refuses on one call what another has', async (t) => {
    await t.rejects(db.run(echo, undefined, { batchSize: 1 } as never), wrong('batchSize'))
    t.throws(() => db.with({ isolation: 'serializable' } as never), wrong('isolation'))
  })

  for (const options of [{ isolation: 'serializable' }, { readOnly: true }, { deferrable: false }] as const) {
    t.test(`refuses ${JSON.stringify(options)} on a savepoint`, async (t) => {
      await db.transaction(async (tx) => {
        await t.rejects(tx.transaction(never, options as never), wrong(Object.keys(options)[0] as string))
        t.same(await tx.transaction((inner) => inner.run(echo, undefined), { timeoutMs: 60_000 }), [{ a: 1 }])
      })
    })
  }
})

t.test('with', async (t) => {
  t.test('limits every call, those of repositories too', async (t) => {
    const db = await connectTestDatabase(t)
    const aborted = db.with({ signal: AbortSignal.abort() })
    await t.rejects(aborted.query('SELECT 1'), { name: 'CancelledError' })
    await t.rejects(aborted.run(echo, undefined), { name: 'CancelledError' })
    await t.rejects(aborted.projectContexts.count(), { name: 'CancelledError' })
    await t.rejects(
      aborted.transaction(async () => {}),
      { name: 'CancelledError' },
    )
    t.equal(await db.projectContexts.count(), 0, 'and leaves the database as it was')
  })

  t.test('adds to the limits of an outer one, and a call has the last word', async (t) => {
    const db = await connectTestDatabase(t)
    const limited = db.with({ signal: AbortSignal.abort() }).with({ timeoutMs: 60_000 })
    await t.rejects(limited.query('SELECT 1'), { name: 'CancelledError' })
    t.same(await limited.query('SELECT 1 AS a', [], { signal: undefined }), [{ a: 1 }])
  })
})

t.test('a transaction', async (t) => {
  t.test('is rolled back when its signal aborts in a statement', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    const controller = new AbortController()
    const work = db.transaction(
      async (tx) => {
        await tx.query('INSERT INTO note VALUES (1)')
        setTimeout(() => controller.abort(), 20)
        await tx.query('SELECT pg_sleep(60)')
      },
      { signal: controller.signal },
    )
    await t.rejects(work, { name: 'CancelledError', query: 'query' })
    t.same(await db.query('SELECT * FROM note'), [])
    t.match(db.stats().pool, { connects: 1, cancels: 1 })
  })

  t.test('is rolled back when its signal aborts between statements', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    const controller = new AbortController()
    const work = db.transaction(
      async (tx) => {
        await tx.query('INSERT INTO note VALUES (1)')
        controller.abort()
      },
      { signal: controller.signal },
    )
    await t.rejects(work, { name: 'CancelledError', query: 'transaction' })
    t.same(await db.query('SELECT * FROM note'), [])
  })

  t.test('is rolled back at its time limit', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    const work = db.transaction(
      async (tx) => {
        await tx.query('INSERT INTO note VALUES (1)')
        await tx.query('SELECT pg_sleep(60)')
      },
      { timeoutMs: 100 },
    )
    await t.rejects(work, { name: 'TimeoutError', message: /its time limit of 100 ms/ })
    t.same(await db.query('SELECT * FROM note'), [])
  })

  t.test('goes on behind a statement that was stopped in a savepoint', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    await db.transaction(async (tx) => {
      await tx.query('INSERT INTO note VALUES (1)')
      const inner = tx.transaction((savepoint) => savepoint.query('SELECT pg_sleep(60)'), { timeoutMs: 30 })
      await t.rejects(inner, { name: 'TimeoutError' })
      await tx.query('INSERT INTO note VALUES (2)')
    })
    t.same(await db.query('SELECT id FROM note ORDER BY id'), [{ id: 1 }, { id: 2 }])
  })

  t.test('has no other statement hit by the cancelling of one', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.transaction(async (tx) => {
      for (let turn = 0; turn < 10; turn += 1) {
        const stopped = tx.transaction((savepoint) => savepoint.query('SELECT pg_sleep(60)', [], { timeoutMs: 5 }))
        await t.rejects(stopped, { name: 'TimeoutError' })
        t.same(await Promise.all([tx.query('SELECT 1 AS a'), tx.query('SELECT 2 AS a')]), [[{ a: 1 }], [{ a: 2 }]])
      }
    })
  })
})

t.test('many calls that are aborted at random', async (t) => {
  t.test('all settle, as what the server did says, and harm no other', async (t) => {
    const db = await connect({ ...access, pool: { min: 0, max: 6 } })
    t.teardown(() => db.close())
    await db.query('CREATE TABLE done (id int PRIMARY KEY)')
    const wait = new Query<void, unknown>('wait', { statement: 'SELECT pg_sleep(0.005)', params: [] }, { read: true })
    const told = new Map<number, string>()
    const work = Array.from({ length: 300 }, async (_, id) => {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), Math.random() * 200)
      const { signal } = controller
      const call = id % 3 === 0 ? db.run(wait, undefined, { signal }) : insert(db, id, signal)
      told.set(
        id,
        await call.then(
          () => 'done',
          ({ name }: Error) => name,
        ),
      )
    })
    const others = Array.from({ length: 300 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200))
      return index % 2 === 0 ? db.run(echo, undefined) : db.query('SELECT 1 AS a')
    })
    for (const rows of await Promise.all(others)) t.same(rows, [{ a: 1 }])
    await Promise.all(work)
    const stored = new Set((await db.query<{ id: number }>('SELECT id FROM done')).map(({ id }) => id))
    for (const [id, outcome] of told) {
      if (id % 3 === 0) t.ok(['done', 'CancelledError'].includes(outcome), outcome)
      // On a machine that is busy the server may not tell within a second: then the caller is told so, and nothing else.
      else if (outcome !== 'OutcomeUnknownError') t.equal(outcome, stored.has(id) ? 'done' : 'CancelledError')
    }
    t.ok([...told.values()].includes('CancelledError') && [...told.values()].includes('done'))
    await until(() => db.stats().pool.borrowed === 0)
  })
})

function insert(db: Database, id: number, signal: AbortSignal): Promise<unknown> {
  return db.query('INSERT INTO done SELECT $1::int FROM pg_sleep(0.003)', [id], { signal })
}
