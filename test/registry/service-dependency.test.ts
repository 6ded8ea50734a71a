import t from 'tap'
import { NotFoundError } from '../../src/errors.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { clearServices, insertServices } from '../fixtures/service-rows.js'

const db = await connectTestDatabase(t)
const { services } = db

async function edges(): Promise<unknown[]> {
  return db.query(
    `SELECT service.name AS service, needed.name AS depends_on, kind
     FROM registry.service_dependency
     JOIN registry.service USING (service_id)
     JOIN registry.service AS needed ON needed.service_id = depends_on_id
     ORDER BY 1, 2`,
  )
}

t.beforeEach(async () => {
  await clearServices(db)
  await insertServices(db, ['api', 'cache', 'database', 'gone', 'queue'])
  await db.query("UPDATE registry.service SET deleted_at = now() WHERE name = 'gone'")
})

t.test('addServiceDependencies', async (t) => {
  t.test('creates, updates, and leaves what is as it should be', async (t) => {
    const names = { service: 'api', dependsOn: 'cache' }
    const created = await services.addDependency(names)
    t.equal(created.outcome, 'created')
    t.match(await edges(), [{ service: 'api', dependsOn: 'cache', kind: 'required' }])
    t.same(await services.addDependency(names), { ...created, outcome: 'unchanged' })
    t.same(await services.addDependency({ ...names, kind: 'optional' }), { ...created, outcome: 'updated' })
    t.match(await edges(), [{ kind: 'optional' }])
  })

  t.test('tells of many in their order', async (t) => {
    await services.addDependencies([
      { service: 'api', dependsOn: 'cache' },
      { service: 'api', dependsOn: 'queue', kind: 'optional' },
    ])
    const added = await services.addDependencies([
      { service: 'queue', dependsOn: 'database' },
      { service: 'api', dependsOn: 'queue' },
      { service: 'api', dependsOn: 'cache' },
      { service: 'api', dependsOn: 'database', kind: 'optional' },
    ])
    t.same(
      added.map(({ outcome }) => outcome),
      ['created', 'updated', 'unchanged', 'created'],
    )
    t.match(await edges(), [
      { dependsOn: 'cache', kind: 'required' },
      { dependsOn: 'database', kind: 'optional' },
      { dependsOn: 'queue', kind: 'required' },
      { service: 'queue', dependsOn: 'database', kind: 'required' },
    ])
    t.same(await services.addDependencies([]), [])
  })

  t.test('names the side that is not there, and writes nothing', async (t) => {
    const refusal = (path: string) => ({ name: 'NotFoundError', entity: 'registry.service', path })
    await t.rejects(services.addDependency({ service: 'nobody', dependsOn: 'cache' }), refusal('service'))
    await t.rejects(services.addDependency({ service: 'api', dependsOn: 'gone' }), NotFoundError)
    await t.rejects(services.addDependency({ service: 'api', dependsOn: 'gone' }), {
      ...refusal('dependsOn'),
      message: 'addServiceDependencies: dependsOn: no such row in registry.service',
    })
    const many = services.addDependencies([
      { service: 'api', dependsOn: 'cache' },
      { service: 'api', dependsOn: 'nobody' },
    ])
    await t.rejects(many, refusal('[1].dependsOn'))
    t.same(await edges(), [])
  })

  t.test('refuses input before it is sent', async (t) => {
    const same = { service: 'api', dependsOn: 'api' }
    await t.rejects(services.addDependency(same), { name: 'ValidationError', message: /dependsOn: must be another/ })
    await t.rejects(services.addDependency({ service: '', dependsOn: 'api' }), { name: 'ValidationError' })
    await t.rejects(services.addDependency({ service: 'api', dependsOn: 'cache', kind: 'maybe' as never }), {
      name: 'ValidationError',
    })
    const names = { service: 'api', dependsOn: 'cache' }
    await t.rejects(services.addDependencies([names, { ...names, kind: 'optional' }]), {
      message: 'addServiceDependencies: [1]: has the names of [0]',
    })
  })
})

t.test('removeServiceDependency', async (t) => {
  t.test('removes the one, and tells whether it was there', async (t) => {
    await services.addDependency({ service: 'api', dependsOn: 'cache' })
    await services.addDependency({ service: 'api', dependsOn: 'queue' })
    t.equal(await services.removeDependency({ service: 'cache', dependsOn: 'api' }), false)
    t.equal(await services.removeDependency({ service: 'api', dependsOn: 'cache' }), true)
    t.equal(await services.removeDependency({ service: 'api', dependsOn: 'cache' }), false)
    t.match(await edges(), [{ service: 'api', dependsOn: 'queue' }])
    t.equal((await edges()).length, 1)
  })

  t.test('removes those on deleted services of the name, too', async (t) => {
    await services.create({ name: 'user' })
    const { serviceId } = await services.create({ name: 'used' })
    await services.addDependency({ service: 'user', dependsOn: 'used' })
    await services.delete(serviceId)
    await services.create({ name: 'used' })
    t.match(await services.startOrder({ names: ['user'] }), { missing: [{ name: 'used', reason: 'deleted' }] })
    t.equal(await services.removeDependency({ service: 'user', dependsOn: 'used' }), true)
    t.same((await services.startOrder({ names: ['user'] })).missing, [])
    t.equal(await services.removeDependency({ service: 'user', dependsOn: 'used' }), false)
  })
})

t.test('findServiceId', async (t) => {
  t.test('tells a service that needs nothing from one that is not there', async (t) => {
    t.same(await services.dependencies('api'), [])
    t.same(await services.dependents('api'), [])
    for (const name of ['nobody', 'gone']) {
      await t.rejects(services.dependencies(name), { name: 'NotFoundError', query: 'listServiceDependencies' })
      await t.rejects(services.dependents(name), { name: 'NotFoundError', query: 'listServiceDependents' })
    }
  })
})

/** api requires cache, which requires database, which may use queue; queue may use api; api may use database. */
async function addGraph(): Promise<void> {
  await services.addDependencies([
    { service: 'api', dependsOn: 'cache' },
    { service: 'api', dependsOn: 'database', kind: 'optional' },
    { service: 'cache', dependsOn: 'database' },
    { service: 'database', dependsOn: 'queue', kind: 'optional' },
    { service: 'queue', dependsOn: 'api', kind: 'optional' },
  ])
}

t.test('listServiceDependencies', async (t) => {
  t.beforeEach(addGraph)

  t.test('gives what is needed directly, or all of it with its depth, also in a circle', async (t) => {
    t.match(await services.dependencies('api'), [
      { name: 'cache', kind: 'required', depth: 1, priority: 'medium', status: 'unknown', displayName: null },
      { name: 'database', kind: 'optional', depth: 1 },
    ])
    t.match(await services.dependencies('api', { transitive: true }), [
      { name: 'cache', kind: 'required', depth: 1 },
      { name: 'database', kind: 'required', depth: 1 },
      { name: 'queue', kind: 'optional', depth: 2 },
    ])
  })

  t.test('follows one kind, no further than asked, and gives no more than asked', async (t) => {
    const names = async (options: object) =>
      (await services.dependencies('api', { transitive: true, ...options })).map(
        ({ name, depth }) => `${name} ${depth}`,
      )
    t.same(await names({ kind: 'required' }), ['cache 1', 'database 2'])
    t.same(await names({ kind: 'optional' }), ['database 1', 'queue 2'])
    t.same(await names({ maxDepth: 1 }), ['cache 1', 'database 1'])
    t.same(await names({ limit: 1 }), ['cache 1'])
    await db.query("UPDATE registry.service SET priority = 'critical' WHERE name = 'queue'")
    t.same(await names({ priority: 'critical' }), ['queue 2'])
    t.same(await names({ priority: ['high', 'low'] }), [])
    await t.rejects(services.dependencies('api', { maxDepth: 0 }), { name: 'ValidationError' })
    await t.rejects(services.dependencies('api', { limit: 10_001 }), { name: 'ValidationError' })
  })

  t.test('goes through nothing that is deleted, until it is restored', async (t) => {
    const kind = 'required'
    await db.query("UPDATE registry.service SET deleted_at = now() WHERE name = 'cache'")
    t.same(await services.dependencies('api', { transitive: true, kind }), [])
    t.match(await services.dependencies('api'), [{ name: 'database' }])
    await db.query("UPDATE registry.service SET deleted_at = NULL WHERE name = 'cache'")
    t.equal((await services.dependencies('api', { transitive: true, kind })).length, 2)
    await db.query("DELETE FROM registry.service WHERE name = 'cache'")
    t.equal((await edges()).length, 3)
  })
})

t.test('listServiceDependents', async (t) => {
  t.test('gives what needs a service, directly and not', async (t) => {
    await addGraph()
    t.match(await services.dependents('database'), [
      { name: 'api', kind: 'optional', depth: 1 },
      { name: 'cache', kind: 'required', depth: 1 },
    ])
    t.match(await services.dependents('database', { transitive: true, kind: 'required' }), [
      { name: 'cache', depth: 1 },
      { name: 'api', depth: 2 },
    ])
    t.same(
      (await services.dependents('api', { transitive: true, priority: 'medium' })).map(({ name }) => name),
      ['queue', 'database', 'cache'],
    )
  })
})

t.test('serviceImpact', async (t) => {
  const NONE = { critical: 0, high: 0, medium: 0, low: 0 }
  t.beforeEach(addGraph)

  t.test('tells what breaks and what goes on without something', async (t) => {
    await db.query("UPDATE registry.service SET priority = 'critical' WHERE name = 'api'")
    t.match(await services.impact('database'), {
      broken: [
        { name: 'cache', priority: 'medium', depth: 1 },
        { name: 'api', priority: 'critical', depth: 2 },
      ],
      degraded: [{ name: 'queue', depth: 3 }],
      counts: { broken: { ...NONE, critical: 1, medium: 1 }, degraded: { ...NONE, medium: 1 } },
    })
    const limited = await services.impact('database', { limit: 1 })
    t.match([limited.broken.length, limited.counts.broken], [1, { critical: 1, medium: 1 }])
  })

  t.test('counts nothing that is deleted or not in use, nor anything behind it', async (t) => {
    for (const change of ['deleted_at = now()', 'is_active = false', 'is_enabled = false', "status = 'disabled'"]) {
      await db.query(`UPDATE registry.service SET ${change} WHERE name = 'cache'`)
      t.match(await services.impact('database'), {
        broken: [],
        degraded: [{ name: 'api', depth: 1 }],
        counts: { broken: NONE, degraded: { ...NONE, medium: 1 } },
      })
      await db.query(
        `UPDATE registry.service SET deleted_at = NULL, is_active = true, is_enabled = true, status = 'unknown'
         WHERE name = 'cache'`,
      )
    }
  })

  t.test('is nothing for a service that nobody needs, and an error for one that is not there', async (t) => {
    await services.removeDependency({ service: 'queue', dependsOn: 'api' })
    t.same(await services.impact('api'), { broken: [], degraded: [], counts: { broken: NONE, degraded: NONE } })
    await t.rejects(services.impact('gone'), { name: 'NotFoundError' })
    await t.rejects(services.impact(''), { name: 'ValidationError' })
  })
})
