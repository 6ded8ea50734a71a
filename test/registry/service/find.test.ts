import t from 'tap'
import { connectTestDatabase } from '../../fixtures/database.js'
import { newService } from '../../fixtures/service.js'

const db = await connectTestDatabase(t)
const { services } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'

/** Creates a service and deletes it. */
async function deletedService() {
  const created = await services.create(newService())
  await services.delete(created.serviceId)
  return created
}

t.test('findService', async (t) => {
  t.test('gives the service, or null', async (t) => {
    const created = await services.create(newService())
    t.same(await services.find(created.serviceId), created)
    t.same(await services.get(created.serviceId.toUpperCase()), created)
    t.equal(await services.find(UNKNOWN_ID), null)
  })

  t.test('gives no column that only an index is made of', async (t) => {
    const { serviceId } = await services.create(newService())
    const [row] = await db.query('SELECT * FROM registry.service WHERE service_id = $1', [serviceId])
    const given = Object.keys(await services.get(serviceId))
    t.same(
      Object.keys(row ?? {}).filter((column) => !given.includes(column) && column !== 'search'),
      ['successPercent', 'healthRank', 'responseTimeClass', 'lastSeenHour'],
    )
  })

  t.test('does not see the deleted', async (t) => {
    const { serviceId } = await deletedService()
    t.equal(await services.find(serviceId), null)
    await t.rejects(services.get(serviceId), {
      name: 'NotFoundError',
      entity: 'registry.service',
      message: 'findService: no such row in registry.service',
    })
  })

  t.test('refuses what is no UUID', async (t) => {
    for (const id of ['42', '', `${UNKNOWN_ID}\0`, "' OR TRUE --", 42, null, undefined]) {
      await t.rejects(services.find(id as string), {
        name: 'ValidationError',
        message: 'findService: serviceId: must be a UUID',
      })
    }
  })
})

t.test('findServices', async (t) => {
  t.test('gives for each id, in their order, the service or null', async (t) => {
    const one = await services.create(newService())
    const other = await services.create(newService())
    const { serviceId: deletedId } = await deletedService()
    const { statements } = db.stats().pool
    const ids = [UNKNOWN_ID, other.serviceId, one.serviceId, deletedId, other.serviceId, one.serviceId.toUpperCase()]
    const found = await services.findMany(ids)
    t.same(found, [null, other, one, null, other, one])
    t.not(found[1], found[4])
    t.equal(db.stats().pool.statements, statements + 1)
    t.same(await services.findMany([]), [])
  })

  t.test('gives what find gives, to lookups that are coalesced', async (t) => {
    const one = await services.create(newService())
    const other = await services.create(newService())
    const { serviceId: deletedId } = await deletedService()
    const coalesced = db.with({ coalesce: true }).services
    const { statements } = db.stats().pool
    const ids = [one.serviceId, UNKNOWN_ID, deletedId, other.serviceId]
    t.same(await Promise.all(ids.map((id) => coalesced.find(id))), [one, null, null, other])
    t.equal(db.stats().pool.statements, statements + 1)
  })

  t.test('takes 10,000 ids, no more, and only UUIDs', async (t) => {
    const ids = new Array<string>(10_000).fill(UNKNOWN_ID)
    t.equal((await services.findMany(ids)).length, 10_000)
    await t.rejects(services.findMany([...ids, UNKNOWN_ID]), { name: 'ValidationError' })
    await t.rejects(services.findMany([UNKNOWN_ID, '42']), {
      message: 'findServices: serviceIds[1]: must be a UUID',
    })
  })
})

t.test('findServiceByName', async (t) => {
  t.test('gives the living service of that name, or null', async (t) => {
    const given = newService()
    await services.delete((await services.create(given)).serviceId)
    t.equal(await services.findByName(given.name), null)
    const created = await services.create(given)
    t.same(await services.findByName(given.name), created)
    t.equal(await services.findByName('no such service'), null)
    t.equal(await services.findByName(given.name.toUpperCase()), null)
  })

  t.test('is asked by its index', async (t) => {
    const lines = await db.transaction(async (tx) => {
      // Of a small table it would read all.
      await tx.query("INSERT INTO registry.service (name) SELECT 'plan ' || n FROM generate_series(1, 1000) AS n")
      await tx.query('ANALYZE registry.service')
      return tx.query("EXPLAIN SELECT service_id FROM registry.service WHERE name = 'a' AND deleted_at IS NULL")
    })
    t.match(lines.map((line) => Object.values(line)[0]).join('\n'), /Index Scan using service_name_key/)
  })

  t.test('refuses what cannot be a name', async (t) => {
    for (const name of ['', 'a\0', '\udc00', 'x'.repeat(201), 5, null]) {
      await t.rejects(services.findByName(name as string), {
        name: 'ValidationError',
        message: /^findServiceByName: name: /,
      })
    }
  })
})

t.test('findServicesByName', async (t) => {
  t.test('gives for each name, in their order, the living service or null', async (t) => {
    const one = await services.create(newService({ name: `"quoted", {braces} 'and' \\ NULL` }))
    const other = await services.create(newService())
    const deleted = await deletedService()
    const { statements } = db.stats().pool
    const found = await services.findManyByName([other.name, 'none', one.name, deleted.name, other.name, 'NULL'])
    t.same(found, [other, null, one, null, other, null])
    t.not(found[0], found[4])
    t.equal(db.stats().pool.statements, statements + 1)
    t.same(await services.findManyByName([]), [])
  })

  t.test('gives what findByName gives, to lookups that are coalesced', async (t) => {
    const one = await services.create(newService())
    const deleted = await deletedService()
    const coalesced = db.with({ coalesce: true }).services
    const { statements } = db.stats().pool
    const found = await Promise.all([deleted.name, one.name, 'none'].map((name) => coalesced.findByName(name)))
    t.same(found, [null, one, null])
    t.equal(db.stats().pool.statements, statements + 1)
  })

  t.test('refuses what cannot be a name', async (t) => {
    await t.rejects(services.findManyByName(['a', '\0']), {
      message: 'findServicesByName: names[1]: must not contain a NUL character or a lone surrogate',
    })
    await t.rejects(services.findManyByName(new Array(10_001).fill('a')), { name: 'ValidationError' })
  })
})

t.test('existsService', async (t) => {
  t.test('tells whether there is such a service among the living', async (t) => {
    const { serviceId } = await services.create(newService())
    t.equal(await services.exists(serviceId), true)
    t.equal(await services.exists(UNKNOWN_ID), false)
    t.equal(await services.exists((await deletedService()).serviceId), false)
    await t.rejects(services.exists('42'), { message: 'existsService: serviceId: must be a UUID' })
  })
})
