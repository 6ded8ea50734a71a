import t from 'tap'
import type { ServiceBulkFilter } from '../../../src/registry/service-bulk.js'
import { connectTestDatabase } from '../../fixtures/database.js'
import { newService, otherValues } from '../../fixtures/service.js'

const db = await connectTestDatabase(t)
const { services } = db

/** Makes six services of an endpoint of their own, and a deleted one. */
async function someServices(endpoint: string): Promise<void> {
  const created = await services.createMany(
    Array.from({ length: 7 }, (_, index) =>
      newService({
        endpoint,
        priority: index < 2 ? 'critical' : 'low',
        tags: index % 2 === 0 ? ['even'] : ['odd'],
        isRequired: index === 0,
        metadata: { index, team: 'office' },
      }),
    ),
  )
  await services.delete(String(created[6]?.serviceId))
  await db.query(
    `UPDATE registry.service SET success_count = 3, failure_count = 1, response_time_ms = 20, last_seen_at = '2026-01-01'
     WHERE service_id = $1`,
    [created[1]?.serviceId],
  )
}

/** Filters, and how many of the six each finds. */
const filters: readonly [ServiceBulkFilter, number][] = [
  [{}, 6],
  [{ priority: ['critical', 'high'] }, 2],
  [{ buildType: 'fastmcp', protocol: 'http', status: 'unknown' }, 6],
  [{ isRequired: true }, 1],
  [{ isEnabled: false }, 0],
  [{ isActive: true, isAutoStart: false }, 6],
  [{ tagsAny: ['odd', 'none'] }, 3],
  [{ tagsAll: ['even'] }, 3],
  [{ tagsNone: ['odd'] }, 3],
  [{ namePattern: 'service *' }, 6],
  [{ version: '1.2.0' }, 6],
  [{ metadata: { index: 3 } }, 1],
  [{ successRateFrom: 0.75, successRateTo: 0.75 }, 1],
  [{ responseTimeMsFrom: 20, responseTimeMsTo: 20 }, 1],
  [{ seenAfter: new Date('2025-12-31'), seenBefore: new Date('2026-01-02') }, 1],
  [{ createdAfter: new Date(0), updatedAfter: new Date(0) }, 6],
  [{ createdBefore: new Date(0) }, 0],
  [{ updatedBefore: new Date(0) }, 0],
  [{ text: 'odd' }, 3],
]

t.test('updateServices', async (t) => {
  t.test('changes what the filter finds, and only the given fields', async (t) => {
    for (const [index, [filter, expected]] of filters.entries()) {
      const endpoint = `update ${index}`
      await someServices(endpoint)
      const before = (await services.list({ endpoint, deleted: 'included' })).items
      const hit = new Set((await services.list({ ...filter, endpoint })).items.map(({ name }) => name))
      const changes = { source: 'elsewhere', port: null }
      const changed = await services.updateMany({ ...filter, endpoint }, changes, { maxRows: 6 })
      t.same([hit.size, changed], [expected, expected], JSON.stringify(filter))
      t.same(
        (await services.list({ endpoint, deleted: 'included' })).items.map(({ updatedAt, ...row }) => row),
        before.map(({ updatedAt, ...row }) => (hit.has(row.name) ? { ...row, ...changes } : row)),
      )
    }
  })

  t.test('sets every column but the name, and tells who did it', async (t) => {
    await someServices('whole')
    await db.transaction(async (tx) => {
      await tx.query("SELECT set_config('ashlar.actor', 'bob', true)")
      const changes = { ...otherValues, endpoint: 'whole 2' }
      t.equal(await tx.services.updateMany({ endpoint: 'whole' }, changes, { maxRows: 'unlimited' }), 6)
    })
    const { items } = await services.list({ endpoint: 'whole 2' })
    t.equal(items.length, 6)
    for (const { serviceId } of items) {
      t.match(await services.get(serviceId), { ...otherValues, endpoint: 'whole 2', updatedBy: 'bob' })
    }
  })

  t.test('changes nothing when there are more rows than allowed, and says so', async (t) => {
    await someServices('limit')
    await t.rejects(services.updateMany({ endpoint: 'limit' }, { version: '2' }, { maxRows: 5 }), {
      name: 'RowLimitError',
      maxRows: 5,
      query: 'updateServices',
    })
    t.equal(await services.count({ endpoint: 'limit', version: '2' }), 0)
    t.equal(await services.updateMany({ endpoint: 'limit' }, { version: '2' }, { maxRows: 6 }), 6, 'the limit itself')
  })

  t.test('does not deadlock with others over the same rows, nor with upserts of them', async (t) => {
    await someServices('crowd')
    const { items } = await services.list({ endpoint: 'crowd' })
    const given = items.map(({ name }) => newService({ name, endpoint: 'crowd' }))
    const updates = Array.from({ length: 10 }, (_, index) =>
      services.updateMany(
        { endpoint: 'crowd', tagsAny: ['calendar', 'even', 'odd'] },
        { port: index + 1 },
        { maxRows: 6 },
      ),
    )
    const upserts = Array.from({ length: 5 }, (_, index) =>
      services.upsertMany(given.toReversed().map((service) => ({ ...service, version: String(index) }))),
    )
    t.equal((await Promise.all(upserts)).flat().length, 30)
    t.same(await Promise.all(updates), new Array(10).fill(6))
  })

  const refused: readonly [string, object, object, unknown, RegExp][] = [
    ['no limit', {}, { version: '2' }, {}, /maxRows: must be given/],
    ['no changes', {}, {}, { maxRows: 1 }, /must change at least one field/],
    ['a name for many', {}, { name: 'x' }, { maxRows: 1 }, /Unrecognized key: "name"/],
    ['the deleted', { deleted: 'only' }, { version: '2' }, { maxRows: 1 }, /Unrecognized key: "deleted"/],
    ['a filter that was never set', { text: undefined }, { version: '2' }, { maxRows: 1 }, /text: is undefined/],
  ]
  for (const [what, filter, changes, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(services.updateMany(filter, changes, options as { maxRows: number }), {
        name: 'ValidationError',
        message,
      })
    })
  }
})

t.test('deleteServices', async (t) => {
  t.test('hides what the filter finds, and nothing else', async (t) => {
    for (const [index, [filter, expected]] of filters.entries()) {
      const endpoint = `delete ${index}`
      await someServices(endpoint)
      t.equal(await services.deleteMany({ ...filter, endpoint }, { maxRows: 6 }), expected, JSON.stringify(filter))
      t.equal(await services.count({ endpoint }), 6 - expected)
      t.equal(await services.count({ endpoint, deleted: 'only' }), 1 + expected)
    }
  })

  t.test('deletes none when there are more than allowed, and leaves the deleted as they are', async (t) => {
    await someServices('kept')
    const [gone] = (await services.list({ endpoint: 'kept', deleted: 'only' })).items
    await t.rejects(services.deleteMany({ endpoint: 'kept' }, { maxRows: 5 }), {
      name: 'RowLimitError',
      query: 'deleteServices',
    })
    t.equal(await services.count({ endpoint: 'kept' }), 6)
    t.equal(await services.deleteMany({ endpoint: 'kept' }, { maxRows: 6 }), 6)
    const deleted = (await services.list({ endpoint: 'kept', deleted: 'only' })).items
    t.same(
      deleted.find(({ serviceId }) => serviceId === gone?.serviceId),
      gone,
    )
    const [first] = deleted
    t.match(await services.restore(String(first?.serviceId)), { name: first?.name })
  })

  t.test('refuses what updateMany refuses', async (t) => {
    for (const filter of [{ deleted: 'included' }, { endpoint: undefined }]) {
      await t.rejects(services.deleteMany(filter as ServiceBulkFilter, { maxRows: 1 }), { name: 'ValidationError' })
    }
  })
})
