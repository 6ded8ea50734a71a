/** Of what was seen, the server to connect to. */

import type { ServerTarget } from '../../config.js'
import { ConnectionError, type DataAccessError } from '../../errors.js'
import type { TargetSessionAttrs } from '../../session-attrs.js'
import type { Sighting } from './probe.js'
import { describeRole, fitness, type Role } from './role.js'

/** The server that was found, and what it was then. */
export interface Found {
  readonly server: ServerTarget
  readonly role: Role
}

/** Gives the fittest server; of those the one on the highest timeline; of those `known`; of those the first. null when none
 *  fits. A primary on a timeline older than that of `known` does for `any` alone: it was replaced, and its writes are lost. */
export function choose(sightings: readonly Sighting[], attrs: TargetSessionAttrs, known: Found | null): Found | null {
  let best: Found | null = null
  for (const { server, role } of sightings) {
    if (role === null || fitness(role, attrs) === 0 || (attrs !== 'any' && isOutdated(role, known))) continue
    if (best === null || isBetter({ server, role }, best, attrs, known)) best = { server, role }
  }
  return best
}

/** Tells whether a primary was replaced by the one that is known. Servers that do not come from one another have timelines
 *  that cannot be compared: all begin with 1. */
export function isOutdated({ timeline, systemId }: Role, known: Found | null): boolean {
  const knownTimeline = known?.role.timeline ?? null
  return timeline !== null && knownTimeline !== null && timeline < knownTimeline && systemId === known?.role.systemId
}

function isBetter(one: Found, other: Found, attrs: TargetSessionAttrs, known: Found | null): boolean {
  const byFitness = fitness(one.role, attrs) - fitness(other.role, attrs)
  if (byFitness !== 0) return byFitness > 0
  const byTimeline = (one.role.timeline ?? 0) - (other.role.timeline ?? 0)
  if (byTimeline !== 0) return byTimeline > 0
  return one.server === known?.server
}

/** What a caller gets when no host is what was asked for. */
export function noneFits(
  sightings: readonly Sighting[],
  attrs: TargetSessionAttrs,
  known: Found | null,
): DataAccessError {
  const [only] = sightings
  if (sightings.length === 1 && only !== undefined && only.error !== null) return only.error
  const hosts = sightings.map(({ server: { host, port }, role, error }) => {
    const what = role === null ? withoutPurpose(error) : whyNot(role, known)
    return `${host} port ${port}: ${what}`
  })
  const cause = sightings.find(({ error }) => error !== null)?.error
  const [first] = hosts
  const message = hosts.length === 1 ? first : `none of ${hosts.length} hosts can be used: ${hosts.join('; ')}`
  return new ConnectionError(`connect: ${message} (target_session_attrs is ${attrs})`, { cause })
}

function whyNot(role: Role, known: Found | null): string {
  if (!isOutdated(role, known)) return describeRole(role)
  return `an old primary, on timeline ${role.timeline}, where ${known?.role.timeline} was seen`
}

/** The message of each host stands in one that says already what it was for. */
function withoutPurpose(error: Error | null): string {
  return error?.message.replace(/^connect: /, '') ?? 'not seen'
}
