/** Looks at one host: connects, asks for its role, and hangs up. */

import type { ServerTarget } from '../../config.js'
import type { DataAccessError } from '../../errors.js'
import { clientConfig, closeClient, hangUp, LimitedClient } from '../client.js'
import { connecting, mapError } from '../map-error.js'
import { askRole, type Role } from './role.js'

/** What a look at one host gave: its role, or why it could not be seen. */
export interface Sighting {
  readonly server: ServerTarget
  readonly role: Role | null
  readonly error: DataAccessError | null
}

const LATE = 'no answer in time'

/** Within which limits hosts are looked at. */
export interface ProbeLimits {
  /** Of one host, from the first packet to its answer, in ms. */
  readonly connectTimeoutMs: number
  readonly applicationName: string
}

/** A look that is under way. */
export interface Probe {
  readonly sighting: Promise<Sighting>
  /** Ends it at once; its host counts as one that gave no answer. */
  giveUp(): void
}

/** What counts for a host that was not waited for any longer. */
export function noAnswer(server: ServerTarget): Sighting {
  return { server, role: null, error: mapError(new Error(LATE), connecting) }
}

/** Begins to look at a host; the sighting never rejects. */
export function startProbe(server: ServerTarget, { connectTimeoutMs, applicationName }: ProbeLimits): Probe {
  let client: LimitedClient | null = null
  let end = (): void => {}
  const ended = new Promise<never>((_, reject) => {
    end = () => reject(new Error(LATE))
  })
  // The limit of connecting ends with the login; a server that stands still after it must not be waited for either.
  const timer = setTimeout(() => end(), connectTimeoutMs)
  const look = async (): Promise<Role> => {
    client = new LimitedClient(clientConfig({ server, commandTimeoutMs: null, applicationName }), {
      connectTimeoutMs,
      maxPrepared: 0,
      // What a pooler does not know must not make a host look dead.
      isPooled: true,
    })
    await client.connect()
    const role = await askRole(client.wire)
    void closeClient(client)
    client = null
    return role
  }
  const sight = async (): Promise<Sighting> => {
    try {
      return { server, role: await Promise.race([look(), ended]), error: null }
    } catch (error) {
      if (client !== null) hangUp(client)
      return { server, role: null, error: mapError(error, connecting) }
    } finally {
      clearTimeout(timer)
    }
  }
  return { sighting: sight(), giveUp: () => end() }
}
