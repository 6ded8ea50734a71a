import t from 'tap'
import { newIds } from '../../src/generated/core/id.queries.js'
import { connectTestDatabase } from '../fixtures/database.js'

const db = await connectTestDatabase(t)

t.test('newIds', async (t) => {
  t.test('gives as many UUIDv7 as asked for, no two alike, by the time they were made', async (t) => {
    const ids = (await db.run(newIds, { count: 1_000 })).map(({ id }) => id)
    t.equal(new Set(ids).size, 1_000)
    for (const id of ids) if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id)) t.fail(id)
    const times = ids.map((id) => id.slice(0, 13))
    t.same(times, times.toSorted())
  })

  t.test('gives none', async (t) => {
    t.same(await db.run(newIds, { count: 0 }), [])
  })
})
