import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { clearServices, insertDependencies, insertServices } from '../fixtures/service-rows.js'

const db = await connectTestDatabase(t)
const { services } = db

t.test('readServiceGraph', async (t) => {
  t.beforeEach(async () => {
    await clearServices(db)
    await insertServices(db, ['api', 'cache', 'database', 'lone', 'queue'])
    await insertDependencies(db, [
      ['api', 'cache'],
      ['api', 'queue'],
      ['cache', 'database'],
    ])
  })

  const order = async (options = {}) =>
    (await services.startOrder(options)).services.map(({ wave, name }) => `${wave} ${name}`)

  t.test('starts each behind what it needs, in waves, the most critical first', async (t) => {
    t.same(await services.startOrder().then(({ waves, ignored, missing }) => [waves, ignored, missing]), [3, [], []])
    t.same(await order(), ['1 database', '1 lone', '1 queue', '2 cache', '3 api'])
    await db.query("UPDATE registry.service SET priority = 'critical' WHERE name = 'queue'")
    t.same(await order(), ['1 queue', '1 database', '1 lone', '2 cache', '3 api'])
  })

  t.test('of some names takes what they require, and no more', async (t) => {
    t.same(await order({ names: ['cache'] }), ['1 database', '2 cache'])
    t.same(await order({ names: ['lone', 'queue'] }), ['1 lone', '1 queue'])
    await t.rejects(services.startOrder({ names: ['lone', 'nobody'] }), { name: 'NotFoundError', path: 'names[1]' })
    await t.rejects(services.startOrder({ names: [] }), { name: 'ValidationError' })
  })

  t.test('waits for optional dependencies where they close no cycle', async (t) => {
    const optional = [
      ['database', 'lone'],
      ['database', 'api'],
      ['queue', 'cache'],
    ] as const
    await insertDependencies(db, optional, 'optional')
    const { services: steps, ignored } = await services.startOrder()
    t.same(
      steps.map(({ wave, name }) => `${wave} ${name}`),
      ['1 lone', '2 database', '3 cache', '4 queue', '5 api'],
    )
    t.same(ignored, [{ service: 'database', dependsOn: 'api' }])
    t.same(await order({ withOptional: false }), ['1 database', '1 lone', '1 queue', '2 cache', '3 api'])
    t.same(await order({ names: ['database'] }), ['1 database'])
  })

  t.test('leaves out what is deleted or not in use, and says who requires it', async (t) => {
    await db.query("UPDATE registry.service SET deleted_at = now() WHERE name = 'cache'")
    await db.query("UPDATE registry.service SET is_enabled = false WHERE name IN ('queue', 'lone')")
    const { services: steps, missing } = await services.startOrder()
    t.same(
      steps.map(({ wave, name }) => `${wave} ${name}`),
      ['1 api', '1 database'],
    )
    const expected = [
      { name: 'cache', reason: 'deleted', requiredBy: ['api'] },
      { name: 'queue', reason: 'disabled', requiredBy: ['api'] },
    ]
    t.same(missing, expected)
    const named = await services.startOrder({ names: ['api', 'lone'] })
    t.same(
      named.services.map(({ name }) => name),
      ['api'],
    )
    t.same(named.missing, [expected[0], { name: 'lone', reason: 'disabled', requiredBy: [] }, expected[1]])
    await t.rejects(services.startOrder({ names: ['cache'] }), { name: 'NotFoundError' })
  })

  t.test('names a cycle of required ones that was written past the triggers', async (t) => {
    await db.transaction(async (tx) => {
      await tx.query('SET LOCAL session_replication_role = replica')
      await insertDependencies(tx, [['database', 'api']])
    })
    await t.rejects(services.startOrder(), {
      name: 'DependencyCycleError',
      constraint: 'service_dependency_acyclic',
      cycle: ['api', 'cache', 'database'],
    })
    t.equal((await services.impact('database')).broken.length, 2)
  })

  t.test('of nothing is nothing', async (t) => {
    await clearServices(db)
    t.same(await services.startOrder(), { services: [], waves: 0, ignored: [], missing: [] })
  })
})
