/** Clients of pg: what they are told, and how one is opened and closed. */

import type { EventEmitter } from 'node:events'
import { Client, type ClientConfig } from 'pg'
import type { ServerConfig, ServerTarget } from '../config.js'
import { connecting, mapError } from './map-error.js'
import { findPassword } from './password-file.js'
import type { Baselines } from './row-shape.js'
import { tlsOptions } from './tls.js'
import type { Wire } from './wire/wire.js'
import { WireConnection } from './wire/wire-connection.js'

/** How long a server may take to close a connection in good order, in ms. */
const GOODBYE_MS = 1_000

/** What values look like as text must not depend on the settings of a role or database; and given here, PGOPTIONS of
 *  the environment has no say. */
const SESSION_OPTIONS = '-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1'

/** The same behind a pooler: PgBouncer refuses a login with parameters that it does not keep track of. */
const POOLER_PARAMETERS = { datestyle: 'ISO' } as const

/** Limits of a lone client, in ms. */
export interface SessionLimits {
  readonly connectTimeoutMs: number
  /** See `ConnectOptions.commandTimeoutMs`. */
  readonly commandTimeoutMs: number | null
  readonly applicationName: string
}

/** What a session is told of. */
type SessionConfig = Pick<ServerConfig, 'commandTimeoutMs' | 'applicationName'> & { readonly server: ServerTarget }

/** Gives the options of one pg client. */
export function clientConfig({ server, commandTimeoutMs, applicationName }: SessionConfig): ClientConfig {
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    database: server.database,
    // As a function in any case: for what is missing or empty, pg would take PGPASSWORD, which may be another login's.
    password: () => passwordOf(server),
    ssl: tlsOptions(server) ?? false,
    enableChannelBinding: server.tls !== 'disable',
    // Given here, PGSSLNEGOTIATION of the environment has no say.
    sslnegotiation: 'postgres',
    ...(commandTimeoutMs === null ? {} : { statement_timeout: commandTimeoutMs }),
    application_name: applicationName,
    options: SESSION_OPTIONS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  }
}

/** Asked for when the server wants a password, and not before. */
async function passwordOf(server: ServerTarget): Promise<string> {
  const given = server.password?.reveal() ?? ''
  const password = given === '' ? await findPassword(server) : given
  if (password !== null) return password
  throw new Error('the server asks for a password, and none was given (url, password, PGPASSWORD or a password file)')
}

/** What a client needs to know beside its server. */
interface ClientOptions {
  /** Limit of connecting, in ms. */
  readonly connectTimeoutMs: number
  /** Most statements that are prepared under names; 0: none. */
  readonly maxPrepared: number
  /** Shared by the clients of a pool. */
  readonly baselines?: Baselines
  /** Whether a pooler may stand in between, which gives each transaction another session. Default false. */
  readonly isPooled?: boolean
}

/** What of pg's client is used here beside what @types/pg knows. */
const ofPg = Client.prototype as unknown as { getStartupConf(this: Client): Record<string, string> }

/** A client that connects within a limit, that has a wire for statements, and that no failure leaves open or lets end the
 *  process. Its own `query` gives values as text, and may be used while the wire is idle. */
export class LimitedClient extends Client {
  readonly #connection: WireConnection
  readonly #isPooled: boolean

  constructor(options: ClientConfig, { connectTimeoutMs, maxPrepared, baselines, isPooled = false }: ClientOptions) {
    const connection = new WireConnection(options, maxPrepared, baselines)
    const types = { getTypeParser: () => asText }
    super({ ...options, types, connectionTimeoutMillis: connectTimeoutMs, connection } as ClientConfig)
    this.#connection = connection
    this.#isPooled = isPooled
    // A client that dies emits `error`; without a listener at every moment of its life the process would end.
    this.on('error', () => {})
  }

  /** Where statements are sent once the client is connected. */
  get wire(): Wire {
    return this.#connection.wire
  }

  /** Has a listener told the name of each setting that the server reports, from now on. */
  onReport(listener: (name: string) => void): void {
    const own = this.#connection as unknown as EventEmitter
    own.on('parameterStatus', ({ parameterName }: { readonly parameterName: string }) => listener(parameterName))
  }

  /** Called by pg: what the login carries. */
  getStartupConf(): Record<string, string> {
    const parameters = ofPg.getStartupConf.call(this)
    if (!this.#isPooled) return parameters
    const { options, statement_timeout, ...tracked } = parameters
    return { ...tracked, ...POOLER_PARAMETERS }
  }

  override async connect(): Promise<this> {
    try {
      await super.connect()
      return this
    } catch (error) {
      hangUp(this)
      throw error
    }
  }
}

function asText(text: string): string {
  return text
}

/** Opens one client without a pool. `purpose` is what an error's message begins with.
 *  @throws {ConnectionError} when no connection can be made */
export async function openClient(
  server: ServerTarget,
  limits: SessionLimits,
  purpose: string = connecting.query,
): Promise<LimitedClient> {
  const client = new LimitedClient(clientConfig({ server, ...limits }), { ...limits, maxPrepared: 0 })
  try {
    return await client.connect()
  } catch (error) {
    throw mapError(error, { ...connecting, query: purpose })
  }
}

/** Closes a client, and resolves when nothing of it is left open; does not wait for a network that is dead. */
export async function closeClient(client: Client): Promise<void> {
  const timer = setTimeout(() => hangUp(client), GOODBYE_MS)
  await client.end().catch(() => {})
  clearTimeout(timer)
}

/** Closes the socket, whatever state the client is in. pg leaves it open when connecting fails on this side (no password
 *  to give), and the process would live until the server gives up, a minute later. */
export function hangUp(client: Client): void {
  const { connection } = client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
  connection.stream.destroy()
}
