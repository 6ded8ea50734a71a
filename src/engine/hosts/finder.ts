/** Finds the server to connect to among several hosts, remembers it, and finds it anew when it is in doubt. */

import type { ServerConfig } from '../../config.js'
import { type DataAccessError, PoolClosedError } from '../../errors.js'
import { choose, type Found, isOutdated, noneFits } from './choose.js'
import type { Sighting } from './probe.js'
import type { Role } from './role.js'
import { lookAtAll } from './round.js'

/** After a round that found nothing the next begins this much later, in ms: who asks at once again waits so long. */
const PAUSE_MS = 50

/** Of a server that nobody has asked. */
const unknownRole: Role = { isStandby: false, isReadOnly: false, timeline: null, systemId: null }

/** What {@link Finder} needs to know. */
export type FinderConfig = Pick<ServerConfig, 'servers' | 'targetSessionAttrs' | 'applicationName'> & {
  readonly pool: Pick<ServerConfig['pool'], 'connectTimeoutMs'>
}

interface FinderOptions {
  /** Called when another server has taken over, or the same one was promoted again. `silent`: those that gave no answer. */
  readonly onMoved: (found: Found, silent: readonly Sighting[]) => void
  /** Called when no host is what is asked for. */
  readonly onNone: (sightings: readonly Sighting[]) => void
}

export class Finder {
  readonly #config: FinderConfig
  readonly #options: FinderOptions
  #known: Found | null
  #round: Promise<Found> | null = null
  #giveUp = (): void => {}
  /** `performance.now()` when the last round ended that found nothing. */
  #noneAt = -Infinity
  /** Counts up with every reason to look again: one that comes during a round is not settled by it. */
  #doubts = 1
  #settledDoubts = 0
  #isClosed = false

  constructor(config: FinderConfig, options: FinderOptions) {
    const { servers, targetSessionAttrs } = config
    this.#config = config
    this.#options = options
    const [first] = servers
    const needsNoLook = targetSessionAttrs === 'any' && first !== undefined
    this.#known = needsNoLook ? { server: first, role: unknownRole } : null
    if (needsNoLook) this.#doubts = 0
  }

  /** The server that was found last; null before the first. */
  get known(): Found | null {
    return this.#known
  }

  /** Gives the server to connect to: the one that is known, unless that is in doubt.
   *  @throws {ConnectionError} when no host is what is asked for */
  async find(): Promise<Found> {
    if (this.#known !== null && this.#doubts === this.#settledDoubts) return this.#known
    return this.#join()
  }

  /** From now on the server that is known may be another, or gone: the next to ask waits for a new look. */
  doubt(): void {
    this.#doubts += 1
  }

  /** Looks at all hosts now, whether or not there is a doubt. Never rejects. */
  async look(): Promise<void> {
    await this.#join().catch(() => {})
  }

  /** Notes what a server was that somebody has just connected to.
   *  @throws {ConnectionError} when that is not the one that is known, or was replaced */
  note(found: Found): void {
    const { server, role } = found
    if (this.#known?.server !== server || isOutdated(role, this.#known)) {
      throw this.#noneFits([{ server, role, error: null }])
    }
    this.#take(found, [])
  }

  /** Gives up a round that is under way, and begins no other. */
  close(): void {
    this.#isClosed = true
    this.#giveUp()
  }

  #join(): Promise<Found> {
    // One at a time, for all who wait.
    this.#round ??= this.#look().finally(() => {
      this.#round = null
    })
    return this.#round
  }

  async #look(): Promise<Found> {
    const { servers, targetSessionAttrs, applicationName, pool } = this.#config
    const { connectTimeoutMs } = pool
    const pauseMs = this.#noneAt + PAUSE_MS - performance.now()
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    if (this.#isClosed) throw new PoolClosedError()
    const doubts = this.#doubts
    const sightings = await lookAtAll(servers, targetSessionAttrs, { connectTimeoutMs, applicationName }, (giveUp) => {
      this.#giveUp = giveUp
    })
    const found = choose(sightings, targetSessionAttrs, this.#known)
    if (found === null) {
      this.#noneAt = performance.now()
      this.#options.onNone(sightings)
      throw this.#noneFits(sightings)
    }
    this.#settledDoubts = doubts
    this.#take(found, sightings)
    return found
  }

  #take(found: Found, sightings: readonly Sighting[]): void {
    const before = this.#known
    this.#known = found
    if (before === null || isSame(before, found)) return
    this.#options.onMoved(
      found,
      sightings.filter(({ role }) => role === null),
    )
  }

  #noneFits(sightings: readonly Sighting[]): DataAccessError {
    return noneFits(sightings, this.#config.targetSessionAttrs, this.#known)
  }
}

function isSame(before: Found, { server, role }: Found): boolean {
  const { timeline, systemId } = before.role
  return before.server === server && (timeline === null || (timeline === role.timeline && systemId === role.systemId))
}
