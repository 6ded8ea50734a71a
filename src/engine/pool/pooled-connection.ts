/** One connection of the pool: its wire, its age, and who has it. */

import type { LimitedClient } from '../client.js'
import { sendOn } from '../connection.js'
import { sessionSql } from '../session-sql.js'
import type { Wire } from '../wire/wire.js'

/** Up to this share of its life a connection is renewed earlier, so that those opened together do not go together. */
const LIFETIME_JITTER = 0.1

export interface PooledConnection {
  readonly client: LimitedClient
  readonly wire: Wire
  /** Which `expire()` it came after. */
  readonly generation: number
  /** `performance.now()` from which on it is renewed. */
  readonly expiresAt: number
  /** Statements sent on it. */
  uses: number
  /** `performance.now()` since when nobody has it. */
  idleSince: number
  /** The query that has it, or had it last. */
  borrower: string | null
  borrowedAt: number
  /** Whether reads are let wait for locks for a short time only, as on a lane. */
  isImpatient: boolean
  /** Whether the session was changed in a way that the next borrower must not meet. */
  isDirty: boolean
  /** Whether COMMIT is on its way, which must not be cancelled. */
  isCommitting: boolean
  /** The lock timeout that it had before it was a lane. */
  ownLockTimeout: string
  /** While a cancel request may still arrive: resolves when none can any more. */
  cancelling: Promise<void> | null
}

/** Takes in a client that has just connected. */
export function pooled(client: LimitedClient, generation: number, maxLifetimeMs: number | null): PooledConnection {
  const now = performance.now()
  return {
    client,
    wire: client.wire,
    generation,
    expiresAt: maxLifetimeMs === null ? Infinity : now + maxLifetimeMs * (1 - Math.random() * LIFETIME_JITTER),
    uses: 0,
    idleSince: now,
    borrower: null,
    borrowedAt: now,
    isImpatient: false,
    isDirty: false,
    isCommitting: false,
    ownLockTimeout: '0',
    cancelling: null,
  }
}

/** How long a lane's reads wait for a lock, before they are run again elsewhere: others stand behind them. */
const setImpatience = { query: 'lane', isOutcomeAtStake: false } as const

/** Sets the lock timeout that a lane has, or takes it back. It travels with what is sent next; its answer is not waited
 *  for, and where the server refuses it, reads wait for locks as long as they may. So they do without prepared statements: a
 *  pooler in between would give what is set for the session to others. */
export function setImpatient(connection: PooledConnection, isImpatient: boolean): void {
  if (connection.isImpatient === isImpatient || connection.wire.prepared.isOff) return
  connection.isImpatient = isImpatient
  const { wire } = connection
  if (isImpatient) {
    sendOn(wire, sessionSql.shortLockTimeout, [], setImpatience).then(
      ({ rows: [row] }) => {
        connection.ownLockTimeout = String(row?.own ?? '0')
      },
      () => {},
    )
    return
  }
  sendOn(wire, sessionSql.lockTimeout, [connection.ownLockTimeout], setImpatience).catch(() => {})
}
