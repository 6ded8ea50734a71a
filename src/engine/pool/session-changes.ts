/** What statements change beyond themselves, as far as it matters to the next borrower of their connection. */

import type { RawResult } from '../session.js'
import type { Statement } from '../statement.js'
import type { PooledConnection } from './pooled-connection.js'

/** Command tags of what outlives its transaction. */
const sessionCommands = new Set(['SET', 'RESET', 'LISTEN', 'PREPARE', 'LOAD', 'DECLARE CURSOR'])
/** Command tags after which prepared statements are gone. */
const forgettingCommands = new Set(['DEALLOCATE', 'DEALLOCATE ALL', 'DISCARD', 'DISCARD ALL'])

/** Remembers that a statement was run on a connection. */
export function noteUse(connection: PooledConnection, { mayDirty }: Statement, { command }: RawResult): void {
  connection.uses += 1
  if (mayDirty || sessionCommands.has(command)) connection.isDirty = true
  if (forgettingCommands.has(command)) connection.wire.prepared.giveUp()
}
