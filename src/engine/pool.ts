/** The pool of exclusive connections: pg-pool underneath, or none; with public errors and a clean connection on return. */

import type { Client, PoolClient } from 'pg'
import PgPool from 'pg-pool'
import type { ServerConfig } from '../config.js'
import { AcquireTimeoutError, type DataAccessError, PoolClosedError, TransactionError } from '../errors.js'
import { clientConfig, clientWith } from './client.js'
import { sendOn } from './connection.js'
import { connecting, mapError, spoilsConnection } from './map-error.js'
import type { PoolStats } from './pool-stats.js'
import type { RawResult, Session } from './session.js'
import { sessionSql } from './session-sql.js'
import { type ClientSource, createUnpooled } from './unpooled.js'

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

/** Makes a pool, or what stands for one when connections are not kept. Nothing is opened before the first statement. */
export function createPool(config: ServerConfig): Pool {
  const counts = { connects: 0, statements: 0, failures: 0 }
  const opened = (): void => {
    counts.connects += 1
  }
  const source = config.pool.keepsConnections ? keptClients(config, opened) : newClients(config, opened)
  const { sizes } = source
  let closing: Promise<void> | null = null
  /** Calls that were taken in and have no connection yet. pg-pool would forget them when it ends. */
  let acquiring = 0
  let onLastAcquired = (): void => {}

  async function acquire(): Promise<Lease> {
    if (closing !== null) throw new PoolClosedError()
    const startedAt = performance.now()
    acquiring += 1
    try {
      const client = await source.connect()
      return { client, release: (isBroken) => source.release(client, isBroken) }
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
    await source.end()
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

/** Clients that are kept for the next borrower: pg-pool's. */
function keptClients(config: ServerConfig, opened: () => void): ClientSource {
  const { pool: limits } = config
  const pgPool = new PgPool<Client>({
    ...clientConfig(config),
    Client: clientWith(limits.connectTimeoutMs),
    max: limits.max,
    connectionTimeoutMillis: limits.acquireTimeoutMs,
    idleTimeoutMillis: limits.idleTimeoutMs ?? 0,
  })
  // What an idle client dies of; it is out of the pool by then.
  pgPool.on('error', () => {})
  pgPool.on('connect', opened)
  return {
    connect: () => pgPool.connect(),
    release: (client, isBroken) => giveBack(client as Client & PoolClient, isBroken),
    sizes: () => ({
      max: limits.max,
      open: pgPool.totalCount,
      idle: pgPool.idleCount,
      borrowed: pgPool.totalCount - pgPool.idleCount,
      waiting: pgPool.waitingCount,
    }),
    end: () => pgPool.end(),
  }
}

/** A client for each borrower. */
function newClients(config: ServerConfig, opened: () => void): ClientSource {
  const { max, acquireTimeoutMs, connectTimeoutMs } = config.pool
  const options = clientConfig(config)
  const LimitedClient = clientWith(connectTimeoutMs)
  return createUnpooled({ max, acquireTimeoutMs, newClient: () => new LimitedClient(options), opened })
}

/** A statement that opened a transaction outside `transaction()`: giving the connection back rolls it back. */
function leftOpen(query: string): TransactionError {
  return new TransactionError(`${query}: the statement opened a transaction, which was rolled back; use transaction()`)
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
