/** One connection of the pool: its wire, its age, and who has it. */

import type { ServerTarget } from '../../config.js'
import type { LimitedClient } from '../client.js'
import { sendOn } from '../connection.js'
import type { Opened } from '../hosts/opener.js'
import { sessionSql } from '../session-sql.js'
import type { Wire } from '../wire/wire.js'
import type { Backend } from './inquiry.js'

/** Up to this share of its life a connection is renewed earlier, so that those opened together do not go together. */
const LIFETIME_JITTER = 0.1

export interface PooledConnection {
  readonly client: LimitedClient
  readonly wire: Wire
  /** The one that it is to; cancel requests go there. */
  readonly server: ServerTarget
  /** Of that server when it was opened; null where nobody has asked. */
  readonly timeline: number | null
  /** Which `expire()` it came after. */
  readonly generation: number
  /** `performance.now()` from which on it is renewed. */
  readonly expiresAt: number
  /** Which backend of which server it has; null while that is not known. */
  backend: Backend | null
  /** Whether it was not asked for that, or has answered. */
  isIntroduced: boolean
  /** `performance.now()` until when a caller of its own watches over what is in flight. */
  watchedUntil: number
  /** Statements sent on it. */
  uses: number
  /** `performance.now()` since when nobody has it. */
  idleSince: number
  /** The query that has it, or had it last. */
  borrower: string | null
  borrowedAt: number
  /** Where it was borrowed; null where that is not looked for. */
  borrowedBy: Error | null
  /** Whether reads are let wait for locks for a short time only, as on a lane. */
  isImpatient: boolean
  /** Whether the session was changed in a way that the next borrower must not meet. */
  isDirty: boolean
  /** Whether COMMIT is on its way, which must not be cancelled. */
  isCommitting: boolean
  /** The lock timeout that it had before it was a lane. */
  ownLockTimeout: string
  /** Whether it is being closed on this side. */
  isClosing: boolean
  /** While a cancel request may still arrive: resolves when none can any more. */
  cancelling: Promise<void> | null
}

/** Takes in a client that has just connected. */
export function pooled(opened: Opened, generation: number, maxLifetimeMs: number | null): PooledConnection {
  const { client, server, timeline } = opened
  const now = performance.now()
  return {
    client,
    wire: client.wire,
    server,
    timeline,
    generation,
    expiresAt: maxLifetimeMs === null ? Infinity : now + maxLifetimeMs * (1 - Math.random() * LIFETIME_JITTER),
    backend: null,
    isIntroduced: true,
    watchedUntil: 0,
    uses: 0,
    idleSince: now,
    borrower: null,
    borrowedAt: now,
    borrowedBy: null,
    isImpatient: false,
    isDirty: false,
    isCommitting: false,
    ownLockTimeout: '0',
    isClosing: false,
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
