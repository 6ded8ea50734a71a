/** The connection of one transaction, one statement at a time: pg warns of queues on a client that does not pipeline. */

import type { Client } from 'pg'
import { type DataAccessError, QueryError, TransactionError } from '../errors.js'
import { sendOn } from './connection.js'
import { spoilsConnection } from './map-error.js'
import type { RawResult } from './session.js'
import type { Statement } from './statement.js'

export interface Channel {
  /** @throws {TransactionError} when the transaction has ended, also when this statement ended it (a raw COMMIT) */
  send(statement: Statement, values?: unknown[]): Promise<RawResult>
  /** Sends COMMIT, and refuses whatever comes later: the connection may be another caller's by then. */
  last(statement: Statement): Promise<RawResult>
  /** Refuses whatever comes later. */
  close(): void
  /** Whether the connection must not be used again. */
  isSpoiled(): boolean
  /** The last error, but for those that only echo an earlier one. */
  lastFailure(): DataAccessError | undefined
  /** Resolves when nothing is in flight any more. */
  idle(): Promise<void>
}

/** Makes the channel of a borrowed connection. */
export function createChannel(client: Client): Channel {
  let tail: Promise<unknown> = Promise.resolve()
  let isSpoiled = false
  let isClosed = false
  let lastFailure: DataAccessError | undefined

  async function exchange(statement: Statement, values: unknown[], isLast: boolean): Promise<RawResult> {
    const context = { query: statement.query, isOutcomeAtStake: isLast, isInTransaction: true }
    const result = await sendOn(client, statement, values, context)
    if (!isLast && client.getTransactionStatus() === 'I') {
      isClosed = true
      throw new TransactionError(
        `${statement.query}: the statement ended the transaction; use none of COMMIT and ROLLBACK`,
      )
    }
    return result
  }

  async function enqueue(statement: Statement, values: unknown[], isLast: boolean): Promise<RawResult> {
    if (isClosed) throw ended()
    isClosed = isLast
    const sent = tail.then(() => exchange(statement, values, isLast))
    tail = sent.catch((error: unknown) => {
      const failure = error as DataAccessError
      isSpoiled ||= spoilsConnection(failure)
      // "Transaction is aborted" only echoes the failure that aborted it.
      if (!(failure instanceof QueryError && failure.sqlState === '25P02')) lastFailure = failure
    })
    return sent
  }

  return {
    send: (statement, values = []) => enqueue(statement, values, false),
    last: (statement) => enqueue(statement, [], true),
    close() {
      isClosed = true
    },
    isSpoiled: () => isSpoiled,
    lastFailure: () => lastFailure,
    idle: () => tail.then(() => {}),
  }
}

/** What use after the end gets. */
export function ended(): TransactionError {
  return new TransactionError('the transaction has ended; await all its calls inside its callback')
}
