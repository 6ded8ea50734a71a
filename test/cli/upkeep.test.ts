import t from 'tap'
import { connect } from '../../src/database.js'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'

const access = await createTestDatabase(t)
const url = urlOf(access)
const upkeep = (...args: string[]) => run(t, ['upkeep', ...args], { env: { DATABASE_URL: url } })

t.test('upkeep', async (t) => {
  const db = await connect(url)
  t.teardown(() => db.close())

  t.test('makes the months of each table that is kept, once', async (t) => {
    const first = await upkeep('--json')
    t.equal(first.code, 0)
    const { created, dropped } = JSON.parse(first.stdout)
    t.equal(created.length, 6)
    t.same(dropped, [])
    const second = await upkeep()
    t.equal(second.stdout, '0 rows moved, 0 rows and 0 operations deleted for their age\n')
  })

  t.test('removes for good what was deleted so many days ago, when it is asked to', async (t) => {
    const [old, recent] = await db.services.createMany([{ name: 'old' }, { name: 'recent' }])
    for (const service of [old, recent]) await db.services.delete(String(service?.serviceId))
    await db.query("UPDATE registry.service SET deleted_at = now() - interval '31 days' WHERE name = 'old'")
    t.equal(JSON.parse((await upkeep('--json')).stdout).purgedServices, 0)
    const { stdout } = await upkeep('--purge-after-days', '30')
    t.match(stdout, '1 deleted services removed for good')
    t.same(
      (await db.services.list({ deleted: 'only' })).items.map(({ name }) => name),
      ['recent'],
    )
  })

  t.test('refuses days that are none', async (t) => {
    for (const days of ['0', '-1', 'x', '36501']) t.equal((await upkeep('--purge-after-days', days)).code, 64)
  })
})
