import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'

const db = await connectTestDatabase(t)
const { services } = db
const names = async (page: Promise<{ readonly items: readonly { readonly name: string }[] }>) =>
  (await page).items.map(({ name }) => name)

t.before(async () => {
  await services.createMany([
    { name: 'a', status: 'healthy', priority: 'low', isRequired: true },
    { name: 'b', status: 'unknown', priority: 'critical' },
    { name: 'c', status: 'healthy', priority: 'high' },
    { name: 'd', status: 'unhealthy', priority: 'critical', isRequired: true },
  ])
  for (const status of ['unhealthy', 'healthy'] as const) await services.recordHealthCheck({ name: 'a' }, { status })
  await services.recordHealthCheck({ name: 'c' }, { status: 'healthy' })
})

t.test('healthy', async (t) => {
  t.test('lists those found healthy, the best score first', async (t) => {
    t.same(await names(services.healthy()), ['c', 'a'])
    t.same(await names(services.healthy({ sort: 'name', limit: 1 })), ['a'])
  })

  t.test('takes no other status', async (t) => {
    await t.rejects(services.healthy({ status: 'unknown' } as never), { name: 'ValidationError' })
  })
})

t.test('required', async (t) => {
  t.test('lists those that agents cannot work without', async (t) => {
    t.same(await names(services.required()), ['a', 'd'])
    t.same(await names(services.required({ status: 'unhealthy' })), ['d'])
    await t.rejects(services.required({ isRequired: false } as never), { name: 'ValidationError' })
  })
})

t.test('criticalFirst', async (t) => {
  t.test('lists by priority, and pages', async (t) => {
    t.same(await names(services.criticalFirst()), ['b', 'd', 'c', 'a'])
    const { next } = await services.criticalFirst({ limit: 2 })
    t.same(await names(services.criticalFirst({ limit: 2, cursor: next })), ['c', 'a'])
    await t.rejects(services.criticalFirst({ sort: 'name' } as never), { name: 'ValidationError' })
  })
})
