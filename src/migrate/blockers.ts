/** Who stands in a migration's way: seen from a second connection, while the first one waits. */

import type { ServerTarget } from '../config.js'
import { openLoneSession } from '../engine/lone-session.js'

/** A session that holds what a migration waits for. */
export interface LockHolder {
  readonly pid: number
  readonly applicationName: string
  /** As in pg_stat_activity; null where the role may not see it. */
  readonly state: string | null
  /** For how long its transaction is open, in ms; null where the role may not see it. */
  readonly openForMs: number | null
}

/** How often it looks, in ms. */
const LOOK_MS = 20

const BLOCKERS = `SELECT
  pid,
  coalesce(nullif(application_name, ''), backend_type, '') AS application_name,
  state,
  round(extract(epoch FROM clock_timestamp() - xact_start) * 1000)::float8 AS open_for_ms
FROM pg_stat_activity
WHERE pid = ANY(pg_blocking_pids($1))
ORDER BY
  xact_start,
  pid`

/** Looks who blocks one session until it is closed. */
export interface BlockerWatch {
  /** Those that were seen last. */
  readonly holders: readonly LockHolder[]
  close(): Promise<void>
}

/** Begins to look; where no second connection is to be had, it sees nobody. */
export async function watchBlockers(
  server: ServerTarget,
  pid: number,
  connectTimeoutMs: number,
): Promise<BlockerWatch> {
  const limits = { connectTimeoutMs, commandTimeoutMs: connectTimeoutMs, applicationName: 'ashlar migrate (watch)' }
  const session = await openLoneSession(server, limits).catch(() => null)
  let holders: readonly LockHolder[] = []
  if (session === null) return { holders, close: async () => {} }
  let isLooking = false
  const timer = setInterval(async () => {
    if (isLooking) return
    isLooking = true
    try {
      const seen = await session.query<LockHolder>(BLOCKERS, [pid])
      if (seen.length > 0) holders = seen
    } catch {
      clearInterval(timer)
    }
    isLooking = false
  }, LOOK_MS)
  return {
    get holders() {
      return holders
    },
    async close() {
      clearInterval(timer)
      await session.close()
    },
  }
}

/** Describes holders in a message. What they run is not shown: it may hold values. */
export function describeHolders(holders: readonly LockHolder[]): string {
  if (holders.length === 0) return 'another session'
  return holders
    .map(({ pid, applicationName, state, openForMs }) => {
      const open = openForMs === null ? [] : [`in a transaction for ${Math.round(openForMs / 1_000)} s`]
      return [
        `process ${pid} of the server`,
        `application_name "${applicationName}"`,
        ...(state === null ? [] : [state]),
        ...open,
      ].join(', ')
    })
    .join('; ')
}
