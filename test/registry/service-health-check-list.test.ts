import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { newService } from '../fixtures/service.js'

const db = await connectTestDatabase(t)
const { services } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A full day, UTC, well before now. */
const DAY = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - 10 * DAY_MS)
const at = (ms: number): Date => new Date(DAY.getTime() + ms)

/** A service with a check every minute, of which each fifth fails, without an answer. */
async function checkedService(count: number): Promise<string> {
  const { serviceId } = await services.create(newService())
  await services.recordHealthChecks(
    Array.from({ length: count }, (_, minute) => ({
      service: serviceId,
      checkedAt: at(minute * 60_000),
      ...(minute % 5 === 4
        ? { status: 'unhealthy' as const, error: 'timed out' }
        : { status: 'healthy' as const, responseTimeMs: minute }),
    })),
  )
  return serviceId
}

t.test('listServiceHealthChecks', async (t) => {
  const serviceId = await checkedService(23)
  await checkedService(3)
  const minutes = (items: readonly { checkedAt: Date }[]) =>
    items.map(({ checkedAt }) => (checkedAt.getTime() - DAY.getTime()) / 60_000)

  t.test('walks the checks of one service, newest first, there and back', async (t) => {
    const seen: number[] = []
    let page = await services.healthChecks(serviceId, { limit: 10, withTotal: true })
    t.equal(page.total, 23)
    seen.push(...minutes(page.items))
    while (page.next !== null) {
      page = await services.healthChecks(serviceId, { limit: 10, cursor: page.next })
      seen.push(...minutes(page.items))
    }
    t.same(
      seen,
      Array.from({ length: 23 }, (_, index) => 22 - index),
    )
    const back = await services.healthChecks(serviceId, { limit: 10, cursor: page.previous })
    t.same(minutes(back.items), seen.slice(10, 20))
  })

  t.test('filters by status and time', async (t) => {
    const list = async (options: object) => minutes((await services.healthChecks(serviceId, options)).items)
    t.same(await list({ status: 'unhealthy' }), [19, 14, 9, 4])
    t.same(await list({ checkedAfter: at(19 * 60_000) }), [22, 21, 20])
    t.same(await list({ checkedBefore: at(2 * 60_000) }), [1, 0])
    t.same(await services.healthChecks(UNKNOWN_ID), { items: [], next: null, previous: null })
  })

  t.test('refuses what does not fit', async (t) => {
    await t.rejects(services.healthChecks('42'), { message: 'listServiceHealthChecks: serviceId: must be a UUID' })
    await t.rejects(services.healthChecks(serviceId, { cursor: 'x' }), { name: 'ValidationError' })
    await t.rejects(services.healthChecks(serviceId, { limit: 501 }), { name: 'ValidationError' })
  })
})

t.test('countServiceHealthChecks', async (t) => {
  const serviceId = await checkedService(11)
  const total = async (options: object) =>
    (await services.healthChecks(serviceId, { ...options, withTotal: true })).total
  t.equal(await total({}), 11)
  t.equal(await total({ status: 'healthy' }), 9)
  t.equal(await total({ checkedAfter: at(0), checkedBefore: at(3 * 60_000) }), 2)
})

t.test('serviceHealthHistory', async (t) => {
  const serviceId = await checkedService(125)
  const before = at(3 * HOUR_MS)

  t.test('sums the checks of each hour up, the latest first', async (t) => {
    const answered = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => from + index).filter((minute) => minute % 5 !== 4)
    const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length
    const spans = await services.healthHistory(serviceId, { before })
    t.same(
      spans.map(({ startsAt, checkCount, successCount }) => [startsAt, checkCount, successCount]),
      [
        [at(2 * HOUR_MS), 5, 4],
        [at(HOUR_MS), 60, 48],
        [at(0), 60, 48],
      ],
    )
    t.equal(spans[1]?.meanResponseTimeMs, mean(answered(60, 120)))
    // 48 values: 95 in 100 is between the 45th and the 46th of them from 0, at 0.95 * 47 = 44.65.
    const [low, high] = answered(60, 120).slice(44, 46) as [number, number]
    t.ok(Math.abs(Number(spans[1]?.p95ResponseTimeMs) - (low + 0.65 * (high - low))) < 1e-9)
  })

  t.test('goes back so many hours or days, and no further', async (t) => {
    const starts = async (options: object) =>
      (await services.healthHistory(serviceId, { before, ...options })).map(({ startsAt }) => startsAt)
    t.same(await starts({ spans: 2 }), [at(2 * HOUR_MS), at(HOUR_MS)])
    t.same(await starts({ spans: 1, before: at(2 * HOUR_MS) }), [at(HOUR_MS)])
    t.same(await starts({ span: 'day', spans: 1 }), [at(0)])
    t.same(await services.healthHistory(serviceId), [])
    t.equal((await services.healthHistory(serviceId, { span: 'day' }))[0]?.checkCount, 125)
  })

  t.test('has no response time where no check had an answer', async (t) => {
    const { serviceId } = await services.create(newService())
    await services.recordHealthCheck(serviceId, { status: 'unhealthy' })
    t.match(await services.healthHistory(serviceId), [
      { checkCount: 1, successCount: 0, meanResponseTimeMs: null, p95ResponseTimeMs: null },
    ])
    await t.rejects(services.healthHistory(serviceId, { spans: 0 }), { name: 'ValidationError' })
  })
})
