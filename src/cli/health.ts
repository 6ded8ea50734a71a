import pc from 'picocolors'
import { resolveConfig } from '../config.js'
import { isServed } from '../embedded/served.js'
import type { HealthReport } from '../engine/health.js'
import { ConnectionError } from '../errors.js'
import { withDatabase } from './connection.js'
import type { Context } from './context.js'
import { exitCodes } from './failure.js'
import { printJson, printLine } from './output.js'

/** Checks the database's health; exits 0 when healthy, 1 when degraded, 2 when unhealthy or not to be reached. Starts no
 *  embedded server. */
export async function health({ url, isJson }: Context): Promise<void> {
  const startedAt = performance.now()
  const folder = unservedFolder(url)
  const report =
    folder === null
      ? await withDatabase({ url }, (db) => db.health()).catch((error) => unreachable(error, startedAt))
      : unhealthy(`no server is at work in ${folder}`, startedAt)
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

/** Gives the folder of an embedded server that is not at work; null when it is, and for any other server. */
function unservedFolder(url: string | undefined): string | null {
  const { target } = resolveConfig(url === undefined ? {} : { url })
  if (!('embeddedFolder' in target)) return null
  const { embeddedFolder: folder } = target
  return folder === 'temp' || !isServed(folder) ? folder : null
}

/** A server that cannot be reached is a finding, not a failure of the command; a bad option stays one. */
function unreachable(error: unknown, startedAt: number): HealthReport {
  if (!(error instanceof ConnectionError)) throw error
  return unhealthy(error.message, startedAt)
}

function unhealthy(reason: string, startedAt: number): HealthReport {
  const check = { name: 'connection', ok: false, reason, details: {} }
  const durationMs = Math.round(performance.now() - startedAt)
  return { status: 'unhealthy', checkedAt: new Date(), durationMs, checks: [check] }
}
