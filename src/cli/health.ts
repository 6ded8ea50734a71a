import pc from 'picocolors'
import type { HealthReport } from '../engine/health.js'
import { ConnectionError } from '../errors.js'
import { withDatabase } from './connection.js'
import type { Context } from './context.js'
import { exitCodes } from './failure.js'
import { printJson, printLine } from './output.js'

/** Checks the database's health; exits 0 when healthy, 1 when degraded, 2 when unhealthy or not to be reached. */
export async function health({ url, isJson }: Context): Promise<void> {
  const startedAt = performance.now()
  const report = await withDatabase({ url }, (db) => db.health()).catch((error) => unreachable(error, startedAt))
  if (isJson) printJson(report)
  else for (const line of formatHealth(report)) printLine(line)
  process.exitCode = { healthy: exitCodes.ok, degraded: exitCodes.failed, unhealthy: exitCodes.unhealthy }[
    report.status
  ]
}

/** Writes a report as lines: the verdict, then each check. */
export function formatHealth(report: HealthReport): string[] {
  const color = { healthy: pc.green, degraded: pc.yellow, unhealthy: pc.red }[report.status]
  const checks = report.checks.map(({ name, ok, reason, details }) => {
    const facts = Object.entries(details).map(([key, value]) => `${key} ${value}`)
    return `  ${ok ? pc.green('ok  ') : pc.red('FAIL')} ${name.padEnd(12)} ${[reason, ...facts].filter(Boolean).join(', ')}`
  })
  return [`${color(report.status)} (checked in ${report.durationMs} ms)`, ...checks]
}

/** A server that cannot be reached is a finding, not a failure of the command; a bad option stays one. */
function unreachable(error: unknown, startedAt: number): HealthReport {
  if (!(error instanceof ConnectionError)) throw error
  const check = { name: 'connection', ok: false, reason: error.message, details: {} }
  const durationMs = Math.round(performance.now() - startedAt)
  return { status: 'unhealthy', checkedAt: new Date(), durationMs, checks: [check] }
}
