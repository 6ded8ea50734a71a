import t from 'tap'
import type { Transaction } from '../../src/database.js'
import type { NewServiceHealthCheck } from '../../src/registry/service-health.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newService } from '../fixtures/service.js'
import { until } from '../fixtures/until.js'
import { scoreOf } from './fixtures/health-score.js'

const db = await connectTestDatabase(t)
const { services } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000)
const checksOf = async (serviceId: string) => (await services.healthChecks(serviceId)).items

/** Works as an actor called prober. */
const asProber = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
  db.transaction(async (tx) => {
    await tx.query("SELECT set_config('ashlar.actor', 'prober', true)")
    return work(tx)
  })

t.test('recordServiceHealthChecks', async (t) => {
  t.test('counts a check, takes over what it found, and keeps it', async (t) => {
    const { serviceId } = await services.create(newService())
    const first = await services.recordHealthCheck(serviceId, { status: 'healthy', responseTimeMs: 12.5 })
    const { lastHealthCheckAt: at } = first
    t.ok(at instanceof Date)
    t.same(first, {
      serviceId,
      status: 'healthy',
      healthScore: 1,
      successCount: 1,
      failureCount: 0,
      responseTimeMs: 12.5,
      lastHealthCheckAt: at,
      lastSeenAt: at,
    })
    const second = await asProber((tx) =>
      tx.services.recordHealthCheck(serviceId, { status: 'unhealthy', error: 'connection refused' }),
    )
    t.ok(at !== null && second.lastHealthCheckAt !== null && second.lastHealthCheckAt >= at)
    // It had no answer, and was not seen.
    t.match(second, { status: 'unhealthy', successCount: 1, failureCount: 1, responseTimeMs: 12.5, lastSeenAt: at })
    t.match(await services.get(serviceId), second)
    const [newest, oldest] = await checksOf(serviceId)
    t.match(newest, {
      serviceId,
      status: 'unhealthy',
      responseTimeMs: null,
      error: 'connection refused',
      checkedAt: second.lastHealthCheckAt,
      reportedBy: 'prober',
    })
    t.match(oldest, { status: 'healthy', responseTimeMs: 12.5, error: null, checkedAt: at })
  })

  t.test('finds a service by its name', async (t) => {
    const { serviceId, name } = await services.create(newService())
    t.equal((await services.recordHealthCheck({ name }, { status: 'healthy' })).serviceId, serviceId)
  })

  t.test('moves the score by the formula of the docstring', async (t) => {
    const { serviceId } = await services.create(newService())
    const results = [true, true, false, true, false, false, true]
    for (const [index, isHealthy] of results.entries()) {
      const { healthScore } = await services.recordHealthCheck(serviceId, {
        status: isHealthy ? 'healthy' : 'unhealthy',
      })
      t.ok(Math.abs(Number(healthScore) - scoreOf(results.slice(0, index + 1))) < 1e-12)
    }
  })

  t.test('leaves a status that people have set, and tracks only a change of status', async (t) => {
    const { serviceId, updatedAt } = await services.create(newService({ status: 'healthy' }))
    await services.recordHealthCheck(serviceId, { status: 'healthy' })
    t.same((await services.get(serviceId)).updatedAt, updatedAt)
    await until(() => Date.now() > updatedAt.getTime() + 1)
    await asProber((tx) => tx.services.recordHealthCheck(serviceId, { status: 'unhealthy' }))
    const changed = await services.get(serviceId)
    t.ok(changed.updatedAt > updatedAt)
    t.equal(changed.updatedBy, 'prober')
    for (const status of ['maintenance', 'disabled'] as const) {
      await services.update(serviceId, { status })
      t.equal((await services.recordHealthCheck(serviceId, { status: 'healthy' })).status, status)
    }
    t.match(await services.get(serviceId), { successCount: 3, failureCount: 1 })
  })

  t.test('keeps and counts a late check, which says nothing of the present', async (t) => {
    const { serviceId } = await services.create(newService())
    const latest = await services.recordHealthCheck(serviceId, {
      status: 'healthy',
      responseTimeMs: 5,
      checkedAt: minutesAgo(10),
    })
    const late = minutesAgo(20)
    const after = await services.recordHealthCheck(serviceId, {
      status: 'unhealthy',
      responseTimeMs: 900,
      checkedAt: late,
    })
    t.same(after, { ...latest, failureCount: 1 })
    t.same(
      (await checksOf(serviceId)).map(({ checkedAt }) => checkedAt),
      [latest.lastHealthCheckAt, late],
    )
  })

  t.test('leaves a late check out of the score of those that came with it', async (t) => {
    const { serviceId: service } = await services.create(newService())
    await services.recordHealthCheck(service, { status: 'healthy' })
    const [, health] = await services.recordHealthChecks([
      { service, status: 'healthy', checkedAt: new Date(Date.now() - 3_600_000) },
      { service, status: 'unhealthy' },
    ])
    t.ok(Math.abs(Number(health?.healthScore) - (1 - 0.1 / (1 - 0.9 ** 3))) < 1e-12)
  })

  t.test('takes a time that is not yet for the present', async (t) => {
    const { serviceId } = await services.create(newService())
    const checkedAt = new Date('9000-01-01')
    const { lastHealthCheckAt, lastSeenAt } = await services.recordHealthCheck(serviceId, {
      status: 'healthy',
      checkedAt,
    })
    t.ok(lastHealthCheckAt !== null && lastHealthCheckAt < new Date('8000-01-01'))
    t.same(lastSeenAt, lastHealthCheckAt)
    t.same((await checksOf(serviceId))[0]?.checkedAt, lastHealthCheckAt)
  })

  t.test('gives what the checks give one by one, in the order of their times', async (t) => {
    const made = await services.createMany([newService(), newService(), newService()])
    const copies = await services.createMany([newService(), newService(), newService()])
    for (const { serviceId } of [...made, ...copies]) {
      await services.recordHealthCheck(serviceId, { status: 'healthy', checkedAt: minutesAgo(2_000) })
    }
    const checks = Array.from({ length: 90 }, (_, index) => ({
      status: (index * 7) % 5 === 0 ? ('unhealthy' as const) : ('healthy' as const),
      responseTimeMs: index % 4 === 0 ? null : index,
      // Two at a time have the same.
      checkedAt: minutesAgo(1_000 - Math.floor(index / 6)),
      place: index % 3,
    }))
    const toChecks = (ids: readonly { serviceId: string }[]) =>
      checks.map(({ place, ...check }) => ({ ...check, service: String(ids[place]?.serviceId) }))
    const one = toChecks(copies)
    for (const { service, ...check } of one) await services.recordHealthCheck(service, check)
    const all = await services.recordHealthChecks(toChecks(made))
    t.equal(all.length, checks.length)
    for (const [index, { serviceId }] of made.entries()) {
      t.equal(all[index]?.serviceId, serviceId)
      const { healthScore, ...expected } = await services.get(String(copies[index]?.serviceId))
      t.match(all[index], {
        status: expected.status,
        successCount: expected.successCount,
        failureCount: expected.failureCount,
        responseTimeMs: expected.responseTimeMs,
        lastHealthCheckAt: expected.lastHealthCheckAt,
        lastSeenAt: expected.lastSeenAt,
      })
      t.ok(Math.abs(Number(all[index]?.healthScore) - Number(healthScore)) < 1e-12)
      const [many, single] = [await checksOf(serviceId), await checksOf(String(copies[index]?.serviceId))]
      const pick = (rows: typeof many) =>
        rows.map(({ checkedAt, status, responseTimeMs }) => [checkedAt, status, responseTimeMs])
      t.equal(many.length, 31)
      t.same(pick(many).slice(0, 30), pick(single).slice(0, 30))
    }
  })

  t.test('writes nothing when one of the services is not there', async (t) => {
    const { serviceId } = await services.create(newService())
    const deleted = await services.create(newService())
    await services.delete(deleted.serviceId)
    for (const service of [UNKNOWN_ID, { name: 'nobody' }, deleted.serviceId, { name: deleted.name }]) {
      const checks: NewServiceHealthCheck[] = [
        { service: serviceId, status: 'healthy' },
        { service, status: 'healthy' },
      ]
      const error = {
        name: 'NotFoundError',
        message: /^recordServiceHealthChecks: (\[1\]\.service: )?no such row in registry\.service/,
      }
      await t.rejects(services.recordHealthChecks(checks), { ...error, path: '[1].service' })
      await t.rejects(services.recordHealthCheck(service, { status: 'healthy' }), { ...error, path: null })
    }
    t.match(await services.get(serviceId), { successCount: 0, healthScore: null, lastHealthCheckAt: null })
    t.same(await checksOf(serviceId), [])
    t.same(await checksOf(deleted.serviceId), [])
    t.same(await services.recordHealthChecks([]), [])
  })

  t.test('takes 2,000 checks of 2,000 services', async (t) => {
    const rows = await db.query<{ serviceId: string }>(
      "INSERT INTO registry.service (name) SELECT 'many ' || number FROM generate_series(1, 2000) AS number RETURNING service_id",
    )
    const checks = rows.map((row) => ({ service: row.serviceId, status: 'healthy' as const }))
    const all = await services.recordHealthChecks(checks)
    t.ok(all.every(({ serviceId, successCount }, index) => serviceId === checks[index]?.service && successCount === 1))
    t.equal(all.length, 2_000)
  })

  t.test('refuses what does not fit', async (t) => {
    const { serviceId } = await services.create(newService())
    const refused: [object, RegExp][] = [
      [{ status: 'unknown' }, /status: Invalid option/],
      [{ status: 'healthy', responseTimeMs: -1 }, /responseTimeMs: Too small/],
      [{ status: 'healthy', responseTimeMs: Number.NaN }, /responseTimeMs: Invalid input/],
      [{ status: 'healthy', error: 'none' }, /error: must not be given for a healthy one/],
      [{ status: 'unhealthy', error: '' }, /error: Too small/],
      [{ status: 'unhealthy', error: 'x'.repeat(1_001) }, /error: must have at most 1000 characters/],
      [{ status: 'healthy', checkedAt: new Date(-1) }, /checkedAt: Too small/],
      [{ status: 'healthy', extra: 1 }, /Unrecognized key: "extra"/],
      [{ status: 'healthy', service: { name: 'other' } }, /Unrecognized key: "service"/],
    ]
    for (const [check, message] of refused) {
      await t.rejects(services.recordHealthCheck(serviceId, check as never), { name: 'ValidationError', message })
    }
    await t.rejects(services.recordHealthCheck('42', { status: 'healthy' }), {
      message: 'recordServiceHealthChecks: service: must be a UUID',
    })
    await t.rejects(services.recordHealthCheck(42 as never, { status: 'healthy' }), {
      message: 'recordServiceHealthChecks: service: must be a UUID, or { name }',
    })
    await t.rejects(
      services.recordHealthChecks(Array.from({ length: 10_001 }, () => ({ service: serviceId, status: 'healthy' }))),
      { name: 'ValidationError', message: /Too big: expected array to have <=10000 items/ },
    )
  })
})
