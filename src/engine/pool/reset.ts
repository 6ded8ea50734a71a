/** Makes a connection clean for the next borrower; what is clean already costs nothing. */

import { sendOn } from '../connection.js'
import type { ConnectionHook } from '../pool-hooks.js'
import { resetSql, sessionSql } from '../session-sql.js'
import type { Wire } from '../wire/wire.js'
import { runHook } from './hooks.js'
import type { PooledConnection } from './pooled-connection.js'

/** How long the server may take to roll back and to forget, in ms. A connection that cannot do it keeps its place from those
 *  who wait; it is cut then, and the server does the same for itself. */
const RESET_MS = 2_000

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
    await inTime(wire, async () => {
      if (wire.status !== 'I') await sendOn(wire, sessionSql.rollback, [], context)
      if (connection.isDirty) await Promise.all(resetSql.map((statement) => sendOn(wire, statement, [], context)))
    })
    if (connection.isDirty) {
      connection.isDirty = false
      // What the hook has set was taken back too.
      if (onConnect !== null) await runHook(onConnect, 'onConnect', connection)
    }
    return !wire.isLost && wire.status === 'I'
  } catch {
    return false
  }
}

async function inTime(wire: Wire, work: () => Promise<void>): Promise<void> {
  const timer = setTimeout(() => setImmediate(() => isDone || wire.destroy()), RESET_MS)
  let isDone = false
  try {
    await work()
  } finally {
    isDone = true
    clearTimeout(timer)
  }
}

/** Tells whether a connection can go to the next borrower as it is. */
export function isClean({ wire, isDirty, cancelling }: PooledConnection): boolean {
  return !wire.isLost && wire.status === 'I' && !isDirty && cancelling === null
}
