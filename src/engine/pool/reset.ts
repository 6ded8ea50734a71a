/** Makes a connection clean for the next borrower; what is clean already costs nothing. */

import { sendOn } from '../connection.js'
import type { ConnectionHook } from '../pool-hooks.js'
import { resetSql, sessionSql } from '../session-sql.js'
import { runHook } from './hooks.js'
import type { PooledConnection } from './pooled-connection.js'

const context = { query: 'reset', isOutcomeAtStake: false } as const

/** Gives whether the connection may be used again. Waits until no cancel request can reach it any more, rolls back what
 *  was not committed, and takes back what was set for the session. */
export async function reset(connection: PooledConnection, onConnect: ConnectionHook | null): Promise<boolean> {
  const { wire } = connection
  try {
    if (connection.cancelling !== null) {
      await connection.cancelling
      connection.cancelling = null
    }
    if (wire.status !== 'I') await sendOn(wire, sessionSql.rollback, [], context)
    if (connection.isDirty) {
      await Promise.all(resetSql.map((statement) => sendOn(wire, statement, [], context)))
      connection.isDirty = false
      // What the hook has set was taken back too.
      if (onConnect !== null) await runHook(onConnect, 'onConnect', connection)
    }
    return !wire.isLost && wire.status === 'I'
  } catch {
    return false
  }
}

/** Tells whether a connection can go to the next borrower as it is. */
export function isClean({ wire, isDirty, cancelling }: PooledConnection): boolean {
  return !wire.isLost && wire.status === 'I' && !isDirty && cancelling === null
}
