/** Transactions and savepoints over one borrowed connection. */

import { TransactionError } from '../errors.js'
import { type Channel, createChannel, ended } from './channel.js'
import type { Pool } from './pool.js'
import type { TransactionalSession } from './session.js'
import { savepointSql, sessionSql } from './session-sql.js'

/** Gives the pool as a session that can open transactions. */
export function transactional(pool: Pool): TransactionalSession {
  return {
    send: pool.send,
    transaction: (work) => runTransaction(pool, work),
  }
}

async function runTransaction<T>(pool: Pool, work: Work<T>): Promise<T> {
  const lease = await pool.acquire()
  const channel = createChannel(lease.client)
  const scope = createScope(channel, 1)
  try {
    await channel.send(sessionSql.begin)
    const result = await work(scope.session)
    await scope.close()
    await commit(channel)
    return result
  } catch (error) {
    await scope.end()
    throw error
  } finally {
    channel.close()
    // Rolls back what was not committed.
    await lease.release(channel.isSpoiled())
  }
}

async function commit(channel: Channel): Promise<void> {
  const { command } = await channel.last(sessionSql.commit)
  // After a failed statement whose error was swallowed, the server answers COMMIT with ROLLBACK, and no error.
  if (command === 'ROLLBACK') throw rolledBack('transaction', channel)
}

function rolledBack(scope: string, channel: Channel): TransactionError {
  return new TransactionError(`the ${scope} was rolled back: an earlier statement in it had failed`, {
    cause: channel.lastFailure(),
  })
}

type Work<T> = (session: TransactionalSession) => Promise<T>

/** The life of one transaction or savepoint: open, waiting for a nested one, or ended. */
interface Scope {
  readonly session: TransactionalSession
  /** Ends it as resolved.
   *  @throws {TransactionError} when a nested one is still open: nobody waits for its outcome */
  close(): Promise<void>
  /** Ends it: refuses further use, of nested ones too, and waits for what is in flight. */
  end(): Promise<void>
  /** Ends it from outside: the outer one decides what becomes of it, and it must send nothing any more. */
  abandon(): Promise<void>
  isAbandoned(): boolean
}

function createScope(channel: Channel, depth: number): Scope {
  let isEnded = false
  let isAbandoned = false
  let child: Scope | null = null

  function assertOpen(): void {
    if (isEnded) throw ended()
    if (child !== null) throw new TransactionError('a nested transaction is open; use that one, or await it first')
  }

  async function nested<T>(work: Work<T>): Promise<T> {
    assertOpen()
    child = createScope(channel, depth + 1)
    try {
      return await runSavepoint(channel, depth, child, work)
    } finally {
      child = null
    }
  }

  async function end(): Promise<void> {
    isEnded = true
    await child?.abandon()
    await channel.idle()
  }

  return {
    session: {
      async send(statement, values) {
        assertOpen()
        return channel.send(statement, values)
      },
      transaction: nested,
    },
    async close() {
      const isChildOpen = child !== null
      await end()
      if (isChildOpen) throw new TransactionError('a nested transaction was still open; await it inside the callback')
    },
    end,
    async abandon() {
      isAbandoned = true
      await end()
    },
    isAbandoned: () => isAbandoned,
  }
}

async function runSavepoint<T>(channel: Channel, depth: number, scope: Scope, work: Work<T>): Promise<T> {
  const savepoint = savepointSql(depth)
  try {
    await channel.send(savepoint.open)
    const result = await work(scope.session)
    await scope.close()
    if (scope.isAbandoned()) throw ended()
    await channel.send(savepoint.release).catch((error: unknown) => {
      throw channel.isSpoiled() ? error : rolledBack('nested transaction', channel)
    })
    return result
  } catch (error) {
    await scope.end()
    if (!scope.isAbandoned()) await undo(channel, savepoint)
    throw error
  }
}

/** Rolling back alone would leave the savepoint behind. Both are queued at once, so that nothing comes between them;
 *  when they fail, COMMIT will be answered by ROLLBACK. */
async function undo(channel: Channel, { rollBack, release }: ReturnType<typeof savepointSql>): Promise<void> {
  await Promise.allSettled([channel.send(rollBack), channel.send(release)])
}
