/** What a caller may say of a look at the health. */

import { ValidationError, type ValidationIssue } from '../../errors.js'

/** Limits of {@link Database.health}. */
export interface HealthOptions {
  /** Longest time until the report is there, in ms, 1 to 600,000. Default 5,000. */
  readonly deadlineMs?: number | undefined
  /** A transaction that is open for longer fails the check `transactions`, in ms, 1 to 604,800,000. null: none does.
   *  Default 60,000. */
  readonly longTransactionMs?: number | null | undefined
  /** A standby that is further behind fails the check `replication`, in ms, 1 to 604,800,000. null: none does.
   *  Default 30,000. */
  readonly maxReplicationLagMs?: number | null | undefined
}

/** All of them, known. */
export interface HealthLimits {
  readonly deadlineMs: number
  readonly longTransactionMs: number | null
  readonly maxReplicationLagMs: number | null
}

export const healthDefaults: HealthLimits = {
  deadlineMs: 5_000,
  longTransactionMs: 60_000,
  maxReplicationLagMs: 30_000,
}

const TEN_MINUTES_MS = 600_000
const WEEK_MS = 604_800_000

const ranges = {
  deadlineMs: { max: TEN_MINUTES_MS, mayBeNull: false },
  longTransactionMs: { max: WEEK_MS, mayBeNull: true },
  maxReplicationLagMs: { max: WEEK_MS, mayBeNull: true },
} as const satisfies Record<keyof HealthLimits, { max: number; mayBeNull: boolean }>

const names = Object.keys(ranges) as (keyof HealthLimits)[]

/** The longest time that an option may be, in ms. */
export function longestOf(name: keyof HealthLimits): number {
  return ranges[name].max
}

/** Checks options, and fills in what is not given.
 *  @throws {ValidationError} when one is out of its limits, or there is none of that name */
export function healthLimits(options: HealthOptions = {}): HealthLimits {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ValidationError('health', [{ path: 'options', message: 'must be an object' }])
  }
  const issues: ValidationIssue[] = Object.keys(options)
    .filter((path) => !(path in ranges))
    .map((path) => ({ path, message: `is no option of this call; there are ${names.join(', ')}` }))
  for (const path of names) {
    const { max, mayBeNull } = ranges[path]
    const value: unknown = options[path]
    if (value === undefined || (value === null && mayBeNull)) continue
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) continue
    issues.push({ path, message: `must be an integer from 1 to ${max}${mayBeNull ? ', or null' : ''}` })
  }
  if (issues.length > 0) throw new ValidationError('health', issues)
  const { deadlineMs, longTransactionMs, maxReplicationLagMs } = options
  return {
    deadlineMs: deadlineMs ?? healthDefaults.deadlineMs,
    // null means "none fails" and must not fall back to the default.
    longTransactionMs: longTransactionMs === undefined ? healthDefaults.longTransactionMs : longTransactionMs,
    maxReplicationLagMs: maxReplicationLagMs === undefined ? healthDefaults.maxReplicationLagMs : maxReplicationLagMs,
  }
}
