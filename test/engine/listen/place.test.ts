/** The place in the pool of the connection that listens. */

import t from 'tap'
import { connect } from '../../../src/database.js'
import { connectTestDatabase, createTestDatabase } from '../../fixtures/database.js'
import { withAdmin } from '../../fixtures/template.js'
import { until } from '../../fixtures/until.js'
import { gate, heard } from './fixtures/heard.js'

const access = await createTestDatabase(t)
const NOBODY = '00000000-0000-0000-0000-000000000000'

t.test('the connection that listens', async (t) => {
  t.test('is one of max, on the server too', async (t) => {
    await withAdmin(access, (admin) => admin.query("CREATE ROLE three LOGIN PASSWORD 'three' CONNECTION LIMIT 3"))
    t.teardown(() => withAdmin(access, (admin) => admin.query('DROP ROLE three')))
    await withAdmin(access, (admin) => admin.query('GRANT pg_read_all_data TO three'))
    const db = await connect({ ...access, user: 'three', password: 'three', pool: { min: 3, max: 3 } })
    t.teardown(() => db.close())
    await until(() => db.stats().pool.open === 3)
    const listener = await db.listen('a', heard())
    t.match(db.stats().pool, { listening: 1, open: 2, maxBorrowed: 1 })
    const work = Array.from({ length: 60 }, (_, index) =>
      index % 2 === 0 ? db.projectContexts.find(NOBODY) : db.query('SELECT pg_sleep(0.001)'),
    )
    await Promise.all(work)
    t.match(db.stats().pool, { failures: 0, waiting: 0, listening: 1, connects: 3 })
    db.expire()
    await until(() => db.stats().pool.connects === 6)
    await until(() => db.stats().events['listen-restored'] === 1)
    t.match(db.stats().pool, { listening: 1, open: 2, opening: 0 })
    t.notOk(db.stats().events['connect-failed'], 'min is not filled up beside it')
    await listener.close()
    t.match(db.stats().pool, { listening: 0, maxBorrowed: 2 })
    await until(() => db.stats().pool.open === 3)
  })

  t.test('waits for its place like any caller', async (t) => {
    const db = await connect({ ...access, pool: { min: 0, max: 2, lanes: null, acquireTimeoutMs: 1_000 } })
    t.teardown(() => db.close())
    const { opened, open } = gate()
    const hold = () => db.transaction((tx) => tx.query('SELECT 1').then(() => opened))
    const held = [hold(), hold()]
    await until(() => db.stats().pool.borrowed === 2)
    await t.rejects(db.listen('a', heard()), { name: 'AcquireTimeoutError' })
    open()
    await Promise.all(held)
    const listener = await db.listen('a', heard())
    t.match(db.stats().pool, { listening: 1, maxBorrowed: 1 })
    await listener.close()
  })

  t.test('gives its place to who waits when it is closed', async (t) => {
    const db = await connect({ ...access, pool: { min: 0, max: 2, lanes: null, acquireTimeoutMs: 5_000 } })
    t.teardown(() => db.close())
    const listener = await db.listen('a', heard())
    const { opened, open } = gate()
    const held = db.transaction((tx) => tx.query('SELECT 1').then(() => opened))
    await until(() => db.stats().pool.borrowed === 1)
    const waiting = db.query('SELECT 1 AS one')
    await until(() => db.stats().pool.waiting === 1)
    await listener.close()
    t.same(await waiting, [{ one: 1 }])
    open()
    await held
  })

  t.test('leaves reads and writes the only other place by turns', async (t) => {
    const db = await connectTestDatabase(t, { pool: { min: 0, max: 2 } })
    await db.projectContexts.find(NOBODY)
    const told = heard()
    const listener = await db.listen('a', told)
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([
        db.projectContexts.find(NOBODY),
        db.notify('a', String(round)),
        db.projectContexts.find(NOBODY),
      ])
    }
    await until(() => told.all.length === 5)
    t.match(db.stats().pool, { lanes: 0, failures: 0, maxBorrowed: 1 })
    await listener.close()
    await db.projectContexts.find(NOBODY)
    t.match(db.stats().pool, { lanes: 1, maxBorrowed: 1, listening: 0 })
  })

  t.test('has none where max is 1', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await t.rejects(db.listen('a', heard()), {
      name: 'ConfigError',
      field: 'pool.max',
      value: '1',
      limit: /at least 2/,
    })
  })

  t.test('is opened without a pool, too', async (t) => {
    const db = await connect({ ...access, pool: 'none' })
    t.teardown(() => db.close())
    const told = heard()
    const listener = await db.listen('a', told)
    await db.notify('a', 'x')
    await until(() => told.all.length === 1)
    t.match(db.stats().pool, { listening: 1, open: 0 })
    await listener.close()
    t.match(db.stats().pool, { listening: 0 })
  })
})

t.test('a handle for a pooler that changes sessions is refused', async (t) => {
  const db = await connect({ ...access, preparedStatements: false, pool: { min: 0, max: 2 } })
  t.teardown(() => db.close())
  await t.rejects(db.listen('a', heard()), { name: 'ConfigError', field: 'preparedStatements' })
})
