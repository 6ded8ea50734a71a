/** What a program may say of the pool, and what of it the engine gets. Ranges stand in settings.ts, defaults in config.ts. */

import type { ConnectionHook, LeakHook } from './engine/pool-hooks.js'

/** Sizes, limits and hooks of the pool. */
export interface PoolOptions {
  /** Connections that are opened ahead, in the background, and kept; 0 to 1,000, and at most `max`. Default 10, or `max`
   *  where that is less. Environment: ASHLAR_POOL_MIN. */
  readonly min?: number
  /** Most connections at a time, 1 to 1,000: shared lanes and exclusive connections together. Cancel requests are
   *  not counted: the server takes them without a session. Default 50. Environment: ASHLAR_POOL_MAX. */
  readonly max?: number
  /** A connection is renewed after so many statements, 1 to 1,000,000,000. null: never. Default null.
   *  ASHLAR_POOL_MAX_USES (`none` for null). */
  readonly maxUses?: number | null
  /** A connection is renewed after so long, in ms, 1,000 to 604,800,000; each a random part of up to 10 % earlier, so that
   *  not all go at once. null: never. Default 1,800,000. ASHLAR_POOL_MAX_LIFETIME_MS (`none` for null). */
  readonly maxLifetimeMs?: number | null
  /** Longest wait for a free connection, in ms, 1 to 600,000. Default 10,000. ASHLAR_POOL_ACQUIRE_TIMEOUT_MS. */
  readonly acquireTimeoutMs?: number
  /** Longest time to make a connection, in ms, 1 to 600,000. Default 5,000. ASHLAR_POOL_CONNECT_TIMEOUT_MS. */
  readonly connectTimeoutMs?: number
  /** A connection above `min` that is idle for so long is closed, in ms, 1 to 86,400,000. null: never. Default 300,000.
   *  ASHLAR_POOL_IDLE_TIMEOUT_MS (`none` for null). */
  readonly idleTimeoutMs?: number | null
  /** A connection that was idle for longer is asked for a sign of life before it is borrowed, in ms, 1 to 86,400,000.
   *  null: never. Default 1,000. ASHLAR_POOL_PING_AFTER_IDLE_MS (`none` for null). */
  readonly pingAfterIdleMs?: number | null
  /** When a connection on which calls wait was silent for so long, the server is asked over another one, which may be one
   *  above `max` for a moment: a connection on whose calls it does not work is cut, and so are all silent ones when it
   *  cannot be reached. A statement that runs for long is left alone. Where the server cannot tell (behind a pooler), a
   *  connection is cut when it was silent for so long beyond `commandTimeoutMs`. In ms, 100 to 600,000. null: never.
   *  Default 5,000. ASHLAR_POOL_WATCHDOG_MS (`none` for null). */
  readonly watchdogMs?: number | null
  /** Most calls that wait for a connection or for a place on a lane, 0 to 1,000,000; one more gets a
   *  `PoolOverloadedError` at once. 0: no call waits. Default 10,000. ASHLAR_POOL_MAX_WAITING. */
  readonly maxWaiting?: number
  /** A connection that is borrowed for longer is reported to `onLeak`, in ms, 1 to 86,400,000. With it each borrower's stack is
   *  noted, for about 10 us, and those that wait in vain are told it. null: never. Default null.
   *  ASHLAR_POOL_LEAK_THRESHOLD_MS (`none` for null). */
  readonly leakThresholdMs?: number | null
  /** How long `close()` waits for calls under way before it cuts their connections, in ms, 1 to 600,000. null: for ever.
   *  Default 30,000. ASHLAR_POOL_CLOSE_TIMEOUT_MS (`none` for null). */
  readonly closeTimeoutMs?: number | null
  /** Most lanes, which are connections that many reads share at a time (pipelining), 1 to 64. null: none is shared.
   *  Default 4. ASHLAR_POOL_LANES (`none` for null). */
  readonly lanes?: number | null
  /** Most statements in flight on one lane, 1 to 1,024. Default 32. ASHLAR_POOL_LANE_DEPTH. */
  readonly laneDepth?: number
  /** Most bytes that are sent and not yet answered on one lane, 1,024 to 1,073,741,824. Default 1,048,576 (1 MiB).
   *  ASHLAR_POOL_LANE_BYTES. */
  readonly laneBytes?: number
  /** Runs on each new connection, shared or exclusive, before its first use. When it rejects, that connection is closed
   *  and the caller gets its error as `ConnectionError`. Default: none. No variable. */
  readonly onConnect?: ConnectionHook
  /** Runs on each connection that is handed out; rejecting as for `onConnect`. With it no connection is shared: what it
   *  sets is for its borrower alone. Default: none. No variable. */
  readonly onBorrow?: ConnectionHook
  /** Gets what `leakThresholdMs` finds: the borrower's stack and the query's name. Default: `process.emitWarning`. No
   *  variable. */
  readonly onLeak?: LeakHook
}

/** The options of the pool, all known; what they mean is told by {@link PoolOptions}. */
export interface PoolConfig extends PoolLimits {
  /** false: each unit of work has a connection of its own. */
  readonly keepsConnections: boolean
  readonly onConnect: ConnectionHook | null
  readonly onBorrow: ConnectionHook | null
  /** null: `process.emitWarning`. */
  readonly onLeak: LeakHook | null
}

type PoolLimits = Required<Omit<PoolOptions, 'onConnect' | 'onBorrow' | 'onLeak'>>
