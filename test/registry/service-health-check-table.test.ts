import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { newService } from '../fixtures/service.js'

const db = await connectTestDatabase(t)
const { services } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'

t.test('registry.service_health_check', async (t) => {
  const { serviceId } = await services.create(newService())
  const insert = (columns: string, values: string, id = serviceId) =>
    db.query(`INSERT INTO registry.service_health_check (service_id, ${columns}) VALUES ($1, ${values})`, [id])

  t.test('refuses what breaks a rule, by its name', async (t) => {
    const refused: [string, string, string][] = [
      ['status, response_time_ms', "'healthy', -1", 'service_health_check_response_time_ms_range'],
      ['status, response_time_ms', "'healthy', 'NaN'", 'service_health_check_response_time_ms_range'],
      ['status, error', "'unhealthy', ''", 'service_health_check_error_length'],
      ['status, error', "'unhealthy', repeat('x', 1001)", 'service_health_check_error_length'],
      ['status, error', "'healthy', 'none'", 'service_health_check_error_status'],
    ]
    for (const [columns, values, constraint] of refused) {
      await t.rejects(insert(columns, values), { name: 'CheckViolationError', constraint })
    }
    await t.rejects(insert('status', "'healthy'", UNKNOWN_ID), {
      name: 'ForeignKeyViolationError',
      constraint: 'service_health_check_service_id_fkey',
    })
  })

  t.test('goes with its service', async (t) => {
    await services.recordHealthCheck(serviceId, { status: 'healthy' })
    t.equal((await services.healthChecks(serviceId)).items.length, 1)
    await services.delete(serviceId)
    t.equal((await services.healthChecks(serviceId)).items.length, 1)
    await db.query('DELETE FROM registry.service WHERE service_id = $1', [serviceId])
    t.equal((await services.healthChecks(serviceId)).items.length, 0)
  })

  t.test('keeps a score within 0 and 1 after any number of checks', async (t) => {
    const [row] = await db.query<{ least: number; most: number; perfect: number; worst: number; kept: number }>(
      `SELECT
        min(registry.next_health_score(score, checks, share, 1)) AS least,
        max(registry.next_health_score(score, checks, share, 1)) AS most,
        min(registry.next_health_score(1, checks, 1, 1)) AS perfect,
        max(registry.next_health_score(0, checks, 0, 1)) AS worst,
        max(registry.next_health_score(0.5, checks, NULL, 0)) AS kept
      FROM
        unnest(ARRAY[1, 2, 3, 10, 100, 999, 1000, 100000, 1000000000000000]::bigint[]) AS checks,
        generate_series(0, 1, 0.01) AS score,
        unnest(ARRAY[0, 1]::double precision[]) AS share`,
    )
    t.match(row, { perfect: 1, worst: 0, kept: 0.5 })
    t.ok(row !== undefined && row.least >= 0 && row.most <= 1)
  })
})
