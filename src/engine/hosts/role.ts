/** What a server is: primary or standby, and on which timeline. */

import type { TargetSessionAttrs } from '../../session-attrs.js'
import { sendOn } from '../connection.js'
import { sessionSql } from '../session-sql.js'
import type { Wire } from '../wire/wire.js'

/** What a server was when it was asked. */
export interface Role {
  readonly isStandby: boolean
  /** Whether a session takes no writes unless it says so itself. A standby never does. */
  readonly isReadOnly: boolean
  /** Of a primary: each promotion begins a new one, with the next higher number. */
  readonly timeline: number | null
  /** The same of a primary, its standbys and all that they become; null where the role may not see it. */
  readonly systemId: string | null
}

const asking = { query: 'server role', isOutcomeAtStake: false, isConnecting: true } as const

/** Asks the server at the other end of a wire. Reports at login would do for its role, but not before PostgreSQL 14, not
 *  behind every pooler, and not for its timeline.
 *  @throws {ConnectionError} when it does not tell */
export async function askRole(wire: Wire): Promise<Role> {
  const [{ rows }, systemId] = await Promise.all([sendOn(wire, sessionSql.serverRole, [], asking), askSystemId(wire)])
  const [row = {}] = rows
  const { timeline } = row
  return {
    isStandby: row.isStandby === true,
    isReadOnly: row.isReadOnly === true,
    timeline: typeof timeline === 'string' ? Number.parseInt(timeline, 16) : null,
    systemId,
  }
}

/** null where the role may not see it. */
async function askSystemId(wire: Wire): Promise<string | null> {
  try {
    const { rows } = await sendOn(wire, sessionSql.systemId, [], asking)
    return String(rows[0]?.id)
  } catch {
    return null
  }
}

/** How well a server serves: 0 is not at all. */
export function fitness({ isStandby, isReadOnly }: Role, attrs: TargetSessionAttrs): 0 | 1 | 2 {
  switch (attrs) {
    case 'any':
      return 2
    case 'read-write':
      return isReadOnly ? 0 : 2
    case 'read-only':
      return isReadOnly ? 2 : 0
    case 'primary':
      return isStandby ? 0 : 2
    case 'standby':
      return isStandby ? 2 : 0
    case 'prefer-standby':
      return isStandby ? 2 : 1
  }
}

/** Names a role, for errors. */
export function describeRole({ isStandby, isReadOnly }: Role): string {
  if (isStandby) return 'a standby'
  return isReadOnly ? 'a primary that takes no writes' : 'a primary'
}
