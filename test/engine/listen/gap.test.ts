/** Connections that are lost while somebody listens. */

import t, { type Test } from 'tap'
import type { ConnectOptions } from '../../../src/config.js'
import { connect } from '../../../src/database.js'
import type { EngineEvent } from '../../../src/index.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { startFaultProxy } from '../../fixtures/fault-proxy.js'
import { withAdmin } from '../../fixtures/template.js'
import { until } from '../../fixtures/until.js'
import { gate, heard } from './fixtures/heard.js'

const access = await createTestDatabase(t, null)
const pool = { min: 0, max: 4, watchdogMs: 200 } as const
const writer = await connect({ ...access, pool: { min: 0, max: 2 } })
t.teardown(() => writer.close())

async function through(t: Test, options: ConnectOptions = {}) {
  const proxy = await startFaultProxy(access)
  const db = await connect({ ...access, port: proxy.port, pool, ...options })
  const events: EngineEvent[] = []
  db.onEvent((event) => events.push(event))
  t.teardown(async () => {
    await db.close()
    await proxy.close()
  })
  return { proxy, db, events }
}

async function terminate(): Promise<void> {
  await withAdmin(access, (admin) =>
    admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND query ~ '^LISTEN|listening_chan'",
      [access.database],
    ),
  )
}

const ofListeners = ({ type }: EngineEvent): boolean => type.startsWith('listen-')

t.test('a connection that is lost', async (t) => {
  t.test('is opened anew, and the gap is told behind what came before it and before what comes then', async (t) => {
    const { proxy, db, events } = await through(t)
    const { opened, open } = gate()
    const told = heard({ onMessage: (text) => (text === 'a' ? opened : undefined) })
    const listener = await db.listen('order', told)
    await writer.query("SELECT pg_notify('order', text) FROM unnest(ARRAY['a', 'b']) AS text")
    await until(() => listener.queued === 1)
    proxy.drop()
    await writer.notify('order', 'missed')
    await until(() => listener.queued === 2)
    await writer.notify('order', 'c')
    await until(() => listener.queued === 3)
    open()
    await until(() => told.all.length === 4)
    t.match(told.all, ['a', 'b', { reason: 'connection-lost', lastedMs: Number }, 'c'])
    t.match(events.filter(ofListeners), [
      { type: 'listen-lost', channels: 1, reason: 'ECONNRESET' },
      { type: 'listen-restored', channels: 1, lastedMs: Number },
    ])
    t.equal(db.stats().events['connection-lost'], undefined)
  })

  t.test(
    'is one gap for each listener of each channel, told when it is listened to again and not before',
    async (t) => {
      const { proxy, db } = await through(t)
      const told = [heard(), heard(), heard()] as const
      await Promise.all([db.listen('x', told[0]), db.listen('x', told[1]), db.listen('y', told[2])])
      proxy.pause()
      proxy.drop()
      await until(() => db.stats().events['listen-lost'] === 1)
      t.ok(told.every(({ gaps }) => gaps.length === 0))
      proxy.resume()
      await until(() => told.every(({ gaps }) => gaps.length === 1))
      await writer.notify('x', 'a')
      await writer.notify('y', 'b')
      await until(() => told.every(({ all }) => all.length === 2))
      t.equal(db.stats().events['listen-restored'], 1)
    },
  )

  t.test('is opened anew after longer and longer pauses where it is cut again and again', async (t) => {
    const { proxy, db } = await through(t, { retry: { baseDelayMs: 100, maxDelayMs: 10_000, random: () => 0.999 } })
    const told = heard()
    await db.listen('flapping', told)
    for (const count of [1, 2, 3]) {
      proxy.drop()
      await until(() => told.gaps.length === count)
    }
    const [, , last] = told.gaps
    t.ok(last?.reason === 'connection-lost' && last.lastedMs >= 390)
  })

  t.test('is found when the server ends it', async (t) => {
    const { db, events } = await through(t)
    const told = heard()
    await db.listen('ended', told)
    await terminate()
    await until(() => told.gaps.length === 1)
    t.match(events.filter(ofListeners), [{ type: 'listen-lost', reason: '57P01' }, { type: 'listen-restored' }])
  })

  t.test('is found when the network is dead, by a question that gets no answer', async (t) => {
    const watchdogMs = 1_000
    const { proxy, db, events } = await through(t, { pool: { ...pool, watchdogMs } })
    const told = heard()
    await db.listen('hole', told)
    await db.query('SELECT 1')
    t.ok(proxy.blackHoleWhere(({ lastText }) => /LISTEN|pg_listening/.test(lastText ?? '')) === 1)
    await until(() => told.gaps.length === 1)
    const [gap] = told.gaps
    t.ok(gap?.reason === 'connection-lost' && gap.lastedMs >= watchdogMs / 2, 'from the last sign of life on')
    t.match(events.filter(ofListeners), [{ type: 'listen-lost', reason: 'silent' }, { type: 'listen-restored' }])
    await writer.notify('hole', 'a')
    await until(() => told.all.length === 2)
  })

  t.test('is not taken for lost while it answers or messages come', async (t) => {
    const { db } = await through(t)
    const told = heard()
    await db.listen('idle', told)
    await new Promise((resolve) => setTimeout(resolve, 3 * pool.watchdogMs))
    await writer.notify('idle', 'a')
    await until(() => told.all.length === 1)
    t.same(told.all, ['a'])
  })

  t.test('is not taken for lost when somebody has left before it listened for him', async (t) => {
    const { db, events } = await through(t)
    await db.listen('staying', heard())
    const controller = new AbortController()
    const leaving = db.listen('leaving', heard(), { signal: controller.signal })
    controller.abort()
    await t.rejects(leaving, { name: 'CancelledError' })
    await new Promise((resolve) => setTimeout(resolve, 3 * pool.watchdogMs))
    t.same(events.filter(ofListeners), [])
  })

  t.test('is lost too when its session does not listen any more', async (t) => {
    const sessions: { query(text: string): Promise<unknown> }[] = []
    const { db, events } = await through(t, {
      pool: { ...pool, onConnect: async (connection) => void sessions.push(connection) },
    })
    const told = heard()
    await db.listen('kept', told)
    await Promise.all(sessions.map((session) => session.query('UNLISTEN *')))
    await until(() => told.gaps.length === 1)
    t.match(events.filter(ofListeners)[0], { type: 'listen-lost', reason: 'not-listening' })
    await writer.notify('kept', 'a')
    await until(() => told.all.length === 2)
  })

  t.test('is given up by expire(), with a gap', async (t) => {
    const { db, events } = await through(t)
    const told = heard()
    await db.listen('expired', told)
    db.expire()
    await until(() => told.gaps.length === 1)
    t.match(events.filter(ofListeners)[0], { type: 'listen-lost', reason: 'expired' })
  })

  t.test('is given up by expire() also while it is opened', async (t) => {
    let held = Promise.resolve()
    let hooks = 0
    const onConnect = () => {
      hooks += 1
      return held
    }
    const { db, proxy } = await through(t, { pool: { ...pool, onConnect } })
    const told = heard()
    await db.listen('expiring', told)
    const { opened, open } = gate()
    held = opened
    proxy.drop()
    await until(() => hooks === 2)
    db.expire()
    open()
    await until(() => told.gaps.length === 1)
    t.equal(db.stats().pool.connects, 3)
    t.equal(db.stats().pool.listening, 1)
  })

  t.test('is not renewed for its age, nor taken for a leak', async (t) => {
    const leaks: unknown[] = []
    const { db } = await through(t, {
      pool: {
        ...pool,
        maxLifetimeMs: 1_000,
        maxUses: 1,
        leakThresholdMs: 50,
        idleTimeoutMs: 50,
        onLeak: (leak) => leaks.push(leak),
      },
    })
    const told = heard()
    await db.listen('old', told)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    await writer.notify('old', 'a')
    await until(() => told.all.length === 1)
    t.same(told.all, ['a'])
    t.same(leaks, [])
  })
})

t.test('onGap that rejects is called again before anything else, until it has succeeded', async (t) => {
  const { proxy, db } = await through(t)
  let attempts = 0
  const told = heard({
    onGap() {
      attempts += 1
      if (attempts < 3) throw new Error('the table cannot be read')
    },
  })
  await db.listen('again', told)
  proxy.drop()
  await until(() => told.gaps.length > 0)
  await writer.notify('again', 'a')
  await until(() => told.all.at(-1) === 'a')
  t.equal(attempts, 3)
  t.match(told.all, [...Array.from({ length: 3 }, () => ({ reason: 'connection-lost' })), 'a'])
  t.match(told.failures, [{ during: 'onGap' }, { during: 'onGap' }])
})

t.test('a server that cannot be reached', async (t) => {
  t.test('is tried until connectTimeoutMs, and then refuses the listener', async (t) => {
    const { proxy, db } = await through(t, { pool: { ...pool, connectTimeoutMs: 300 } })
    await db.query('SELECT 1')
    await proxy.close()
    await until(() => db.stats().pool.open === 0)
    await t.rejects(db.listen('none', heard()), { name: 'ConnectionError' })
    t.ok((db.stats().events['connect-failed'] ?? 0) > 1)
    await until(() => db.stats().pool.listening === 0)
  })

  t.test('that comes back in time does not', async (t) => {
    const { proxy, db } = await through(t)
    await db.query('SELECT 1')
    let refused = 0
    proxy.onMessage(({ text }) => {
      refused += text.startsWith('LISTEN') ? 1 : 0
      return text.startsWith('LISTEN') && refused <= 2 ? { how: 'reset', when: 'before' } : null
    })
    const told = heard()
    await db.listen('back', told)
    await writer.notify('back', 'a')
    await until(() => told.all.length === 1)
    t.same(told.all, ['a'], 'it is no gap to whom nothing was promised')
    t.ok(refused > 2)
    t.equal(db.stats().events['listen-lost'], undefined)
  })

  t.test('that swallows LISTEN is left', async (t) => {
    const { proxy, db } = await through(t, { pool: { ...pool, watchdogMs: null, connectTimeoutMs: 200 } })
    let isFirst = true
    proxy.onMessage(({ text }) => {
      if (!text.startsWith('LISTEN') || !isFirst) return null
      isFirst = false
      return { how: 'black-hole', when: 'before' }
    })
    const lost = db.listen('swallowed', heard())
    await t.rejects(lost, { name: 'ConnectionError', message: /silent/ })
    await db.listen('swallowed', heard())
  })
})

t.test('what refuses for good is told at once', async (t) => {
  await withAdmin(access, (admin) => admin.query("CREATE ROLE gone LOGIN PASSWORD 'gone'"))
  t.teardown(() => withAdmin(access, (admin) => admin.query('DROP ROLE IF EXISTS gone')))
  const db = await connect({ ...access, user: 'gone', password: 'gone', pool: { ...pool, connectTimeoutMs: 60_000 } })
  t.teardown(() => db.close())
  await withAdmin(access, (admin) => admin.query('ALTER ROLE gone NOLOGIN'))
  db.expire()
  await until(() => db.stats().pool.open === 0)
  await t.rejects(db.listen('none', heard()), { name: 'ConnectionError', message: /not permitted to log in/ })
})

t.test('listeners leave nothing behind', async (t) => {
  const db = await connect({ ...access, pool })
  const resources = (): number => process.getActiveResourcesInfo().length
  await db.query('SELECT 1')
  const before = resources()
  const abort = new AbortController()
  for (let round = 0; round < 5; round += 1) {
    const listener = await db.listen('residue', heard(), { signal: abort.signal })
    await terminate()
    await until(() => (db.stats().events['listen-restored'] ?? 0) === round + 1)
    await listener.close()
  }
  await until(() => resources() <= before)
  t.match(db.stats().pool, { listening: 0, borrowed: 0, waiting: 0 })
  await db.close()
})
