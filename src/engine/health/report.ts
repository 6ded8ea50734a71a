/** What health tells: named checks, each with its own reason. */

import type { EngineEvent } from '../monitor/event.js'

/** One thing that was looked at: `connection`, `pool`, `budget`, `transactions`, `replication`, `migrations`. */
export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  /** What is wrong, or null. */
  readonly reason: string | null
  /** What was measured, units in the names. `view` is `limited` where the role lacks pg_read_all_stats, which pg_monitor
   *  has: of the sessions of others it then sees only that they are there. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>
}

/** `unhealthy`: no connection or no answer within the deadline; `degraded`: any other check failed. */
export interface HealthReport {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly checkedAt: Date
  readonly durationMs: number
  readonly checks: readonly HealthCheck[]
  /** The last things that happened to the pool, the newest last, at most 20, of which each type of event has its share; empty
   *  when it is healthy. */
  readonly recent: readonly EngineEvent[]
}

/** What one look has found; `reason` is null where all is well. */
export type Finding = Pick<HealthCheck, 'reason' | 'details'>
