import type { HealthLimits } from './options.js'
import type { Finding } from './report.js'
import { whole } from './rounded.js'
import type { ServerReport } from './server-report.js'

/** Settings of synchronous_commit with which no COMMIT waits for a standby. */
const LOCAL = ['off', 'local']

/** Fails when a standby is too far behind, and when a COMMIT would wait for synchronous standbys that are not there. */
export function probeReplication(report: ServerReport, limits: HealthLimits): Finding {
  return report.isInRecovery ? ofStandby(report, limits) : ofPrimary(report, limits)
}

/** Tells whether a standby looks too late. Right after a pause of the primary it can seem so for a moment, when a new
 *  change has been received and the last one replayed is old: it is worth a second look. */
export function seemsLate(report: ServerReport, { maxReplicationLagMs }: HealthLimits): boolean {
  const { isInRecovery, isStreaming, lagMs } = report
  return isInRecovery && isStreaming && maxReplicationLagMs !== null && (lagMs ?? 0) > maxReplicationLagMs
}

function ofPrimary(report: ServerReport, { maxReplicationLagMs }: HealthLimits): Finding {
  const { standbys, synchronousStandbys, hasFullView, standbyLagBytes } = report
  const required = LOCAL.includes(report.synchronousCommit) ? 0 : requiredStandbys(report.synchronousStandbyNames)
  const lagMs = whole(report.standbyLagMs)
  // Which of them are synchronous is not shown to everybody.
  const attached = hasFullView ? synchronousStandbys : standbys
  const reasons = [
    attached < required
      ? `${attached} of ${required} synchronous standbys attached: each COMMIT waits for those that are missing`
      : '',
    isOver(lagMs, maxReplicationLagMs) ? `a standby is ${lagMs} ms behind` : '',
  ]
  return finding(reasons, {
    role: 'primary',
    standbys,
    synchronousStandbys: hasFullView ? synchronousStandbys : null,
    requiredStandbys: required,
    lagMs,
    lagBytes: standbyLagBytes,
    maxReplicationLagMs,
    view: hasFullView ? 'full' : 'limited',
  })
}

function ofStandby(report: ServerReport, { maxReplicationLagMs }: HealthLimits): Finding {
  const { isStreaming, isReplayPaused, lagBytes, hasFullView } = report
  const lagMs = whole(report.lagMs)
  const behind = isStreaming
    ? `${lagMs} ms behind its primary`
    : `streams from no primary, and has replayed nothing for ${lagMs} ms`
  const paused = isReplayPaused === true ? '; its replay is paused' : ''
  return finding([isOver(lagMs, maxReplicationLagMs) ? `${behind}${paused}` : ''], {
    role: 'standby',
    isStreaming,
    isReplayPaused,
    lagMs,
    lagBytes,
    maxReplicationLagMs,
    view: hasFullView ? 'full' : 'limited',
  })
}

function finding(reasons: readonly string[], details: Finding['details']): Finding {
  const given = reasons.filter((reason) => reason !== '')
  return { reason: given.length === 0 ? null : given.join('; '), details }
}

function isOver(ms: number | null, limitMs: number | null): boolean {
  return ms !== null && limitMs !== null && ms > limitMs
}

/** How many standbys a COMMIT waits for (PostgreSQL manual, synchronous_standby_names): `FIRST 2 (a, b)`, `ANY 1 (*)`,
 *  `2 (a, b)`, or names alone, which is one. */
function requiredStandbys(names: string): number {
  if (names.trim() === '') return 0
  const counted = /^\s*(?:(?:first|any)\s+)?(\d+)\s*\(/i.exec(names)
  return counted === null ? 1 : Number(counted[1])
}
