import t from 'tap'
import type { Service } from '../../../src/registry/service-row.js'
import { connectTestDatabase } from '../../fixtures/database.js'
import { newService, otherValues } from '../../fixtures/service.js'
import { until } from '../../fixtures/until.js'

const db = await connectTestDatabase(t)
const { services } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'

t.test('updateService', async (t) => {
  t.test('changes only what is given, for every field', async (t) => {
    t.same(Object.keys({ name: '', ...otherValues }), Object.keys(newService()), 'no field is forgotten here')
    let expected: Service = await services.create(newService())
    for (const [field, value] of Object.entries({ ...otherValues, name: 'another name' })) {
      const { updatedAt, ...after } = await services.update(expected.serviceId, { [field]: value })
      expected = { ...expected, [field]: value, updatedAt }
      t.same({ ...after, updatedAt }, expected, field)
    }
    t.same(await services.get(expected.serviceId), expected)
  })

  t.test('tells with every field who changed it and when, and never who created it', async (t) => {
    const created = await services.createMany(Object.keys(newService()).map(() => newService()))
    await until(() => Date.now() > Number(created[0]?.createdAt) + 1)
    await db.transaction(async (tx) => {
      await tx.query("SELECT set_config('ashlar.actor', 'bob', true)")
      for (const [index, [field, value]] of Object.entries({ ...otherValues, name: 'moved name' }).entries()) {
        const before = created[index] as Service
        const after = await tx.services.update(before.serviceId, { [field]: value })
        t.ok(after.updatedAt > before.updatedAt, field)
        t.same([after.updatedBy, after.createdBy, after.createdAt], ['bob', before.createdBy, before.createdAt])
      }
    })
  })

  t.test('leaves the row as it is when nothing, or nothing new, is given', async (t) => {
    const given = newService()
    const before = await services.create(given)
    await until(() => Date.now() > before.createdAt.getTime() + 1)
    t.same(await services.update(before.serviceId, {}), before)
    t.same(await services.update(before.serviceId, given), before)
    t.same(await services.update(before.serviceId, { port: undefined }), before)
  })

  t.test('clears what may be NULL, and nothing else', async (t) => {
    const { serviceId } = await services.create(newService())
    const nullable = [
      'displayName',
      'description',
      'location',
      'endpoint',
      'port',
      'version',
      'healthCheckUrl',
      'source',
      'registryUrl',
    ]
    const cleared = Object.fromEntries(nullable.map((field) => [field, null]))
    t.match(await services.update(serviceId, cleared), cleared)
    for (const field of Object.keys(newService()).filter((name) => !nullable.includes(name))) {
      await t.rejects(services.update(serviceId, { [field]: null }), {
        name: 'ValidationError',
        message: new RegExp(`^updateService: ${field}: `),
      })
    }
  })

  t.test('refuses a name that a living service has, and takes that of a deleted one', async (t) => {
    const first = await services.create(newService())
    const second = await services.create(newService())
    await t.rejects(services.update(first.serviceId, { name: second.name }), {
      name: 'UniqueViolationError',
      constraint: 'service_name_key',
      query: 'updateService',
    })
    await services.delete(second.serviceId)
    t.match(await services.update(first.serviceId, { name: second.name }), { name: second.name })
  })

  t.test('is an error when there is no such service, or only a deleted one', async (t) => {
    const { serviceId } = await services.create(newService())
    await services.delete(serviceId)
    for (const id of [UNKNOWN_ID, serviceId]) {
      await t.rejects(services.update(id, { version: '2' }), { name: 'NotFoundError', query: 'updateService' })
    }
    t.match(await services.restore(serviceId), { version: '1.2.0' })
  })

  t.test('takes none of the columns that are kept for the caller', async (t) => {
    const { serviceId } = await services.create(newService())
    for (const field of ['createdBy', 'updatedAt', 'deletedAt', 'successCount', 'serviceId']) {
      await t.rejects(services.update(serviceId, { [field]: null }), { message: /Unrecognized key/ })
    }
  })

  t.test('loses no change when many change different fields at once', async (t) => {
    const { serviceId } = await services.create(newService())
    await Promise.all(
      Object.entries(otherValues).map(([field, value]) => services.update(serviceId, { [field]: value })),
    )
    t.match(await services.get(serviceId), otherValues)
  })
})
