import t from 'tap'
import { connectTestDatabase } from '../../fixtures/database.js'
import { newService } from '../../fixtures/service.js'

const db = await connectTestDatabase(t)
const { services } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'

t.test('deleteService', async (t) => {
  t.test('hides the service, keeps its row, and tells whether there was one', async (t) => {
    const before = await services.create(newService())
    await db.transaction(async (tx) => {
      await tx.query("SELECT set_config('ashlar.actor', 'eve', true)")
      t.equal(await tx.services.delete(before.serviceId), true)
    })
    t.equal(await services.find(before.serviceId), null)
    t.equal(await services.delete(before.serviceId), false)
    t.equal(await services.delete(UNKNOWN_ID), false)
    const [row] = await db.query<{ deletedAt: Date; updatedBy: string; name: string }>(
      'SELECT deleted_at, updated_by, name FROM registry.service WHERE service_id = $1',
      [before.serviceId],
    )
    t.match(row, { updatedBy: 'eve', name: before.name })
    t.ok(Number(row?.deletedAt) >= before.createdAt.getTime())
  })

  t.test('is done by one of many at once', async (t) => {
    const { serviceId } = await services.create(newService())
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => services.delete(serviceId)))
    t.equal(outcomes.filter((isDone) => isDone).length, 1)
  })

  t.test('refuses what is no UUID', async (t) => {
    await t.rejects(services.delete('42'), { message: 'deleteService: serviceId: must be a UUID' })
  })
})

t.test('restoreService', async (t) => {
  t.test('brings the service back as it was', async (t) => {
    const before = await services.create(newService())
    await services.delete(before.serviceId)
    const { updatedAt, ...restored } = await services.restore(before.serviceId)
    t.same({ ...restored, updatedAt: before.updatedAt }, before)
    t.ok(updatedAt >= before.updatedAt)
    t.same(await services.findByName(before.name), { ...restored, updatedAt })
  })

  t.test('is refused when the name was taken meanwhile, and changes nothing', async (t) => {
    const given = newService()
    const old = await services.create(given)
    await services.delete(old.serviceId)
    const taker = await services.create(given)
    await t.rejects(services.restore(old.serviceId), {
      name: 'UniqueViolationError',
      constraint: 'service_name_key',
      table: 'registry.service',
      query: 'restoreService',
    })
    t.same(await services.findByName(given.name), taker)
    await services.update(taker.serviceId, { name: `${given.name}, renamed` })
    t.match(await services.restore(old.serviceId), { name: given.name })
  })

  t.test('is an error when there is no deleted service of that id', async (t) => {
    const { serviceId } = await services.create(newService())
    for (const id of [serviceId, UNKNOWN_ID]) {
      await t.rejects(services.restore(id), {
        name: 'NotFoundError',
        message: 'restoreService: no such row in registry.service',
      })
    }
    await t.rejects(services.restore('42'), { message: 'restoreService: serviceId: must be a UUID' })
  })

  t.test('is done by one of two at once', async (t) => {
    for (let round = 0; round < 5; round += 1) {
      const { serviceId } = await services.create(newService())
      await services.delete(serviceId)
      const outcomes = await Promise.allSettled([services.restore(serviceId), services.restore(serviceId)])
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.name] : []))
      t.same(reasons, ['NotFoundError'])
      t.equal(await services.exists(serviceId), true)
    }
  })

  t.test('brings one of two services of a name back when both are asked for at once', async (t) => {
    for (let round = 0; round < 5; round += 1) {
      const given = newService()
      const ids: string[] = []
      for (let copy = 0; copy < 2; copy += 1) {
        const { serviceId } = await services.create(given)
        await services.delete(serviceId)
        ids.push(serviceId)
      }
      const outcomes = await Promise.allSettled(ids.map((id) => services.restore(id)))
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.name] : []))
      t.same(reasons, ['UniqueViolationError'])
      const living = await Promise.all(ids.map((id) => services.exists(id)))
      t.same(living.toSorted(), [false, true])
    }
  })
})

t.test('purgeServices', async (t) => {
  const own = await connectTestDatabase(t)
  const ids = (await own.services.createMany(Array.from({ length: 10 }, () => newService()))).map(
    ({ serviceId }) => serviceId,
  )
  /** Deletes eight of the ten, on the first eight days of 2020. */
  for (const [index, id] of ids.slice(0, 8).entries()) {
    await own.query('UPDATE registry.service SET deleted_at = $2 WHERE service_id = $1', [
      id,
      new Date(Date.UTC(2020, 0, index + 1)),
    ])
  }
  const left = async () => {
    const rows = await own.query<{ id: string }>('SELECT service_id AS id FROM registry.service')
    return ids.flatMap((id, index) => (rows.some((row) => row.id === id) ? [index] : []))
  }

  t.test('removes for good what was deleted earlier, and nothing else', async (t) => {
    t.equal(await own.services.purge({ deletedBefore: new Date(Date.UTC(2020, 0, 1)) }), 0, 'not earlier')
    t.equal(await own.services.purge({ deletedBefore: new Date(Date.UTC(2020, 0, 2)) }), 1)
    t.same(await left(), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    await t.rejects(own.services.restore(String(ids[0])), { name: 'NotFoundError' })
  })

  t.test('goes by batches, the first deleted first, as many as are asked for', async (t) => {
    const { statements } = own.stats().pool
    t.equal(await own.services.purge({ deletedBefore: new Date(), batchSize: 1, maxBatches: 2 }), 2)
    t.equal(own.stats().pool.statements, statements + 2)
    t.same(await left(), [3, 4, 5, 6, 7, 8, 9])
  })

  t.test('leaves what somebody is restoring', async (t) => {
    await own.transaction(async (tx) => {
      await tx.services.restore(String(ids[4]))
      t.equal(await own.services.purge({ deletedBefore: new Date(Date.UTC(2020, 0, 7)), batchSize: 2 }), 2)
    })
    t.same(await left(), [4, 6, 7, 8, 9])
    t.equal(await own.services.exists(String(ids[4])), true)
  })

  t.test('purges once with an operationId, in batches of one transaction', async (t) => {
    const once = own.with({ operationId: 'purge' })
    const options = { deletedBefore: new Date(Date.UTC(2021, 0, 1)), batchSize: 1 }
    t.equal(await once.services.purge(options), 2)
    t.equal(await once.services.purge(options), 2, 'what it gave')
    t.same(await left(), [4, 8, 9])
  })

  t.test('refuses an option that is not what it must be', async (t) => {
    for (const [options, message] of [
      [{}, 'deletedBefore: Invalid input: expected date, received undefined'],
      [{ deletedBefore: new Date(Number.NaN) }, 'deletedBefore: Invalid input: expected date, received Date'],
      [{ deletedBefore: new Date(), batchSize: 0 }, 'batchSize: Too small: expected number to be >=1'],
      [{ deletedBefore: new Date(), batchSize: 10_001 }, 'batchSize: Too big: expected number to be <=10000'],
      [{ deletedBefore: new Date(), maxBatches: 0 }, 'maxBatches: Too small: expected number to be >=1'],
      [{ deletedBefore: new Date(), before: 1 }, 'Unrecognized key: "before"'],
    ] as const) {
      await t.rejects(own.services.purge(options as { deletedBefore: Date }), {
        name: 'ValidationError',
        message: `purgeServices: ${message}`,
      })
    }
  })
})
