import t, { type Test } from 'tap'
import { connect, type Database } from '../../../src/database.js'
import { defineChannel, type Listener, type ListenHandlers } from '../../../src/index.js'
import { connectTestDatabase, createTestDatabase } from '../../fixtures/database.js'
import { withAdmin } from '../../fixtures/template.js'
import { until } from '../../fixtures/until.js'
import { gate, heard } from './fixtures/heard.js'

const db = await connectTestDatabase(t)

/** Channels of the sessions on the test's database that listen. */
async function listeningSessions(db: Database): Promise<number> {
  const [row] = await db.query<{ n: number }>(
    "SELECT count(*)::int4 AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
  )
  return row?.n ?? 0
}

async function listen(t: Test, channel: string, handlers: ListenHandlers<string>, maxQueued?: number) {
  const listener = await db.listen(channel, handlers, { maxQueued })
  t.teardown(() => listener.close())
  return listener
}

t.test('listen', async (t) => {
  t.test('gives the payloads of a channel as text, in their order, with where they come from', async (t) => {
    const origins: unknown[] = []
    const told = heard({ onMessage: (_, origin) => origins.push(origin) })
    const listener = await listen(t, 'news', told)
    t.equal(listener.channel, 'news')
    const [row] = await db.query<{ pid: number }>(
      `SELECT
  pg_backend_pid() AS pid,
  pg_notify('news', 'a') AS first,
  pg_notify('news', 'ä€😀') AS second,
  pg_notify('other', 'x') AS third`,
    )
    await db.query('NOTIFY news')
    await until(() => told.all.length === 3)
    t.same(told.all, ['a', 'ä€😀', ''])
    t.same(origins[0], { channel: 'news', processId: row?.pid })
  })

  t.test('gives the payloads of a defined channel as its type', async (t) => {
    const changes = defineChannel<{ id: number }>({
      name: 'changes',
      parse: (text) => JSON.parse(text),
      format: (payload) => JSON.stringify(payload),
    })
    const told = heard<{ id: number }>()
    const listener = await db.listen(changes, told)
    t.teardown(() => listener.close())
    await db.notify(changes, { id: 1 })
    await until(() => told.all.length === 1)
    t.same(told.all, [{ id: 1 }])
  })

  t.test('stands when it resolves: what is committed from then on is told', async (t) => {
    for (let round = 0; round < 10; round += 1) {
      const told = heard()
      const listener = await db.listen(`round ${round}`, told)
      await db.notify(`round ${round}`, 'a')
      await until(() => told.all.length === 1)
      await listener.close()
      t.same(told.all, ['a'])
    }
  })

  t.test('calls no handler before its caller has the listener', async (t) => {
    const seen: unknown[] = []
    const first = await listen(t, 'early', heard())
    const notifying = db.query("SELECT pg_notify('early', 'a'), pg_sleep(0.02)")
    const listener: Listener = await db.listen('early', {
      onMessage: () => seen.push(listener.channel),
      onGap: () => {},
    })
    await notifying
    await until(() => seen.length === 1)
    await listener.close()
    await first.close()
  })

  t.test('takes the name as it is', async (t) => {
    for (const name of ['Ab"c', 'ab c', "a'b;--", '\\x', 'é'.repeat(31), 'A']) {
      const told = heard()
      const listener = await listen(t, name, told)
      await db.notify(name, name)
      await until(() => told.all.length === 1)
      await listener.close()
    }
    const upper = heard()
    await listen(t, 'News', upper)
    await db.query('NOTIFY News')
    await db.notify('News', 'mine')
    await until(() => upper.all.length > 0)
    t.same(upper.all, ['mine'])
  })

  t.test('gives the next message when the handler is done with the last', async (t) => {
    const { opened, open } = gate()
    const told = heard({ onMessage: (text) => (text === 'a' ? opened : undefined) })
    const listener = await listen(t, 'slow', told)
    await db.query("SELECT pg_notify('slow', text) FROM unnest(ARRAY['a', 'b', 'c']) AS text")
    await until(() => listener.queued === 2)
    t.same(told.all, ['a'])
    open()
    await until(() => told.all.length === 3)
    t.same(told.all, ['a', 'b', 'c'])
    t.equal(listener.queued, 0)
  })

  t.test('goes on behind what a handler or a parser throws, and tells of it', async (t) => {
    const failing = defineChannel({
      name: 'failing',
      parse(text) {
        if (text === 'bad') throw new SyntaxError('bad')
        return text
      },
    })
    const told = heard<string>({
      async onMessage(text) {
        if (text === 'rejects') throw new TypeError('async')
      },
      onError: () => Promise.reject(new Error('of the handler of errors')),
    })
    const warned: Error[] = []
    const onWarning = (warning: Error): void => void warned.push(warning)
    process.on('warning', onWarning)
    t.teardown(() => process.off('warning', onWarning))
    const listener = await db.listen(failing, told)
    await db.query("SELECT pg_notify('failing', text) FROM unnest(ARRAY['bad', 'rejects', 'good']) AS text")
    await until(() => told.all.at(-1) === 'good')
    t.match(told.failures, [
      { channel: 'failing', during: 'parse', error: { name: 'SyntaxError' } },
      { channel: 'failing', during: 'onMessage', error: { name: 'TypeError' } },
    ])
    await until(() => warned.length > 0)
    await listener.close()
    t.match(warned, [{ message: 'onError of a listener to "failing" threw (Error); told once' }])
  })

  t.test('makes it a warning of the process, once, where nobody takes the errors', async (t) => {
    const warned: Error[] = []
    const onWarning = (warning: Error): void => void warned.push(warning)
    process.on('warning', onWarning)
    t.teardown(() => process.off('warning', onWarning))
    let messages = 0
    const onMessage = (): void => {
      messages += 1
      throw new RangeError('secret')
    }
    await listen(t, 'mute', { onMessage, onGap: () => {} })
    await db.query("SELECT pg_notify('mute', text) FROM unnest(ARRAY['a', 'b', 'c']) AS text")
    await until(() => messages === 3 && warned.length > 0)
    t.match(warned, [{ message: 'onMessage of a listener to "mute" threw (RangeError); told once' }])
    t.equal(warned.length, 1)
  })

  t.test('drops what waits when too much does, tells of a gap in its place, and goes on', async (t) => {
    const { opened, open } = gate()
    const told = heard({ onMessage: (text) => (text === '1' ? opened : undefined) })
    const listener = await listen(t, 'flood', told, 10)
    await db.query("SELECT pg_notify('flood', '1')")
    await until(() => told.all.length === 1)
    await db.query("SELECT pg_notify('flood', i::text) FROM generate_series(2, 14) AS i")
    await until(() => listener.queued === 3)
    open()
    await until(() => told.all.length === 4)
    t.same(told.all, ['1', { reason: 'overflow', dropped: 11 }, '13', '14'])
    t.equal(db.stats().events['listen-overflow'], 1)
  })

  t.test('lets the program do other things while many messages wait for a handler that never waits', async (t) => {
    let turns = 0
    let isOver = false
    const count = (): void => {
      turns += 1
      if (!isOver) setImmediate(count)
    }
    const told = heard()
    await listen(t, 'many', told)
    await db.query("SELECT pg_notify('many', i::text) FROM generate_series(1, 5000) AS i")
    setImmediate(count)
    await until(() => told.all.length === 5_000)
    isOver = true
    t.ok(turns > 25, `${turns} turns`)
    t.same(
      told.all,
      Array.from({ length: 5_000 }, (_, index) => String(index + 1)),
    )
  })
})

t.test('several listeners', async (t) => {
  t.test('have one connection, and one channel is listened to once', async (t) => {
    const access = await createTestDatabase(t, null)
    const other = await connect({ ...access, pool: { min: 0, max: 4 } })
    t.teardown(() => other.close())
    const told = [heard(), heard(), heard()] as const
    const listeners = await Promise.all([
      other.listen('one', told[0]),
      other.listen('one', told[1]),
      other.listen('two', told[2]),
    ])
    t.equal(await listeningSessions(other), 1)
    await other.notify('one', 'a')
    await other.notify('two', 'b')
    await until(() => told.every(({ all }) => all.length === 1))
    t.same(
      told.map(({ all }) => all),
      [['a'], ['a'], ['b']],
    )

    await listeners[0].close()
    await other.notify('one', 'c')
    await until(() => told[1].all.length === 2)
    t.equal(told[0].all.length, 1, 'the one that is closed gets nothing more')

    await listeners[1].close()
    const { rows } = await withAdmin(access, (admin) =>
      admin.query('SELECT query FROM pg_stat_activity WHERE datname = $1 AND query LIKE $2', [access.database, 'UNL%']),
    )
    t.match(rows, [{ query: 'UNLISTEN "one"' }], 'after the last of a channel')
    const again = await other.listen('one', told[0])
    await other.notify('one', 'd')
    await until(() => told[0].all.length === 2)

    await again.close()
    await listeners[2].close()
    await until(async () => (await listeningSessions(other)) === 0)
    t.match(other.stats().pool, { listening: 0 })
    t.equal(other.stats().events['listen-lost'], undefined)
  })

  t.test('do not wait for one another', async (t) => {
    const { opened, open } = gate()
    const slow = heard({ onMessage: () => opened })
    const quick = heard()
    await listen(t, 'shared', slow)
    await listen(t, 'shared', quick)
    await db.query("SELECT pg_notify('shared', text) FROM unnest(ARRAY['a', 'b']) AS text")
    await until(() => quick.all.length === 2)
    t.same(slow.all, ['a'])
    open()
  })
})

t.test('what cannot be listened to is refused', async (t) => {
  const good = { onMessage: () => {}, onGap: () => {} }
  const parse = (text: string): string => text
  const cases: readonly [unknown, unknown, unknown, string][] = [
    ['', good, {}, 'channel.name'],
    ['a'.repeat(64), good, {}, 'channel.name'],
    ['é'.repeat(32), good, {}, 'channel.name'],
    ['a\0b', good, {}, 'channel.name'],
    ['\ud800', good, {}, 'channel.name'],
    [{ name: 7, parse }, good, {}, 'channel.name'],
    [{ name: 'a' }, good, {}, 'channel.parse'],
    [{ name: 'a', parse, format: 1 }, good, {}, 'channel.format'],
    [null, good, {}, 'channel'],
    ['a', null, {}, 'handlers'],
    ['a', () => {}, {}, 'handlers'],
    ['a', { onMessage: () => {} }, {}, 'onGap'],
    ['a', { onGap: () => {} }, {}, 'onMessage'],
    ['a', { ...good, onError: 1 }, {}, 'onError'],
    ['a', good, null, 'options'],
    ['a', good, { queue: 1 }, 'queue'],
    ['a', good, { signal: 1 }, 'signal'],
    ['a', good, { maxQueued: 0 }, 'maxQueued'],
    ['a', good, { maxQueued: 1.5 }, 'maxQueued'],
    ['a', good, { maxQueued: 1_000_001 }, 'maxQueued'],
  ]
  for (const [channel, handlers, options, path] of cases) {
    await t.rejects(db.listen(channel as never, handlers as never, options as never), {
      name: 'ValidationError',
      subject: 'listen',
      issues: [{ path }],
    })
  }
  t.equal(db.stats().pool.listening, 0)
  t.throws(() => defineChannel({ name: '', parse }), { name: 'ValidationError', subject: 'defineChannel' })
})
