import t from 'tap'
import type { Executor } from '../../../src/engine/executor.js'
import { upsert } from '../../../src/registry/service-import.js'
import type { Service } from '../../../src/registry/service-row.js'
import { connectTestDatabase } from '../../fixtures/database.js'
import { newService, otherValues } from '../../fixtures/service.js'
import { until } from '../../fixtures/until.js'

const db = await connectTestDatabase(t, { pool: { min: 0, max: 10 } })
const { services } = db

/** Resolves when a statement waits for a lock. */
async function untilOneWaits(): Promise<void> {
  await until(async () => {
    const [row] = await db.query<{ waiting: number }>(
      "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    return row?.waiting === 1
  })
}

/** Gives the database, which does something else before each lookup. */
function beforeLookup(work: () => Promise<unknown>): Executor {
  const lookup: Executor['lookup'] = async (...args) => {
    await work()
    return db.lookup(...args)
  }
  return new Proxy(db, {
    get(target, name) {
      const value = name === 'lookup' ? lookup : Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

t.test('upsertServices', async (t) => {
  t.test('creates, updates or leaves each, in order', async (t) => {
    const kept = newService()
    const changed = newService()
    const before = await services.create(kept)
    const old = await services.create(changed)
    const fresh = newService({ status: 'maintenance' })
    const results = await services.upsertMany([{ ...changed, version: '2' }, fresh, kept])
    t.same(
      results.map(({ outcome }) => outcome),
      ['updated', 'created', 'unchanged'],
    )
    t.equal(results[0]?.serviceId, old.serviceId)
    t.equal((await services.get(old.serviceId)).version, '2')
    t.same(await services.get(String(results[2]?.serviceId)), before)
    t.match(await services.get(String(results[1]?.serviceId)), fresh)
  })

  t.test('takes one, and none', async (t) => {
    const given = newService()
    const { serviceId, outcome } = await services.upsert(given)
    t.equal(outcome, 'created')
    t.same(await services.upsert(given), { serviceId, outcome: 'unchanged' })
    t.same(await services.upsert({ ...given, tags: [] }), { serviceId, outcome: 'updated' })
    t.same(await services.upsertMany([]), [])
  })

  t.test('sees a difference in every field but the status, which stays', async (t) => {
    const given = newService()
    const { serviceId, createdAt, createdBy } = await services.create(given)
    for (const [field, value] of Object.entries(otherValues)) {
      const { outcome } = await services.upsert({ ...given, [field]: value })
      const stored = await services.get(serviceId)
      if (field === 'status') {
        t.same([outcome, stored.status], ['unchanged', given.status])
        continue
      }
      t.same([outcome, stored[field as keyof Service]], ['updated', value], field)
      t.same([stored.createdAt, stored.createdBy], [createdAt, createdBy])
      await services.upsert(given)
    }
  })

  t.test('is as a new one where nothing is said, and tells who did it', async (t) => {
    const given = newService()
    const { serviceId, createdBy } = await services.create(given)
    await db.transaction(async (tx) => {
      await tx.query("SELECT set_config('ashlar.actor', 'importer', true)")
      await tx.services.upsert({ name: given.name })
    })
    t.match(await services.get(serviceId), {
      displayName: null,
      buildType: 'custom',
      port: null,
      tags: [],
      config: {},
      isActive: true,
      createdBy,
      updatedBy: 'importer',
    })
  })

  t.test('keeps what health checks tell', async (t) => {
    const given = newService()
    const { serviceId } = await services.create(given)
    await db.query(
      `UPDATE registry.service
       SET status = 'unhealthy', last_health_check_at = now(), response_time_ms = 1.5, last_seen_at = now(),
         success_count = 3, failure_count = 4, health_score = 0.25
       WHERE service_id = $1`,
      [serviceId],
    )
    const { updatedAt, version, ...before } = await services.get(serviceId)
    await services.upsert({ ...given, version: '2', status: 'healthy' })
    const { updatedAt: _, ...after } = await services.get(serviceId)
    t.same(after, { ...before, version: '2' })
  })

  t.test('does not write a row that would not change', async (t) => {
    const given = newService()
    const { serviceId } = await services.create(given)
    const version = async () => await db.query('SELECT ctid FROM registry.service WHERE service_id = $1', [serviceId])
    const before = await version()
    await services.upsert(given)
    t.same(await version(), before)
  })

  t.test('leaves a deleted service of that name as it is', async (t) => {
    const given = newService()
    const old = await services.create(given)
    await services.delete(old.serviceId)
    const { serviceId, outcome } = await services.upsert({ ...given, version: '2' })
    t.equal(outcome, 'created')
    t.not(serviceId, old.serviceId)
    await services.delete(serviceId)
    t.match(await services.restore(old.serviceId), { version: '1.2.0' })
  })

  t.test('makes one row of twenty at once', async (t) => {
    const given = newService()
    const results = await Promise.all(Array.from({ length: 20 }, () => services.upsert(given)))
    t.equal(new Set(results.map(({ serviceId }) => serviceId)).size, 1)
    const outcomes = results.map(({ outcome }) => outcome)
    t.same(outcomes.toSorted(), ['created', ...new Array<string>(19).fill('unchanged')])
    const [row] = await db.query('SELECT count(*) AS count FROM registry.service WHERE name = $1', [given.name])
    t.equal(row?.count, 1)
  })

  t.test('does not deadlock with other writes of the same services in another order', async (t) => {
    const given = Array.from({ length: 100 }, () => newService())
    await services.createMany(given.slice(0, 50))
    const rounds = [given, given.toReversed(), given, given.toReversed()].map((all, round) =>
      services.upsertMany(all.map((service, index) => ({ ...service, port: index % 2 === 0 ? round + 1 : 8080 }))),
    )
    t.equal((await Promise.all(rounds)).flat().length, 400)
  })

  t.test('gives the id of the row that is there when others are deleted and made anew meanwhile', async (t) => {
    const [kept, deleted, replaced, late] = [newService(), newService(), newService(), newService()]
    const [keptId, deletedId, replacedId] = (await services.upsertMany([kept, deleted, replaced])).map(
      ({ serviceId }) => serviceId,
    )
    const { upserting, newId, lateId } = await db.transaction(async (tx) => {
      await tx.services.delete(String(deletedId))
      await tx.services.delete(String(replacedId))
      const [{ serviceId: newId } = { serviceId: '' }, { serviceId: lateId } = { serviceId: '' }] =
        await tx.services.upsertMany([replaced, late])
      // Waits for what this transaction has not committed yet.
      const upserting = services.upsertMany([late, kept, deleted, replaced])
      await untilOneWaits()
      return { upserting: { results: upserting }, newId, lateId }
    })
    const results = await upserting.results
    t.same(
      results.map(({ outcome }) => outcome),
      ['unchanged', 'unchanged', 'created', 'unchanged'],
    )
    const [, , created] = results
    t.same(
      results.map(({ serviceId }) => serviceId),
      [lateId, keptId, created?.serviceId, newId],
    )
    t.notOk([deletedId, replacedId].includes(created?.serviceId))
    t.same(await services.findByName(deleted.name), await services.find(String(created?.serviceId)))
  })

  t.test('creates one that is deleted when it is looked up again', async (t) => {
    const given = newService()
    let lateId = ''
    let lookedUp = 0
    const upserting = await db.transaction(async (tx) => {
      lateId = (await tx.services.create(given)).serviceId
      const executor = beforeLookup(async () => {
        lookedUp += 1
        await services.delete(lateId)
      })
      const result = upsert(executor, given)
      await untilOneWaits()
      return { result }
    })
    const { serviceId, outcome } = await upserting.result
    t.same([lookedUp, outcome], [1, 'created'])
    t.not(serviceId, lateId)
  })

  t.test('writes none when one is refused', async (t) => {
    const fresh = newService()
    await t.rejects(services.upsertMany([fresh, newService({ port: 0 })]), {
      name: 'ValidationError',
      message: 'upsertServices: [1].port: Too small: expected number to be >=1',
    })
    await t.rejects(services.upsertMany([fresh, newService(), fresh]), {
      message: 'upsertServices: [2]: has the name of [0]',
    })
    t.equal(await services.findByName(fresh.name), null)
  })

  t.test('takes effect once with an operationId', async (t) => {
    const given = newService()
    const once = db.with({ operationId: 'upsert a service' })
    const first = await once.services.upsert(given)
    t.same(await once.services.upsert(given), first)
    t.equal(first.outcome, 'created')
  })
})
