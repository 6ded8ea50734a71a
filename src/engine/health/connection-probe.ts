import type { PoolStats } from '../pool-stats.js'
import type { Session } from '../session.js'
import { sessionSql } from '../session-sql.js'
import type { Finding } from './report.js'
import { rounded } from './rounded.js'

/** Asks the server for a sign of life, and for its version and role. `startedAt`: when the connection was asked for.
 *  @throws {DataAccessError} when there is no answer */
export async function probeConnection(session: Session, startedAt: number): Promise<Finding> {
  const { rows } = await session.send(sessionSql.serverState, [])
  const [state] = rows
  return {
    reason: null,
    details: {
      latencyMs: rounded(performance.now() - startedAt),
      serverVersion: String(state?.serverVersion),
      role: state?.isInRecovery ? 'standby' : 'primary',
    },
  }
}

/** Says why there is no answer: nobody gave a connection back, or the server says nothing. */
export function whyLate(
  pool: PoolStats,
  { deadlineMs, hadConnection }: { deadlineMs: number; hadConnection: boolean },
) {
  const { max, maxBorrowed, borrowed, longestHeldMs } = pool
  if (hadConnection || borrowed < maxBorrowed) return `no answer within ${deadlineMs} ms`
  const kept = maxBorrowed < max ? `, ${max - maxBorrowed} kept for shared reads` : ''
  return `no connection became free within ${deadlineMs} ms: ${borrowed} of ${max} borrowed${kept}, the longest for ${longestHeldMs ?? 0} ms`
}
