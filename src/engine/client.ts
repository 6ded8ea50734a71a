/** Clients of pg: what they are told, and how one is opened and closed. */

import { Client, type ClientConfig } from 'pg'
import type { ServerConfig, ServerTarget } from '../config.js'
import { connecting, mapError } from './map-error.js'
import { findPassword } from './password-file.js'
import { tlsOptions } from './tls.js'

/** How long a server may take to close a connection in good order, in ms. */
const GOODBYE_MS = 1_000

/** What values look like as text must not depend on the settings of a role or database; and given here, PGOPTIONS of
 *  the environment has no say. */
const SESSION_OPTIONS = '-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1'

/** Limits of a lone client, in ms. */
export interface SessionLimits {
  readonly connectTimeoutMs: number
  /** See `ConnectOptions.commandTimeoutMs`. */
  readonly commandTimeoutMs: number | null
  readonly applicationName: string
}

/** Gives the options of one pg client. */
export function clientConfig({ server, commandTimeoutMs, applicationName }: Omit<ServerConfig, 'pool'>): ClientConfig {
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

/** How pg-pool wants to be told. */
type OnConnected = (error: unknown) => void

/** Gives the class of clients that connect within a limit; whose values stay text, to be decoded when the whole result is
 *  there; and that no failure leaves open or lets end the process. */
export function clientWith(connectTimeoutMs: number): typeof Client {
  return class extends Client {
    constructor(config?: string | ClientConfig) {
      const options = config as ClientConfig
      super({
        ...options,
        // pg-pool makes the password non-enumerable: a spread alone would lose it.
        ...(options.password === undefined ? {} : { password: options.password }),
        types: { getTypeParser: () => asText },
        // pg-pool hands one time-out to its waiters and to its clients; connecting has a limit of its own here.
        connectionTimeoutMillis: connectTimeoutMs,
      })
      // A client that dies emits `error`; without a listener at every moment of its life the process would end.
      this.on('error', () => {})
    }

    override connect(callback?: unknown): Promise<Client> {
      const connected = super.connect() as Promise<unknown>
      const settled = connected.catch((error: unknown) => {
        hangUp(this)
        throw error
      })
      if (typeof callback !== 'function') return settled as Promise<Client>
      const onConnected = callback as OnConnected
      settled.then(() => onConnected(null), onConnected)
      return settled as Promise<Client>
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
): Promise<Client> {
  const LimitedClient = clientWith(limits.connectTimeoutMs)
  const client = new LimitedClient(clientConfig({ server, ...limits }))
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
function hangUp(client: Client): void {
  const { connection } = client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
  connection.stream.destroy()
}
