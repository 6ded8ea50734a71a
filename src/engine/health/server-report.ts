/** What the server tells of itself, in one row. */

import { gatherRaw } from '../binding.js'
import type { Session } from '../session.js'
import { sessionSql } from '../session-sql.js'
import type { HealthLimits } from './options.js'

/** The row of `sessionSql.serverReport`. Times in ms, connections in numbers. */
export interface ServerReport {
  /** Whether the role sees what the sessions of others do. */
  readonly hasFullView: boolean
  readonly maxConnections: number
  /** Of those, kept for superusers and for members of pg_use_reserved_connections. */
  readonly reservedConnections: number
  readonly used: number
  /** Of the role in this database, under our application's name. */
  readonly ours: number
  /** Null where there is none, or the role is a superuser, whom none binds. */
  readonly roleLimit: number | null
  readonly roleUsed: number
  readonly databaseLimit: number | null
  readonly databaseUsed: number
  /** Transactions that are open for too long, and those of them that wait for their client. */
  readonly longTransactions: number
  readonly longIdle: number
  readonly oldestMs: number | null
  readonly oldestPid: number | null
  readonly oldestState: string | null
  readonly oldestApplication: string | null
  /** The name with which ashlar begins its statements; null for those of others. */
  readonly oldestQuery: string | null
  readonly longPrepared: number
  readonly oldestPreparedMs: number | null
  readonly isInRecovery: boolean
  readonly standbys: number
  /** Standbys for which a COMMIT waits. */
  readonly synchronousStandbys: number
  readonly synchronousStandbyNames: string
  readonly synchronousCommit: string
  /** Of the standby that is furthest behind. */
  readonly standbyLagMs: number | null
  readonly standbyLagBytes: number | null
  /** The rest is of a standby itself. */
  readonly isStreaming: boolean
  readonly isReplayPaused: boolean | null
  readonly lagMs: number | null
  readonly lagBytes: number | null
}

/** Has the server report on itself.
 *  @throws {DataAccessError} when it does not */
export async function serverReport(session: Session, { longTransactionMs }: HealthLimits): Promise<ServerReport> {
  const values = gatherRaw([longTransactionMs === null ? null : String(longTransactionMs)])
  const { rows } = await session.send(sessionSql.serverReport, values)
  return rows[0] as unknown as ServerReport
}
