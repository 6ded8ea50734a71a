/** The pool of exclusive connections: pg-pool underneath, with public errors and a clean connection on return. */

import { Client, type ClientConfig, type PoolClient } from 'pg'
import PgPool from 'pg-pool'
import type { ServerConfig } from '../config.js'
import {
  AcquireTimeoutError,
  type DataAccessError,
  PoolClosedError,
  type PoolSizes,
  TransactionError,
} from '../errors.js'
import { sendOn } from './connection.js'
import { connecting, mapError, spoilsConnection } from './map-error.js'
import type { PoolStats } from './pool-stats.js'
import type { RawResult, Session } from './session.js'
import { sessionSql } from './session-sql.js'

/** A borrowed connection. */
export interface Lease {
  readonly client: Client
  /** Gives the connection back. `isBroken` closes it instead. */
  release(isBroken: boolean): Promise<void>
}

export interface Pool extends Session {
  /** @throws {ConnectionError} when none can be made, none becomes free in time, or the pool is closed */
  acquire(): Promise<Lease>
  stats(): PoolStats
  /** Takes no more calls, waits for those under way, then closes all connections. Idempotent. */
  close(): Promise<void>
}

/** Makes a pool. Nothing is opened before the first statement. */
export function createPool(config: ServerConfig): Pool {
  const { pool: limits } = config
  const counts = { connects: 0, statements: 0, failures: 0 }
  const pgPool = new PgPool<Client>({
    ...clientConfig(config),
    types: { getTypeParser: () => asText },
    Client: clientWith(limits.connectTimeoutMs),
    max: limits.max,
    connectionTimeoutMillis: limits.acquireTimeoutMs,
    idleTimeoutMillis: limits.idleTimeoutMs ?? 0,
  })
  // A client that dies emits `error`; without a listener on it at every moment of its life the process would end.
  pgPool.on('error', ignore)
  pgPool.on('connect', (client) => {
    counts.connects += 1
    client.on('error', ignore)
  })
  let closing: Promise<void> | null = null
  /** Calls that were taken in and have no connection yet. pg-pool would forget them when it ends. */
  let acquiring = 0
  let onLastAcquired = (): void => {}

  const sizes = (): PoolSizes => ({
    max: limits.max,
    open: pgPool.totalCount,
    idle: pgPool.idleCount,
    borrowed: pgPool.totalCount - pgPool.idleCount,
    waiting: pgPool.waitingCount,
  })

  async function acquire(): Promise<Lease> {
    if (closing !== null) throw new PoolClosedError()
    const startedAt = performance.now()
    acquiring += 1
    try {
      const client = await pgPool.connect()
      return { client, release: (isBroken) => giveBack(client, isBroken) }
    } catch (error) {
      // pg-pool gives its time-out no code, only this message.
      if (error instanceof Error && error.message === 'timeout exceeded when trying to connect') {
        throw new AcquireTimeoutError(Math.round(performance.now() - startedAt), sizes())
      }
      throw mapError(error, connecting)
    } finally {
      acquiring -= 1
      if (acquiring === 0) onLastAcquired()
    }
  }

  async function drain(): Promise<void> {
    if (acquiring > 0) {
      await new Promise<void>((resolve) => {
        onLastAcquired = resolve
      })
    }
    await pgPool.end()
  }

  return {
    acquire,
    stats: () => ({ ...sizes(), ...counts }),
    async close() {
      closing ??= drain()
      await closing
    },
    async send(statement, values): Promise<RawResult> {
      const lease = await acquire()
      counts.statements += 1
      let isBroken = false
      try {
        const context = { query: statement.query, isOutcomeAtStake: !statement.isRead }
        const result = await sendOn(lease.client, statement, values, context)
        if (lease.client.getTransactionStatus() !== 'I') throw leftOpen(statement.query)
        return result
      } catch (error) {
        counts.failures += 1
        isBroken = spoilsConnection(error as DataAccessError)
        throw error
      } finally {
        await lease.release(isBroken)
      }
    },
  }
}

/** A statement that opened a transaction outside `transaction()`: giving the connection back rolls it back. */
function leftOpen(query: string): TransactionError {
  return new TransactionError(`${query}: the statement opened a transaction, which was rolled back; use transaction()`)
}

/** What values look like as text must not depend on the settings of a role or database; and given here, PGOPTIONS of
 *  the environment has no say. */
const SESSION_OPTIONS = '-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1'

/** Gives the options of one pg client. */
export function clientConfig({ server, commandTimeoutMs, applicationName }: Omit<ServerConfig, 'pool'>): ClientConfig {
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    database: server.database,
    ssl: server.tls === 'verify-full',
    ...(server.password === null ? {} : { password: server.password.reveal() }),
    ...(commandTimeoutMs === null ? {} : { statement_timeout: commandTimeoutMs }),
    application_name: applicationName,
    options: SESSION_OPTIONS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  }
}

/** pg-pool hands one time-out to its waiters and to its clients; connecting has a limit of its own here. */
function clientWith(connectTimeoutMs: number): typeof Client {
  return class extends Client {
    constructor(config?: string | ClientConfig) {
      const options = config as ClientConfig
      // pg-pool makes the password non-enumerable: a spread alone would lose it.
      const password = options.password
      super({ ...options, ...(password === undefined ? {} : { password }), connectionTimeoutMillis: connectTimeoutMs })
    }

    override connect(callback?: unknown): Promise<Client> {
      const connected = super.connect() as Promise<unknown>
      const settled = connected.catch((error: unknown) => {
        hangUp(this)
        throw error
      })
      if (typeof callback !== 'function') return settled as Promise<Client>
      settled.then(
        () => callback(null),
        (error: unknown) => callback(error),
      )
      return settled as Promise<Client>
    }
  }
}

/** Closes the socket of a client that failed to connect: pg leaves it open when the failure is on this side (no password
 *  to give), and the process would live until the server gives up, a minute later. */
export function hangUp(client: Client): void {
  const { connection } = client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
  connection.stream.destroy()
}

async function giveBack(client: Client & PoolClient, isBroken: boolean): Promise<void> {
  if (isBroken) {
    client.release(true)
    return
  }
  // An open transaction would reach the next borrower.
  if (client.getTransactionStatus() !== 'I') {
    const context = { query: 'rollback', isOutcomeAtStake: false }
    await sendOn(client, sessionSql.rollback, [], context).then(
      () => client.release(),
      () => client.release(true),
    )
    return
  }
  client.release()
}

function ignore(): void {}

/** Values are decoded by the row's constructor, when the whole result is there. */
function asText(text: string): string {
  return text
}
