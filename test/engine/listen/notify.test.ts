import t from 'tap'
import { defineChannel } from '../../../src/index.js'
import { connectTestDatabase } from '../../fixtures/database.js'
import { until } from '../../fixtures/until.js'
import { heard } from './fixtures/heard.js'

const db = await connectTestDatabase(t)
const told = heard()
const listener = await db.listen('n', told)
t.teardown(() => listener.close())

t.test('notify', async (t) => {
  t.beforeEach(() => told.all.splice(0))

  t.test('sends a text, or none', async (t) => {
    await db.notify('n', 'a')
    await db.notify('n')
    await until(() => told.all.length === 2)
    t.same(told.all, ['a', ''])
  })

  t.test('sends what `format` of its channel gives, also for nothing', async (t) => {
    const channel = { name: 'n', prefix: '<', format: (payload: unknown) => String(payload) }
    const own = {
      ...channel,
      format(payload: string) {
        return this.prefix + payload
      },
    }
    await db.notify(channel, undefined)
    await db.notify(own, 'a')
    await until(() => told.all.length === 2)
    t.same(told.all, ['undefined', '<a'])
  })

  t.test('sends at COMMIT in a transaction, and nothing when it is rolled back', async (t) => {
    await db
      .transaction(async (tx) => {
        await tx.notify('n', 'rolled back')
        throw new Error('no')
      })
      .catch(() => {})
    await db.transaction(async (tx) => {
      await tx.notify('n', 'in it')
      await db.notify('n', 'beside it')
    })
    await until(() => told.all.length === 2)
    t.same(told.all, ['beside it', 'in it'])
  })

  t.test('sends once under an operation id', async (t) => {
    for (let time = 0; time < 2; time += 1) await db.notify('n', 'once', { operationId: 'notify-once' })
    await db.notify('n', 'end')
    await until(() => told.all.at(-1) === 'end')
    t.same(told.all, ['once', 'end'])
  })

  t.test('takes payloads of up to 7,999 bytes', async (t) => {
    const longest = `${'é'.repeat(3_999)}x`
    await db.notify('n', longest)
    await until(() => told.all.length === 1)
    t.equal(told.all[0], longest)
    await t.rejects(db.notify('n', `${longest}x`), { name: 'ValidationError', issues: [{ path: 'payload' }] })
  })

  t.test('refuses what cannot be sent', async (t) => {
    const { statements } = db.stats().pool
    const parse = (text: string): string => text
    const broken = defineChannel<unknown>({ name: 'n', parse, format: () => 7 as never })
    const cases: readonly [unknown, unknown, string][] = [
      ['', 'a', 'channel'],
      ['x'.repeat(64), 'a', 'channel'],
      [7, 'a', 'channel.name'],
      [null, 'a', 'channel.name'],
      [{ name: 'n', parse }, { id: 1 }, 'payload'],
      [{ name: 'n', format: 1 }, 'a', 'channel.format'],
      ['n', 7, 'payload'],
      ['n', 'a\0b', 'payload'],
      [broken, 'a', 'payload'],
    ]
    for (const [channel, payload, path] of cases) {
      await t.rejects(db.notify(channel as never, payload as never), {
        name: 'ValidationError',
        subject: 'notify',
        issues: [{ path }],
      })
    }
    t.equal(db.stats().pool.statements, statements)
  })
})
