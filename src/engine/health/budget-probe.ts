import type { PoolStats } from '../pool-stats.js'
import type { Finding } from './report.js'
import type { ServerReport } from './server-report.js'

/** A limit to the number of connections. */
interface Bound {
  readonly whose: string
  readonly limit: number
  readonly used: number
}

/** Fails when the server, the role or the database has no room for all the connections that the pool may open.
 *  `isPooled`: behind a pooler, which has limits of its own, nothing is judged. */
export function probeBudget(report: ServerReport, { max, open }: PoolStats, isPooled: boolean): Finding {
  const { maxConnections, reservedConnections, used, ours, roleLimit, roleUsed, databaseLimit, databaseUsed } = report
  const limit = maxConnections - reservedConnections
  const bounds: readonly Bound[] = [
    { whose: 'the server', limit, used },
    ...(roleLimit === null ? [] : [{ whose: 'the role', limit: roleLimit, used: roleUsed }]),
    ...(databaseLimit === null ? [] : [{ whose: 'the database', limit: databaseLimit, used: databaseUsed }]),
  ]
  const reasons = isPooled ? [] : bounds.map((bound) => shortage(bound, max, open)).filter((reason) => reason !== null)
  return {
    reason: reasons.length === 0 ? null : reasons.join('; '),
    details: {
      max,
      open,
      free: Math.min(...bounds.map(freeOf)),
      ours,
      limit,
      used,
      roleLimit,
      roleUsed,
      databaseLimit,
      databaseUsed,
      isPooled,
    },
  }
}

function freeOf({ limit, used }: Bound): number {
  return Math.max(0, limit - used)
}

function shortage(bound: Bound, max: number, open: number): string | null {
  const { whose, limit } = bound
  if (max > limit) return `pool.max is ${max}, and ${whose} may have ${limit} connections`
  const free = freeOf(bound)
  const wanted = max - open
  return free < wanted ? `${whose} has ${free} free connections, and the pool may open ${wanted} more` : null
}
