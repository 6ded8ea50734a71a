/** Health: named checks, each with its own reason, within one deadline. Never hangs, and throws only for wrong options. */

import { Examination, type Patient } from './examination.js'
import { type HealthOptions, healthLimits } from './options.js'
import { probePool } from './pool-probe.js'
import type { HealthReport } from './report.js'
import { rounded } from './rounded.js'

/** Events that a report shows. */
const SHOWN_EVENTS = 20

/** Looks at everything within a deadline. One connection is borrowed, and what is under way on it when time is up is stopped:
 *  nothing of it stays.
 *  @throws {ValidationError} when an option is not what it must be */
export async function checkHealth(patient: Patient, options?: HealthOptions): Promise<HealthReport> {
  const limits = healthLimits(options)
  const { pool, probes } = patient
  const startedAt = performance.now()
  const checkedAt = new Date()
  const examination = new Examination(patient, limits)
  // Before anything asks for a connection: the check of the pool must not see its own.
  examination.note('pool', probePool(pool.stats(), pool.longestHolder()))
  const why = await examination.run(startedAt)
  const names = ['connection', 'pool', 'budget', 'transactions', 'replication', ...probes.map(({ name }) => name)]
  const checks = names.map((name) => examination.checkOf(name, why))
  const isAlive = checks[0]?.ok === true
  const status = isAlive ? (checks.every(({ ok }) => ok) ? 'healthy' : 'degraded') : 'unhealthy'
  return {
    status,
    checkedAt,
    durationMs: rounded(performance.now() - startedAt),
    checks,
    recent: status === 'healthy' ? [] : pool.monitor.events.recent(SHOWN_EVENTS),
  }
}
