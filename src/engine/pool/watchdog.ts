/** Finds connections whose network is dead: on which calls wait, and nothing arrives. */

import type { ServerConfig } from '../../config.js'
import { hangUp, type LimitedClient } from '../client.js'
import type { Wire } from '../wire/wire.js'
import { inquire, type Verdict } from './inquiry.js'
import type { PooledConnection } from './pooled-connection.js'

/** It looks so many times within the limit. */
const LOOKS = 4
/** A network that takes less has no place here: what is still on its way gets time to arrive. */
const BYTES_PER_MS = 1_000
/** More than a system holds back of one connection. */
const MAX_BYTES_ON_WAY = 4_194_304

interface WatchdogOptions {
  readonly config: ServerConfig
  /** `pool.watchdogMs`. */
  readonly limitMs: number
  /** All connections on which something may be in flight. */
  readonly connections: () => Iterable<PooledConnection>
  /** Whether something may be sent without another {@link Watchdog.wake}. */
  readonly isInUse: () => boolean
  /** Told of a connection just before it is cut. */
  readonly onSilent: (connection: PooledConnection, silentMs: number) => void
  /** Told behind it, once for all that were cut. */
  readonly onCut: () => void
}

/** A connection on which calls wait, as it was when it last gave a sign of life. */
interface Watched {
  readonly arrivals: number
  readonly unsent: number
  readonly since: number
  /** Counted in looks and not by the clock: a process that was stopped has heard nothing because it did not listen. */
  silentMs: number
  /** The server is asked from then on. */
  askAtMs: number
}

/** Its timer runs only while the pool is used, and no call sets one. */
export class Watchdog {
  readonly #options: WatchdogOptions
  readonly #everyMs: number
  #watched = new Map<PooledConnection, Watched>()
  #timer: NodeJS.Timeout | null = null
  #isAwake = false
  #isStopped = false
  #isAsking = false
  /** What asks the servers. */
  readonly #clients = new Set<LimitedClient>()

  constructor(options: WatchdogOptions) {
    this.#options = options
    this.#everyMs = options.limitMs / LOOKS
  }

  /** Something is about to be sent. */
  wake(): void {
    if (this.#isAwake || this.#isStopped) return
    this.#isAwake = true
    this.#lookLater()
  }

  /** Looks no more. */
  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const client of this.#clients) hangUp(client)
  }

  #lookLater(): void {
    // Behind the reading of sockets: after a pause of this process, answers are waiting there.
    this.#timer = setTimeout(() => setImmediate(() => this.#look()), this.#everyMs)
    this.#timer.unref()
  }

  #look(): void {
    if (this.#isStopped) return
    const now = performance.now()
    const before = this.#watched
    this.#watched = new Map()
    for (const connection of this.#options.connections()) {
      const { wire } = connection
      if (wire.isLost || !wire.isWaiting) continue
      const known = before.get(connection)
      if (known === undefined || !isSilent(wire, known)) {
        const { arrivals, unsent } = wire
        const askAtMs =
          this.#options.limitMs + Math.floor(Math.min(wire.bytesInFlight, MAX_BYTES_ON_WAY) / BYTES_PER_MS)
        this.#watched.set(connection, { arrivals, unsent, since: now, silentMs: 0, askAtMs })
      } else {
        known.silentMs += this.#everyMs
        this.#watched.set(connection, known)
      }
    }
    if (!this.#isAsking && [...this.#watched.values()].some(isDue)) void this.#ask()
    this.#isAwake = this.#watched.size > 0 || this.#options.isInUse()
    if (this.#isAwake) this.#lookLater()
  }

  /** Asks about those that will be due soon, too, so that it is not asked for each on its own. */
  async #ask(): Promise<void> {
    this.#isAsking = true
    const suspects = [...this.#watched].filter(([, { silentMs, askAtMs }]) => silentMs >= askAtMs / 2)
    const verdicts = await this.#inquire(suspects.map(([connection]) => connection))
    // What has arrived by now speaks for itself.
    await new Promise((resolve) => setImmediate(resolve))
    this.#clients.clear()
    this.#isAsking = false
    if (this.#isStopped) return
    const dead = suspects.filter(([connection, known]) => this.#isDead(connection, known, verdicts.get(connection)))
    for (const [connection, { since }] of dead) this.#cut(connection, Math.round(performance.now() - since))
    if (dead.length > 0) this.#options.onCut()
  }

  /** Asks each server about its own. */
  async #inquire(suspects: readonly PooledConnection[]): Promise<ReadonlyMap<PooledConnection, Verdict>> {
    const servers = [...new Set(suspects.map(({ server }) => server))]
    const verdicts = await Promise.all(
      servers.map((server) =>
        inquire(
          this.#options.config,
          server,
          suspects.filter((each) => each.server === server),
          (client) => this.#clients.add(client),
        ),
      ),
    )
    return new Map(verdicts.flatMap((each) => [...each]))
  }

  #isDead(connection: PooledConnection, known: Watched, verdict: Verdict = 'unclear'): boolean {
    const { config, limitMs } = this.#options
    const { wire, watchedUntil } = connection
    if (wire.isLost || !wire.isWaiting || !isSilent(wire, known)) return false
    if (verdict === 'dead') return isDue(known)
    if (verdict === 'works') known.silentMs = 0
    const { silentMs } = known
    known.askAtMs = silentMs + limitMs
    if (config.commandTimeoutMs === null || watchedUntil > performance.now()) return false
    return silentMs > config.commandTimeoutMs + limitMs
  }

  #cut(connection: PooledConnection, silentMs: number): void {
    this.#options.onSilent(connection, silentMs)
    const reason = new Error(
      `the connection was silent for ${silentMs} ms, and the server does not work on what it was sent`,
    )
    connection.wire.destroy(Object.assign(reason, { code: 'ETIMEDOUT' }))
  }
}

function isDue({ silentMs, askAtMs }: Watched): boolean {
  return silentMs >= askAtMs
}

function isSilent({ arrivals, unsent }: Wire, known: Watched): boolean {
  return arrivals === known.arrivals && unsent === known.unsent
}
