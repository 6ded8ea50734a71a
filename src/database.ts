/** `connect()`: the engine and the repositories in one handle, and its life. */

import { type Config, type ConnectOptions, resolveConfig, type ServersTarget } from './config.js'
import type { ActorOptions } from './engine/actor.js'
import { type CallOptions, NO_LIMITS } from './engine/call-limits.js'
import { Coalescer } from './engine/coalescer.js'
import { createExecutor, type Executor } from './engine/executor.js'
import type { Probe } from './engine/health/examination.js'
import { checkHealth } from './engine/health/health.js'
import type { HealthOptions } from './engine/health/options.js'
import type { HealthReport } from './engine/health/report.js'
import { findWriter } from './engine/hosts/find-writer.js'
import type { Channel } from './engine/listen/channel.js'
import type { Listener, ListenHandlers, ListenOptions } from './engine/listen/listener.js'
import { Listening } from './engine/listen/listening.js'
import type { EventListener } from './engine/monitor/event.js'
import type { EventCounts } from './engine/monitor/events.js'
import type { QueryStats } from './engine/monitor/query-times.js'
import { OperationUpkeep } from './engine/operation/upkeep.js'
import { Pool } from './engine/pool/pool.js'
import type { PoolStats } from './engine/pool-stats.js'
import { observe } from './engine/telemetry/observe.js'
import { transactional } from './engine/transaction.js'
import type { TransactionOptions } from './engine/transaction-options.js'
import { type Repositories, withRepositories } from './repositories.js'
import { Secret } from './secret.js'

/** Most statements that delete old operations in the background at a time: of 1,000 each. */
const UPKEEP_BATCHES = 100

/** A transaction: runs queries, and has the repositories. */
export interface Transaction extends Omit<Executor, 'transaction' | 'with' | 'as'>, Repositories {
  /** See {@link Executor.transaction}: a savepoint within this transaction. */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: CallOptions): Promise<T>
  /** See {@link Executor.with}. */
  with(options: CallOptions): Transaction
  /** See {@link Executor.as}. */
  as(options: ActorOptions): Transaction
}

/** The database as one caller uses it: with limits and options for each call, see {@link Database.with}, or for one actor,
 *  see {@link Database.as}. */
export interface LimitedDatabase extends Omit<Transaction, 'transaction' | 'with' | 'as'> {
  /** See {@link Executor.transaction}. */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** See {@link Executor.with}. */
  with(options: CallOptions): LimitedDatabase
  /** See {@link Executor.as}. */
  as(options: ActorOptions): LimitedDatabase
}

/** Numbers that cost no query. */
export interface DatabaseStats {
  readonly pool: PoolStats
  /** Times of the calls by the name of their query; `transaction` for whole transactions. */
  readonly queries: Readonly<Record<string, QueryStats>>
  /** How often what happened, since the handle was made. */
  readonly events: EventCounts
}

/** A handle on one database: runs queries, has the repositories, and reports on itself. Safe to share. */
export interface Database extends LimitedDatabase, AsyncDisposable {
  /** Looks at connection, pool, budget of connections, long transactions, replication and migrations, in one transaction on
   *  one connection. The report is there within `deadlineMs`, whatever the server, the network and the pool do, and nothing
   *  of the look goes on behind it for longer than a second. Nothing is tried again.
   *  @throws {ValidationError} when an option is not what it must be; whatever else is wrong is in the report */
  health(options?: HealthOptions): Promise<HealthReport>
  /** Gives sizes, counters and times; costs no query. */
  stats(): DatabaseStats
  /** Listens to a channel: resolves when the server has said so, so that whoever reads the tables behind it misses nothing. All
   *  listeners of a handle have one connection in common, a place of `pool.max`, which is opened for the first and closed
   *  after the last. It is asked for a sign of life within `pool.watchdogMs`, also when `retry` is off it is opened anew
   *  whenever it is lost, and then the handlers are told of the gap. Handlers are called one after the other; messages wait for
   *  them, up to `maxQueued`. Keeps the process up until it is closed.
   *
   *  Messages are those that are committed while it stands, in the order of their commits. Behind a pooler in transaction mode
   *  there are none: connect to the server itself. Needs a primary: a standby takes no LISTEN.
   *  @param channel a channel, or the name of one whose payloads are text
   *  @throws {ValidationError} when the channel, a handler or an option is not what it must be
   *  @throws {ConfigError} when `pool.max` is 1, or `preparedStatements` is off
   *  @throws {AcquireTimeoutError} when no place is free within `pool.acquireTimeoutMs`, which the first listener waits for
   *  @throws {ConnectionError} when there is no connection within `pool.connectTimeoutMs`, though it was tried again
   *  @throws {QueryError} when the server is a standby
   *  @throws {CancelledError} when `signal` aborts before it stands */
  listen(channel: string, handlers: ListenHandlers<string>, options?: ListenOptions): Promise<Listener>
  listen<T>(channel: Channel<T>, handlers: ListenHandlers<T>, options?: ListenOptions): Promise<Listener>
  /** Has a listener told of whatever happens to the pool and to calls, at once; gives what ends that. What the listener
   *  throws is a warning of the process, once. */
  onEvent(listener: EventListener): () => void
  /** Renews all connections, each when nobody has it: after a change of the server's settings or of a password. */
  expire(): void
  /** Where the handle is connected to, without the password; of several hosts the one that is used now. */
  readonly server: { readonly host: string; readonly port: number; readonly user: string; readonly database: string }
  /** Ends all listeners, refuses new calls, waits for those under way, closes all connections, and stops an embedded server that this
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
  const given = typeof options === 'string' ? { url: options } : options
  const config = resolveConfig(given)
  const { target, stop } = await reach(config.target)
  const pool = new Pool({ ...config, ...target })
  const endObserving = await observe(pool, given)
  const close = (): Promise<void> => pool.close().finally(endObserving).then(stop)
  try {
    if (config.migrate) {
      const { connectTimeoutMs } = config.pool
      const writer = await findWriter(target, config)
      const { migrateUp } = await import('./migrate/runner.js')
      const { sourcesOf } = await import('./migrate/source.js')
      await migrateUp(writer, { connectTimeoutMs, sources: sourcesOf(config.project), acceptsNewer: true })
    }
    // Without a pool it would be a connection for nothing: the first call makes its own.
    if (config.pool.keepsConnections) await pool.start()
    return createDatabase(pool, close, config.project)
  } catch (error) {
    await close()
    throw error
  }
}

/** Gives the servers of a target; an embedded one is started first. Its module is loaded only then. */
export async function reach(target: Config['target']): Promise<{ target: ServersTarget; stop: () => Promise<void> }> {
  if (!('embeddedFolder' in target)) return { target, stop: async () => {} }
  const { startEmbeddedServer } = await import('./embedded/server.js')
  const embedded = await startEmbeddedServer({ folder: target.embeddedFolder })
  const { host, port, user, password, database } = embedded
  const server = { host, port, user, database, password: new Secret(password), tls: 'disable' } as const
  return { target: { servers: [server], targetSessionAttrs: 'any' }, stop: () => embedded.close() }
}

function createDatabase(pool: Pool, closeAll: () => Promise<void>, project: string | null): Database {
  const { monitor } = pool
  const session = transactional(pool)
  const listening = new Listening(pool)
  const coalescer = new Coalescer(session, {
    isInTransaction: false,
    lanes: pool.hasLanes ? (pool.config.pool.lanes ?? 1) : 1,
  })
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    if (closing === null) {
      coalescer.flush()
      upkeep.stop()
      listening.close()
      closing = closeAll()
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
  const { operationRetentionMs: olderThanMs } = pool.config
  const upkeep = new OperationUpkeep(async () => {
    if (olderThanMs !== null) await executor.operations.deleteOld({ olderThanMs, maxBatches: UPKEEP_BATCHES })
  })
  // Without a pool it would be a connection for nothing.
  if (olderThanMs !== null && pool.config.pool.keepsConnections) pool.onOperation = () => upkeep.noteUse()
  const handle = Object.assign(executor, {
    health: (options?: HealthOptions) => checkHealth({ pool, session, probes: [migrationsProbe(project)] }, options),
    stats: () => ({ pool: pool.stats(), queries: monitor.queryStats(), events: monitor.events.counts() }),
    listen: (channel: string | Channel<unknown>, handlers: ListenHandlers<never>, options?: ListenOptions) =>
      listening.listen(channel, handlers, options),
    onEvent: (listener: EventListener) => monitor.events.listen(listener),
    expire: () => pool.expire(),
    close,
    [Symbol.asyncDispose]: close,
  })
  return Object.defineProperty(handle, 'server', { enumerable: true, get: () => serverOf(pool) }) as unknown as Database
}

function serverOf({ server }: Pool): Database['server'] {
  const { host, port, user, database } = server
  return { host, port, user, database }
}

/** Fails when migrations are pending, ashlar's or those of the project. Loads the migration module when it is first asked. */
function migrationsProbe(project: string | null): Probe {
  return {
    name: 'migrations',
    async run(db) {
      const { migrationStatus } = await import('./migrate/status.js')
      const { sourcesOf } = await import('./migrate/source.js')
      const { applied, pending, missing } = await migrationStatus(db, sourcesOf(project))
      return {
        reason: pending.length > 0 ? `${pending.length} migrations are pending: run \`ashlar migrate up\`` : null,
        details: { applied: applied.length, pending: pending.length, unknown: missing.length },
      }
    },
  }
}
