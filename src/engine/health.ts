/** Health: named checks, each with its own reason, within one deadline. Never throws, never hangs. */

import type { PoolStats } from './pool-stats.js'
import type { TransactionalSession } from './session.js'
import { sessionSql } from './session-sql.js'

/** One thing that was looked at. */
export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  /** What is wrong, or null. */
  readonly reason: string | null
  /** What was measured, units in the names. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>
}

/** `unhealthy`: no connection or no answer within the deadline; `degraded`: any other check failed. */
export interface HealthReport {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly checkedAt: Date
  readonly durationMs: number
  readonly checks: readonly HealthCheck[]
}

/** A check to be run: resolves with its details, or rejects with its reason. */
export interface Probe {
  readonly name: string
  run(): Promise<HealthCheck['details']>
}

/** A probe's way to fail and still show what it measured. */
export class ProbeFailure extends Error {
  readonly details: HealthCheck['details']

  constructor(reason: string, details: HealthCheck['details']) {
    super(reason)
    this.details = details
  }
}

/** Runs all probes at once. `vital` decides whether the database answers; the others only can degrade. */
export async function checkHealth(
  vital: Probe,
  others: readonly Probe[],
  { deadlineMs }: { readonly deadlineMs: number },
): Promise<HealthReport> {
  const startedAt = performance.now()
  const checkedAt = new Date()
  // The others start first: one that looks at the pool must not see the connection that `vital` asks for.
  const started = others.map((probe) => runProbe(probe, deadlineMs))
  const checks = await Promise.all([runProbe(vital, deadlineMs), ...started])
  const isAlive = checks[0]?.ok === true
  const isWell = checks.every(({ ok }) => ok)
  return {
    status: isAlive ? (isWell ? 'healthy' : 'degraded') : 'unhealthy',
    checkedAt,
    durationMs: round(performance.now() - startedAt),
    checks,
  }
}

async function runProbe(probe: Probe, deadlineMs: number): Promise<HealthCheck> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${Math.round(deadlineMs)} ms`)), deadlineMs)
  })
  try {
    return { name: probe.name, ok: true, reason: null, details: await Promise.race([probe.run(), late]) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { name: probe.name, ok: false, reason, details: error instanceof ProbeFailure ? error.details : {} }
  } finally {
    clearTimeout(timer)
  }
}

/** Asks the server for a sign of life, and for its version and role. */
export function connectionProbe(session: TransactionalSession): Probe {
  return {
    name: 'connection',
    async run() {
      const startedAt = performance.now()
      const { rows } = await session.send(sessionSql.serverState, [])
      const latencyMs = round(performance.now() - startedAt)
      const [state] = rows
      return {
        latencyMs,
        serverVersion: String(state?.serverVersion),
        role: state?.isInRecovery ? 'standby' : 'primary',
      }
    },
  }
}

/** Fails when callers wait for connections. Costs no query, so it sees the pool as it was when health was asked. */
export function poolProbe(stats: () => PoolStats): Probe {
  return {
    name: 'pool',
    async run() {
      const { max, open, idle, borrowed, waiting } = stats()
      const details = { max, open, idle, borrowed, waiting }
      if (waiting > 0) throw new ProbeFailure(`${waiting} calls wait for a connection`, details)
      return details
    },
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
