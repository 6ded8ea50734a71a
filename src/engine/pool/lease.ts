/** A connection in the hands of one borrower. */

import type { PoolConfig } from '../../pool-options.js'
import type { Monitor } from '../monitor/monitor.js'
import { runHook } from './hooks.js'
import { watchForLeak } from './leak-watch.js'
import type { PooledConnection } from './pooled-connection.js'

/** A borrowed connection. */
export interface Lease {
  readonly connection: PooledConnection
  /** Gives it back; `isBroken` cuts it instead. Without a pool it resolves when nothing of it is left open. */
  release(isBroken: boolean): Promise<void>
}

/** What a lease is made of. */
interface LeaseParts {
  readonly connection: PooledConnection
  /** The query that it is borrowed for. */
  readonly query: string
  /** Where it was borrowed; null where leaks are not looked for. */
  readonly borrower: Error | null
  readonly options: Pick<PoolConfig, 'leakThresholdMs' | 'onLeak' | 'onBorrow'>
  readonly monitor: Monitor
  readonly takeBack: (connection: PooledConnection, isBroken: boolean) => Promise<void>
}

/** Hands a connection out, when the program's hook has seen it.
 *  @throws {ConnectionError} when the hook rejects; the connection is closed then */
export async function lease({ connection, query, borrower, options, monitor, takeBack }: LeaseParts): Promise<Lease> {
  connection.borrower = query
  connection.borrowedAt = performance.now()
  connection.borrowedBy = borrower
  const endWatch = watchForLeak(connection, options, monitor)
  const release = (isBroken: boolean): Promise<void> => {
    endWatch()
    return takeBack(connection, isBroken)
  }
  if (options.onBorrow !== null) {
    try {
      await runHook(options.onBorrow, 'onBorrow', connection)
    } catch (error) {
      await release(true)
      throw error
    }
  }
  return { connection, release }
}
