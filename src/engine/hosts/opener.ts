/** Opens connections to the server that is asked for: the only one there is, or the one that is found among several. */

import type { ClientConfig } from 'pg'
import type { ServerConfig, ServerTarget } from '../../config.js'
import { PoolClosedError } from '../../errors.js'
import { clientConfig, hangUp, LimitedClient } from '../client.js'
import { connecting, mapError } from '../map-error.js'
import type { Monitor } from '../monitor/monitor.js'
import { reasonOf } from '../monitor/reason.js'
import type { Baselines } from '../row-shape.js'
import { noneFits } from './choose.js'
import { Finder } from './finder.js'
import { askRole, fitness, type Role } from './role.js'

/** How often a connection is tried: the first may have been to a server that is gone since it was found. */
const ATTEMPTS = 2
/** How often all hosts are looked at while connections are in use, in ms: a primary that was replaced may live on. */
const LOOK_MS = 3_000
/** The same while something waits for an answer: the primary may be dead, and the network not tell. In ms. */
const HELD_UP_LOOK_MS = 1_000
/** How often it is seen whether one of these is due, in ms. */
const TICK_MS = 500
/** After a look for the sake of one caller the next may begin this much later, in ms. */
const SUSPECT_PAUSE_MS = 50

/** What the server tells of itself when it is promoted, or begins to refuse writes. */
const roleReports = new Set(['in_hot_standby', 'default_transaction_read_only'])

/** A client that is logged in. */
export interface Opened {
  readonly client: LimitedClient
  readonly server: ServerTarget
  /** null where nobody has asked. */
  readonly timeline: number | null
}

interface OpenerOptions {
  readonly monitor: Monitor
  /** Called when another server is to be used from now on; `isSilent` tells which ones gave no answer. */
  readonly onMoved: (isSilent: (server: ServerTarget) => boolean) => void
  /** Called when {@link Opener.isHeld} is over. */
  readonly onReleased: () => void
  /** Tells whether connections were in use in the last so many ms. */
  readonly isUsed: (withinMs: number) => boolean
  /** Tells whether something has waited for an answer ever since this was asked last. */
  readonly isHeldUp: () => boolean
}

export class Opener {
  readonly #config: ServerConfig
  readonly #options: OpenerOptions
  readonly #clientConfigs: ReadonlyMap<ServerTarget, ClientConfig>
  readonly #first: ServerTarget
  /** null where there is nothing to choose and nothing to check. */
  readonly #finder: Finder | null
  readonly #timer: NodeJS.Timeout | null
  /** Those that are being connected, and where to. */
  readonly #baselines: Baselines = new WeakMap()
  readonly #connecting = new Map<LimitedClient, ServerTarget>()
  #held: Promise<void> | null = null
  #suspectedAt = -Infinity
  #isClosed = false

  /** @throws {ConfigError} when a certificate cannot be used */
  constructor(config: ServerConfig, options: OpenerOptions) {
    const { servers, targetSessionAttrs } = config
    this.#config = config
    this.#options = options
    this.#first = servers[0] as ServerTarget
    this.#clientConfigs = new Map(servers.map((server) => [server, clientConfig({ ...config, server })]))
    this.#finder = servers.length > 1 || targetSessionAttrs !== 'any' ? this.#makeFinder() : null
    this.#timer = servers.length > 1 && this.#wantsWriter ? this.#startLooks() : null
  }

  /** The server that connections are opened to now. */
  get server(): ServerTarget {
    return this.#finder?.known?.server ?? this.#first
  }

  /** Whether callers are to wait, because it is being looked whether this is still the right server. */
  get isHeld(): boolean {
    return this.#held !== null
  }

  /** Opens a connection. `onClient` gets each client that is tried, before it connects.
   *  @throws {ConnectionError} when none can be made, or no host is what is asked for */
  async open(onClient: (client: LimitedClient) => void): Promise<Opened> {
    const startedAt = performance.now()
    const finder = this.#finder
    for (let attempt = 1; ; attempt += 1) {
      const server = finder === null ? this.#first : (await finder.find()).server
      if (this.#isClosed) throw new PoolClosedError()
      const { host, port } = server
      try {
        const opened = await this.#openTo(server, onClient)
        const durationMs = Math.round(performance.now() - startedAt)
        this.#options.monitor.tell({ type: 'connected', host, port, durationMs })
        return opened
      } catch (error) {
        this.#noteFailed(server, error)
        finder?.doubt()
        if (finder === null || attempt === ATTEMPTS || this.#isClosed) throw error
      }
    }
  }

  /** Tells whether a connection is to the server that is to be used, and not older than its last promotion. */
  isCurrent({ server, timeline }: Pick<Opened, 'server' | 'timeline'>): boolean {
    const known = this.#finder?.known ?? null
    if (known === null || this.#config.targetSessionAttrs === 'any') return true
    return server === known.server && (timeline ?? 0) >= (known.role.timeline ?? 0)
  }

  /** A connection was lost: the next is made where a new look finds it. */
  doubt(): void {
    this.#finder?.doubt()
  }

  /** A server has refused a write. Has callers wait until all hosts were looked at; false where nothing would come of it. */
  suspect(): boolean {
    const finder = this.#finder
    if (finder === null || !this.#wantsWriter || this.#isClosed) return false
    const now = performance.now()
    if (this.#held !== null || now - this.#suspectedAt < SUSPECT_PAUSE_MS) return true
    this.#suspectedAt = now
    finder.doubt()
    this.#held = finder.look().then(() => {
      this.#held = null
      this.#options.onReleased()
    })
    return true
  }

  /** Gives up looks that are under way, and begins no more. */
  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#finder?.close()
  }

  get #wantsWriter(): boolean {
    const { targetSessionAttrs } = this.#config
    return targetSessionAttrs === 'read-write' || targetSessionAttrs === 'primary'
  }

  #makeFinder(): Finder {
    const { monitor, onMoved } = this.#options
    return new Finder(this.#config, {
      onMoved: ({ server, role: { timeline } }, silent) => {
        // Whatever answers is good: so are the connections that stand.
        if (this.#config.targetSessionAttrs === 'any') return
        const { host, port } = server
        if (this.#wantsWriter) monitor.tell({ type: 'writer-changed', host, port, timeline })
        const isSilent = (each: ServerTarget): boolean =>
          each !== server && silent.some((sighting) => sighting.server === each)
        for (const [client, each] of this.#connecting) if (isSilent(each)) hangUp(client)
        onMoved(isSilent)
      },
      onNone: (sightings) => {
        for (const { server, error } of sightings) if (error !== null) this.#noteFailed(server, error)
      },
    })
  }

  /** What `close` has given up did not fail. */
  #noteFailed({ host, port }: ServerTarget, error: unknown): void {
    if (this.#isClosed) return
    const reason = reasonOf(mapError(error, connecting))
    this.#options.monitor.tell({ type: 'connect-failed', host, port, reason })
  }

  #startLooks(): NodeJS.Timeout {
    let lookedAt = performance.now()
    const timer = setInterval(() => {
      const isHeldUp = this.#options.isHeldUp()
      const sinceMs = performance.now() - lookedAt + TICK_MS / 2
      const isDue = sinceMs > LOOK_MS && this.#options.isUsed(LOOK_MS)
      if (!this.#finder?.known || !(isDue || (isHeldUp && sinceMs > HELD_UP_LOOK_MS))) return
      lookedAt = performance.now()
      void this.#finder.look()
    }, TICK_MS)
    return timer.unref()
  }

  async #openTo(server: ServerTarget, onClient: (client: LimitedClient) => void): Promise<Opened> {
    const { pool, maxPreparedStatements, preparedStatements, targetSessionAttrs } = this.#config
    const client = new LimitedClient(this.#clientConfigs.get(server) as ClientConfig, {
      connectTimeoutMs: pool.connectTimeoutMs,
      maxPrepared: preparedStatements ? maxPreparedStatements : 0,
      baselines: this.#baselines,
      isPooled: !preparedStatements,
    })
    onClient(client)
    this.#connecting.set(client, server)
    try {
      await client.connect()
    } finally {
      this.#connecting.delete(client)
    }
    const finder = this.#finder
    if (finder === null || targetSessionAttrs === 'any') return { client, server, timeline: null }
    try {
      const role = await this.#checkRole(client, server, finder)
      this.#watchRole(client, finder)
      return { client, server, timeline: role.timeline }
    } catch (error) {
      hangUp(client)
      throw error
    }
  }

  async #checkRole(client: LimitedClient, server: ServerTarget, finder: Finder): Promise<Role> {
    const { pool, targetSessionAttrs } = this.#config
    // Cut, it answers nothing more, and the question fails.
    const timer = setTimeout(() => hangUp(client), pool.connectTimeoutMs)
    try {
      const role = await askRole(client.wire)
      if (fitness(role, targetSessionAttrs) === 0) {
        throw noneFits([{ server, role, error: null }], targetSessionAttrs, finder.known)
      }
      finder.note({ server, role })
      return role
    } finally {
      clearTimeout(timer)
    }
  }

  #watchRole(client: LimitedClient, finder: Finder): void {
    client.onReport((name) => {
      if (!roleReports.has(name) || this.#isClosed) return
      finder.doubt()
      void finder.look()
    })
  }
}
