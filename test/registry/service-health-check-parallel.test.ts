import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { newService } from '../fixtures/service.js'
import { scoreOf } from './fixtures/health-score.js'

// A deadlock is an error, as nothing is tried again.
const db = await connectTestDatabase(t, { pool: { min: 0, max: 20 }, retry: 'none' })
const { services } = db
const REPORTERS = 50

t.test('recordServiceHealthChecks, by many at once', async (t) => {
  t.test('loses no report, and its score is that of the checks in the order in which they were taken', async (t) => {
    const made = await services.createMany([newService(), newService(), newService()])
    const report = async (reporter: number): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        const { serviceId } = made[(reporter + round) % made.length] as (typeof made)[number]
        const isHealthy = (reporter * 7 + round * 3) % 4 !== 0
        await services.recordHealthCheck(
          serviceId,
          isHealthy ? { status: 'healthy', responseTimeMs: 5 } : { status: 'unhealthy' },
        )
      }
    }
    await Promise.all(Array.from({ length: REPORTERS }, (_, reporter) => report(reporter)))
    let total = 0
    for (const { serviceId } of made) {
      const after = await services.get(serviceId)
      const rows = await db.query<{ status: string; checkedAt: Date }>(
        `SELECT status, checked_at FROM registry.service_health_check
        WHERE service_id = $1 ORDER BY checked_at, service_health_check_id`,
        [serviceId],
      )
      const results = rows.map(({ status }) => status === 'healthy')
      t.equal(after.successCount, results.filter(Boolean).length)
      t.equal(after.failureCount, results.length - after.successCount)
      t.equal(after.status, rows.at(-1)?.status)
      t.same(after.lastHealthCheckAt, rows.at(-1)?.checkedAt)
      t.ok(Math.abs(Number(after.healthScore) - scoreOf(results)) < 1e-9)
      total += results.length
    }
    t.equal(total, REPORTERS * 10)
  })

  t.test('has no deadlock when the services come in different orders', async (t) => {
    const made = await services.createMany(Array.from({ length: 20 }, () => newService()))
    const checks = made.map(({ serviceId }) => ({ service: serviceId, status: 'healthy' as const }))
    const ids = made.map(({ serviceId }) => serviceId)
    const report = async (reporter: number): Promise<void> => {
      for (let round = 0; round < 5; round += 1) {
        await services.recordHealthChecks(reporter % 2 === 0 ? checks : [...checks].reverse())
        await services.markSeen(reporter % 2 === 0 ? [...ids].reverse() : ids)
      }
    }
    await Promise.all(Array.from({ length: 10 }, (_, reporter) => report(reporter)))
    const counts = await services.findMany(ids)
    t.ok(counts.every((service) => service?.successCount === 50))
  })

  t.test('has no deadlock with updates and upserts of the same services', async (t) => {
    // In the order of their names another one is the first than in that of their ids: else all wait for that one.
    const names = Array.from({ length: 200 }, (_, index) =>
      newService({ name: `${(index * 37 + 100) % 200} at once`, tags: ['at once'] }),
    )
    const ids: string[] = []
    for (const service of names) ids.push((await services.create(service)).serviceId)
    const checks = ids.map((service) => ({ service, status: 'healthy' as const }))
    const tenTimes = async (work: (round: number) => Promise<unknown>): Promise<void> => {
      for (let round = 0; round < 10; round += 1) await work(round)
    }
    await Promise.all([
      tenTimes(() => services.recordHealthChecks(checks)),
      tenTimes(() => services.recordHealthChecks([...checks].reverse())),
      tenTimes(() => services.markSeen(ids)),
      tenTimes((round) => services.updateMany({ tagsAll: ['at once'] }, { version: `${round}` }, { maxRows: 200 })),
      tenTimes((round) => services.upsertMany(names.map((service) => ({ ...service, source: `${round}` })))),
    ])
    t.equal((await services.get(String(ids[0]))).successCount, 20)
  })
})
