/** Listeners that are ended, in whatever state they are. */

import t, { type Test } from 'tap'
import { connect } from '../../../src/database.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { startFaultProxy } from '../../fixtures/fault-proxy.js'
import { until } from '../../fixtures/until.js'
import { gate, heard } from './fixtures/heard.js'

const access = await createTestDatabase(t, null)
const writer = await connect({ ...access, pool: { min: 0, max: 2 } })
t.teardown(() => writer.close())

async function through(t: Test) {
  const proxy = await startFaultProxy(access)
  const db = await connect({ ...access, port: proxy.port, pool: { min: 0, max: 3, closeTimeoutMs: 2_000 } })
  t.teardown(async () => {
    await db.close()
    await proxy.close()
  })
  return { proxy, db }
}

const closing = { name: 'PoolClosedError' }
const abortion = { name: 'CancelledError', message: /listen: aborted/ }

t.test('close of a listener', async (t) => {
  t.test('ends it while its handler runs, also when that calls it, and drops what waits', async (t) => {
    const { db } = await through(t)
    const { opened, open } = gate()
    let isClosed = false
    const told = heard({
      async onMessage() {
        await listener.close()
        await opened
      },
    })
    const listener = await db.listen('self', told)
    void listener.closed.then(() => {
      isClosed = true
    })
    await writer.query("SELECT pg_notify('self', text) FROM unnest(ARRAY['a', 'b']) AS text")
    await until(() => db.stats().pool.listening === 0)
    t.equal(isClosed, false, 'the handler is not done')
    open()
    await listener.closed
    await listener.close()
    t.same(told.all, ['a'])
    t.equal(listener.queued, 0)
  })

  t.test('ends it while its connection is opened anew', async (t) => {
    const { proxy, db } = await through(t)
    const told = heard()
    const listener = await db.listen('lost', told)
    proxy.pause()
    proxy.drop()
    await until(() => db.stats().events['listen-lost'] === 1)
    await listener.close()
    await listener.closed
    await until(() => db.stats().pool.listening === 0)
    t.same(told.all, [])
  })

  t.test('ends it while it tries onGap again', async (t) => {
    const { proxy, db } = await through(t)
    const told = heard({ onGap: () => Promise.reject(new Error('never')) })
    const listener = await db.listen('never', told)
    proxy.drop()
    await until(() => told.gaps.length > 1)
    await listener.close()
    await listener.closed
    const { length } = told.gaps
    await new Promise((resolve) => setTimeout(resolve, 50))
    t.equal(told.gaps.length, length)
  })

  t.test('leaves the next one its own connection', async (t) => {
    const { db } = await through(t)
    const first = await db.listen('a', heard())
    const told = heard()
    const [, second] = await Promise.all([first.close(), db.listen('a', told)])
    await writer.notify('a', 'x')
    await until(() => told.all.length === 1)
    await second.close()
    t.equal(db.stats().pool.listening, 0)
  })

  t.test('is done by await using, too', async (t) => {
    const { db } = await through(t)
    const listener = await db.listen('using', heard())
    await listener[Symbol.asyncDispose]()
    t.equal(db.stats().pool.listening, 0)
  })
})

t.test('a signal', async (t) => {
  t.test('that is aborted before refuses the listener', async (t) => {
    const { db } = await through(t)
    await t.rejects(db.listen('a', heard(), { signal: AbortSignal.abort() }), abortion)
    t.equal(db.stats().pool.listening, 0)
  })

  t.test('that is aborted while it connects does so at once', async (t) => {
    const { proxy, db } = await through(t)
    db.expire()
    await until(() => db.stats().pool.open === 0)
    proxy.pause()
    const abort = new AbortController()
    const listening = db.listen('a', heard(), { signal: abort.signal })
    await until(() => db.stats().pool.opening === 1)
    abort.abort()
    await t.rejects(listening, abortion)
    proxy.resume()
    await until(() => db.stats().pool.listening === 0 && db.stats().pool.opening === 0)
  })

  t.test('that is aborted while it waits for a place gives up the place', async (t) => {
    const { db } = await through(t)
    const { opened, open } = gate()
    const held = [1, 2, 3].map(() => db.transaction((tx) => tx.query('SELECT 1').then(() => opened)))
    await until(() => db.stats().pool.borrowed === 2)
    const abort = new AbortController()
    const { waiting } = db.stats().pool
    const listening = db.listen('a', heard(), { signal: abort.signal })
    await until(() => db.stats().pool.waiting === waiting + 1)
    abort.abort()
    await t.rejects(listening, abortion)
    await until(() => db.stats().pool.waiting === waiting)
    open()
    await Promise.all(held)
  })

  t.test('that is aborted later ends it', async (t) => {
    const { db } = await through(t)
    const abort = new AbortController()
    const listener = await db.listen('a', heard(), { signal: abort.signal })
    abort.abort()
    await listener.closed
    await until(() => db.stats().pool.listening === 0)
  })
})

t.test('close of the database', async (t) => {
  t.test('ends all listeners, and refuses others', async (t) => {
    const { db } = await through(t)
    const told = heard()
    const listeners = [await db.listen('a', told), await db.listen('b', told)]
    await writer.notify('a', 'x')
    await until(() => told.all.length === 1)
    await db.close()
    await Promise.all(listeners.map(({ closed }) => closed))
    await t.rejects(db.listen('a', heard()), closing)
    const [row] = await writer.query<{ n: number }>(
      "SELECT count(*)::int4 AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    )
    t.equal(row?.n, 0)
    t.same(told.all, ['x'])
  })

  t.test('does not wait for a handler that runs', async (t) => {
    const { db } = await through(t)
    const { opened, open } = gate()
    const told = heard({ onMessage: () => opened })
    const listener = await db.listen('a', told)
    await writer.notify('a', 'x')
    await until(() => told.all.length === 1)
    await db.close()
    open()
    await listener.closed
  })

  t.test('ends those that connect, and those that connect again', async (t) => {
    const { proxy, db } = await through(t)
    const listener = await db.listen('a', heard())
    proxy.pause()
    proxy.drop()
    await until(() => db.stats().events['listen-lost'] === 1)
    const listening = db.listen('b', heard())
    const refused = t.rejects(listening, closing)
    await db.close()
    await Promise.all([refused, listener.closed])
    t.equal(db.stats().pool.listening, 0)
  })
})
