import { resolveConfig } from '../config.js'
import { isServed } from '../embedded/served.js'
import { type HealthOptions, healthLimits } from '../engine/health/options.js'
import type { HealthReport } from '../engine/health/report.js'
import { ConnectionError } from '../errors.js'
import { withDatabase } from './connection.js'
import type { Context } from './context.js'
import { exitCodes } from './failure.js'
import { formatHealth } from './health-lines.js'
import { printJson, printLine } from './output.js'

/** So much earlier than the command's own deadline is that of the look itself, whose report says more. In ms. */
const AHEAD_MS = 20

/** Checks the database's health; exits 0 when healthy, 1 when degraded, 2 when unhealthy or not to be reached. Starts no
 *  embedded server. The deadline is for everything, connecting too. */
export async function health(
  { url, isJson }: Context,
  options: HealthOptions & { readonly project: string | null },
): Promise<void> {
  const { project, ...limits } = options
  const report = await examine(url, project, limits)
  if (isJson) printJson(report)
  else for (const line of formatHealth(report)) printLine(line)
  process.exitCode = { healthy: exitCodes.ok, degraded: exitCodes.failed, unhealthy: exitCodes.unhealthy }[
    report.status
  ]
  // Who does not answer does not say goodbye either. Called when what was printed is on its way.
  if (report.status === 'unhealthy') process.stdout.write('', () => process.exit())
}

/** Gives the report as soon as it is there: the connection is closed behind it.
 *  @throws {ConfigError} @throws {ValidationError} when an option cannot be used */
function examine(url: string | undefined, project: string | null, options: HealthOptions): Promise<HealthReport> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const { deadlineMs } = healthLimits(options)
    const { target, pool } = resolveConfig(url === undefined ? {} : { url })
    const folder = unservedFolder(target)
    if (folder !== null) {
      resolve(unhealthy(`no server is at work in ${folder}`, startedAt))
      return
    }
    const settle = (report: HealthReport): void => {
      clearTimeout(timer)
      resolve(report)
    }
    const timer = setTimeout(() => settle(unhealthy(`no answer within ${deadlineMs} ms`, startedAt)), deadlineMs)
    const connectTimeoutMs = Math.min(pool.connectTimeoutMs, deadlineMs)
    withDatabase({ url, project, connectTimeoutMs }, async (db) => {
      const leftMs = deadlineMs - AHEAD_MS - (performance.now() - startedAt)
      settle(await db.health({ ...options, deadlineMs: Math.max(1, Math.floor(leftMs)) }))
    }).catch((error: unknown) => {
      // A server that cannot be reached is a finding, not a failure of the command; a bad option stays one.
      if (error instanceof ConnectionError) settle(unhealthy(error.message, startedAt))
      clearTimeout(timer)
      reject(error)
    })
  })
}

/** Gives the folder of an embedded server that is not at work; null when it is, and for any other server. */
function unservedFolder(target: ReturnType<typeof resolveConfig>['target']): string | null {
  if (!('embeddedFolder' in target)) return null
  const { embeddedFolder: folder } = target
  return folder === 'temp' || !isServed(folder) ? folder : null
}

function unhealthy(reason: string, startedAt: number): HealthReport {
  const check = { name: 'connection', ok: false, reason, details: {} }
  const durationMs = Math.round(performance.now() - startedAt)
  return { status: 'unhealthy', checkedAt: new Date(), durationMs, checks: [check], recent: [] }
}
