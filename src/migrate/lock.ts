/** The lock that lets one runner migrate a database at a time: node-pg-migrate's own, so that its command waits too. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Executor } from '../engine/executor.js'
import { MigrationError } from '../errors.js'

/** How often the lock is tried. A session that waited inside the server would hold a snapshot, which CREATE INDEX
 *  CONCURRENTLY of the other runner waits for. */
const TRY_MS = 100

/** Takes the lock for the rest of the session. `timeoutMs` null: waits as long as it takes.
 *  @throws {MigrationError} when another session keeps it for longer than `timeoutMs` */
export async function takeMigrationLock(db: Pick<Executor, 'query'>, timeoutMs: number | null): Promise<void> {
  const { PG_MIGRATE_LOCK_ID: lock } = await import('node-pg-migrate')
  const deadline = timeoutMs === null ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
  while (!(await tryLock(db, lock))) {
    if (performance.now() >= deadline) {
      const holder = await describeHolder(db, lock)
      throw new MigrationError(
        `another migration of this database runs${holder}, and did not end within ${timeoutMs} ms: try again later`,
      )
    }
    await sleep(TRY_MS)
  }
}

async function tryLock(db: Pick<Executor, 'query'>, lock: number): Promise<boolean> {
  const [row] = await db.query<{ isHeld: boolean }>('SELECT pg_try_advisory_lock($1) AS is_held', [lock])
  return row?.isHeld === true
}

async function describeHolder(db: Pick<Executor, 'query'>, lock: number): Promise<string> {
  // A lock of one bigint shows as its two halves (manual, section 53.13).
  const [row] = await db.query<{ pid: number; name: string | null; connectedForMs: number | null }>(
    `SELECT
  pg_locks.pid,
  pg_stat_activity.application_name AS name,
  extract(epoch FROM clock_timestamp() - backend_start)::float8 * 1000 AS connected_for_ms
FROM pg_locks
JOIN pg_database ON pg_database.oid = pg_locks.database
LEFT JOIN pg_stat_activity ON pg_stat_activity.pid = pg_locks.pid
WHERE pg_locks.locktype = 'advisory'
  AND pg_locks.granted
  AND pg_locks.objsubid = 1
  AND pg_locks.classid::bigint << 32 | pg_locks.objid::bigint = $1
  AND pg_database.datname = current_database()`,
    [lock],
  )
  if (row === undefined) return ''
  const { pid, name, connectedForMs } = row
  // Not every role may see when another one's session began.
  const since = connectedForMs === null ? '' : `, connected for ${Math.round(connectedForMs / 1_000)} s`
  return ` (process ${pid} of the server, application_name "${name ?? ''}"${since})`
}
