import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { newService } from '../fixtures/service.js'

const db = await connectTestDatabase(t)
const { services } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const ago = (ms: number): Date => new Date(Date.now() - ms)

const seenAt = async (serviceId: string) => (await services.get(serviceId)).lastSeenAt

t.test('markServicesSeen', async (t) => {
  t.test('marks those that there are, and changes nothing else', async (t) => {
    const [one, two, deleted] = await services.createMany([newService(), newService(), newService()])
    await services.delete(String(deleted?.serviceId))
    const ids = [one, two, deleted].map((service) => String(service?.serviceId))
    const time = ago(MINUTE_MS)
    t.equal(await services.markSeen([...ids, UNKNOWN_ID], time), 2)
    t.same(await services.get(ids[0] as string), { ...one, lastSeenAt: time })
    t.same(await seenAt(ids[1] as string), time)
    const row = await db.query('SELECT last_seen_at FROM registry.service WHERE service_id = $1', [ids[2]])
    t.match(row, [{ lastSeenAt: null }])
    t.equal(await services.markSeen([]), 0)
  })

  t.test('goes never back in time, nor ahead of the present', async (t) => {
    const { serviceId } = await services.create(newService())
    await services.markSeen([serviceId], ago(MINUTE_MS))
    const known = await seenAt(serviceId)
    const version = () => db.query('SELECT xmin::text FROM registry.service WHERE service_id = $1', [serviceId])
    const before = await version()
    t.equal(await services.markSeen([serviceId], ago(HOUR_MS)), 1)
    t.same(await seenAt(serviceId), known)
    t.same(await version(), before, 'is not written')
    await services.markSeen([serviceId], new Date('9000-01-01'))
    const present = await seenAt(serviceId)
    t.ok(known !== null && present !== null && present > known && present < new Date('8000-01-01'))
    await t.rejects(services.markSeen(['42']), { message: 'markServicesSeen: serviceIds[0]: must be a UUID' })
    await t.rejects(services.markSeen([serviceId], new Date(Number.NaN)), { name: 'ValidationError' })
  })
})

/** Services not seen for so many minutes (null: never seen), made anew, in any order; gives their ids. */
async function unseen(minutes: readonly (number | null)[]): Promise<string[]> {
  await db.query('DELETE FROM registry.service')
  const ids: string[] = []
  for (const minute of minutes) {
    const { serviceId } = await services.create(newService())
    if (minute !== null) await services.markSeen([serviceId], ago(minute * MINUTE_MS))
    ids.push(serviceId)
  }
  return ids
}

t.test('listStaleServices', async (t) => {
  t.test('gives those not seen for a time, the longest first, never seen before all', async (t) => {
    const ids = await unseen([5, 200, null, 61, 59, 90, null, 1_000])
    const { items } = await services.stale({ olderThanMs: HOUR_MS })
    t.same(
      items.map(({ serviceId }) => ids.indexOf(serviceId)),
      [2, 6, 7, 1, 5, 3],
    )
    t.notOk('config' in (items[0] ?? {}))
    await services.delete(ids[7] as string)
    t.equal((await services.stale({ olderThanMs: HOUR_MS })).items.length, 5)
  })

  t.test('is walked page by page, there and back', async (t) => {
    const ids = await unseen(
      Array.from({ length: 23 }, (_, index) => (index % 7 === 0 ? null : 60 + ((index * 13) % 20) * 7)),
    )
    const all = (await services.stale({ olderThanMs: MINUTE_MS })).items.map(({ serviceId }) => serviceId)
    t.same([...all].sort(), [...ids].sort())
    const seen: string[] = []
    let page = await services.stale({ olderThanMs: MINUTE_MS, limit: 4 })
    seen.push(...page.items.map(({ serviceId }) => serviceId))
    while (page.next !== null) {
      page = await services.stale({ olderThanMs: MINUTE_MS, limit: 4, cursor: page.next })
      seen.push(...page.items.map(({ serviceId }) => serviceId))
    }
    t.same(seen, all)
    const back = await services.stale({ olderThanMs: MINUTE_MS, limit: 4, cursor: page.previous })
    t.same(
      back.items.map(({ serviceId }) => serviceId),
      all.slice(16, 20),
    )
  })

  t.test('refuses what does not fit', async (t) => {
    for (const options of [{}, { olderThanMs: -1 }, { olderThanMs: 0, cursor: 'x' }]) {
      await t.rejects(services.stale(options as never), { name: 'ValidationError' })
    }
  })
})

t.test('countStaleServices', async (t) => {
  await unseen([5, null, 70])
  t.equal((await services.stale({ olderThanMs: HOUR_MS, limit: 1, withTotal: true })).total, 2)
})
