import type { ConnectionHolder } from '../../errors.js'
import type { PoolStats } from '../pool-stats.js'
import type { Finding } from './report.js'

/** Fails when callers wait for connections, but for as many as are being opened: without a pool each call waits for one.
 *  Costs no query, so it sees the pool as it was when health was asked. */
export function probePool(pool: PoolStats, longestHolder: ConnectionHolder | null): Finding {
  const { max, open, opening, idle, borrowed, lanes, waiting, longestWaitMs, longestHeldMs } = pool
  const query = longestHolder?.query ?? null
  return {
    reason:
      waiting > opening ? `${waiting} calls wait for a connection, the longest for ${longestWaitMs ?? 0} ms` : null,
    details: { max, open, opening, idle, borrowed, lanes, waiting, longestWaitMs, longestHeldMs, longestHeldBy: query },
  }
}
