/** Step `version`: whether ashlar knows this server, and whether it takes writes. */

import type { Executor } from '../engine/executor.js'
import { checkSql } from './check-sql.js'
import { type Finding, StepFailure } from './step.js'

/** Major versions of PostgreSQL that ashlar is tested with. */
const supported = { from: 15, to: 18 } as const

interface ServerRow {
  readonly serverVersion: string
  readonly versionNumber: number
  readonly isStandby: boolean
}

/** Asks for the server's version. What is newer than ashlar, and a standby, is a warning.
 *  @throws {StepFailure} when the server is too old */
export async function checkVersion(db: Pick<Executor, 'query'>): Promise<Finding<'ok' | 'warning'>> {
  const startedAt = performance.now()
  const [row] = await db.query<ServerRow>(checkSql.server)
  const { serverVersion = '', versionNumber = 0, isStandby = false } = row ?? {}
  const latencyMs = Math.round((performance.now() - startedAt) * 10) / 10
  return judgeVersion(versionNumber, { server: serverVersion, latencyMs, isStandby })
}

/** Judges a version as `server_version_num` has it (180004: 18.4).
 *  @throws {StepFailure} when it is too old */
export function judgeVersion(
  versionNumber: number,
  details: { readonly server: string; readonly latencyMs: number; readonly isStandby: boolean },
): Finding<'ok' | 'warning'> {
  const major = Math.floor(versionNumber / 10_000)
  const { from, to } = supported
  if (major < from) {
    throw new StepFailure(
      `PostgreSQL ${details.server} is too old: ashlar needs ${from} to ${to}`,
      `upgrade the server (pg_upgrade, or the hoster's console) to ${from} or later`,
      details,
    )
  }
  if (details.isStandby) {
    return {
      outcome: 'warning',
      details,
      reason: 'the server is a standby: it takes no writes',
      advice: 'connect to the primary',
    }
  }
  if (major <= to) return { outcome: 'ok', details }
  return {
    outcome: 'warning',
    details,
    reason: `ashlar is not tested with PostgreSQL ${major}, only with ${from} to ${to}`,
    advice: 'look for a newer version of ashlar',
  }
}
