/** `connect()`: the engine and the repositories in one handle, and its life. */

import { type Config, type ConnectOptions, resolveConfig, type ServerTarget } from './config.js'
import { type CallOptions, NO_LIMITS } from './engine/call-limits.js'
import { Coalescer } from './engine/coalescer.js'
import { createExecutor, type Executor } from './engine/executor.js'
import {
  checkHealth,
  connectionProbe,
  type HealthReport,
  type Probe,
  ProbeFailure,
  poolProbe,
} from './engine/health.js'
import { Pool } from './engine/pool/pool.js'
import type { PoolStats } from './engine/pool-stats.js'
import { transactional } from './engine/transaction.js'
import type { TransactionOptions } from './engine/transaction-options.js'
import { type Repositories, withRepositories } from './repositories.js'
import { Secret } from './secret.js'

/** How long {@link Database.health} may take in all, in ms, unless told otherwise. */
const HEALTH_DEADLINE_MS = 5_000

/** A transaction: runs queries, and has the repositories. */
export interface Transaction extends Omit<Executor, 'transaction' | 'with'>, Repositories {
  /** See {@link Executor.transaction}: a savepoint within this transaction. */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: CallOptions): Promise<T>
  /** See {@link Executor.with}. */
  with(options: CallOptions): Transaction
}

/** The database as one caller uses it: with limits and options for each call, see {@link Database.with}. */
export interface LimitedDatabase extends Omit<Transaction, 'transaction' | 'with'> {
  /** See {@link Executor.transaction}. */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** See {@link Executor.with}. */
  with(options: CallOptions): LimitedDatabase
}

/** Numbers that cost no query. */
export interface DatabaseStats {
  readonly pool: PoolStats
}

/** A handle on one database: runs queries, has the repositories, and reports on itself. Safe to share. */
export interface Database extends LimitedDatabase, AsyncDisposable {
  /** Checks connection, pool and migrations, each within `deadlineMs` (default 5,000) in all. Never throws. */
  health(options?: { readonly deadlineMs?: number }): Promise<HealthReport>
  /** Gives sizes and counters. */
  stats(): DatabaseStats
  /** Renews all connections, each when nobody has it: after a change of the server's settings or of a password. */
  expire(): void
  /** Where the handle is connected to, without the password. */
  readonly server: { readonly host: string; readonly port: number; readonly user: string; readonly database: string }
  /** Refuses new calls, waits for those under way, closes all connections, and stops an embedded server that this
   *  handle started. Idempotent. */
  close(): Promise<void>
}

/** Connects to a database; resolves when the first connection stands (with `pool: 'none'`: before there is one).
 *  @param options a URL, or options; what is left out comes from the environment, see {@link ConnectOptions}
 *  @throws {ConfigError} when an option or environment variable cannot be used
 *  @throws {ConnectionError} when the server cannot be reached or refuses the connection
 *  @throws {EmbeddedServerError} when the URL asks for an embedded server that cannot be started
 *  @throws {MigrationError} when `migrate` is asked for and fails */
export async function connect(options: ConnectOptions | string = {}): Promise<Database> {
  const config = resolveConfig(typeof options === 'string' ? { url: options } : options)
  const { server, stop } = await reach(config.target)
  const pool = new Pool({ ...config, server })
  try {
    if (config.migrate) {
      const { connectTimeoutMs } = config.pool
      await (await import('./migrate/runner.js')).migrateUp(server, { connectTimeoutMs })
    }
    // Without a pool it would be a connection for nothing: the first call makes its own.
    if (config.pool.keepsConnections) await pool.start()
    return createDatabase(pool, server, stop)
  } catch (error) {
    await pool.close()
    await stop()
    throw error
  }
}

/** Gives the server of a target; an embedded one is started first. Its module is loaded only then. */
export async function reach(target: Config['target']): Promise<{ server: ServerTarget; stop: () => Promise<void> }> {
  if (!('embeddedFolder' in target)) return { server: target, stop: async () => {} }
  const { startEmbeddedServer } = await import('./embedded/server.js')
  const embedded = await startEmbeddedServer({ folder: target.embeddedFolder })
  const { host, port, user, password, database } = embedded
  return {
    server: { host, port, user, database, password: new Secret(password), tls: 'disable' },
    stop: () => embedded.close(),
  }
}

function createDatabase(pool: Pool, server: ServerTarget, stop: () => Promise<void>): Database {
  const session = transactional(pool)
  const coalescer = new Coalescer(session, {
    isInTransaction: false,
    lanes: pool.hasLanes ? (pool.config.pool.lanes ?? 1) : 1,
  })
  const { host, port, user, database } = server
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    if (closing === null) {
      coalescer.flush()
      closing = pool.close().then(stop)
    }
    return closing
  }
  // The engine calls every executor an Executor; `withRepositories` has made each a Transaction.
  const executor = createExecutor({
    session,
    coalescer,
    extend: withRepositories,
    options: pool.config.coalesce ? { coalesce: true } : NO_LIMITS,
  }) as unknown as Transaction
  return Object.assign(executor, {
    health: (options?: { readonly deadlineMs?: number }) =>
      checkHealth(connectionProbe(session), [poolProbe(() => pool.stats()), migrationsProbe(executor)], {
        deadlineMs: options?.deadlineMs ?? HEALTH_DEADLINE_MS,
      }),
    stats: () => ({ pool: pool.stats() }),
    expire: () => pool.expire(),
    server: { host, port, user, database },
    close,
    [Symbol.asyncDispose]: close,
  })
}

/** Fails when migrations are pending. Loads the migration module when it is first asked. */
function migrationsProbe(executor: Transaction): Probe {
  return {
    name: 'migrations',
    async run() {
      const { migrationStatus } = await import('./migrate/status.js')
      const { applied, pending, missing } = await migrationStatus(executor)
      const details = { applied: applied.length, pending: pending.length, unknown: missing.length }
      if (pending.length > 0)
        throw new ProbeFailure(`${pending.length} migrations are pending: run \`ashlar migrate up\``, details)
      return details
    },
  }
}
