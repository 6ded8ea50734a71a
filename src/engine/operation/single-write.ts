/** One statement or load with an operation id: one exchange with BEGIN, the operation's row and the write, and one with the
 *  result and COMMIT. */

import { DataAccessError, TransactionError, ValidationError } from '../../errors.js'
import { sendOn } from '../connection.js'
import type { CopyLoad } from '../copy/load.js'
import { startCopy } from '../copy/running-copy.js'
import { endsTransaction } from '../leading-word.js'
import type { Pool } from '../pool/pool.js'
import type { PooledConnection } from '../pool/pooled-connection.js'
import { noteUse } from '../pool/session-changes.js'
import { aborted, type Stop, stoppable } from '../pool/stoppable.js'
import type { RawResult } from '../session.js'
import { beginSql, sessionSql } from '../session-sql.js'
import type { Statement } from '../statement.js'
import { tellUnreadable } from '../unreadable.js'
import type { WireValue } from '../wire/message-writer.js'
import type { Prefix } from '../wire/prefix.js'
import { type KeptRows, toKept, toResult } from './kept-rows.js'
import { beginOperation, beginOrRecall, keepResult, type Operation, operationOf } from './operation.js'
import { resultText } from './result-text.js'

const begin: Prefix = { statement: beginSql(''), values: [] }

/** Under which circumstances. */
interface Surroundings {
  readonly pool: Pool
  readonly connection: PooledConnection
  readonly stop: Stop | null
  /** Sets the server's own limit, where the call has one, and the actor. */
  readonly settings: readonly Prefix[]
  readonly actorId: string | undefined
}

/** Runs a statement once and for all.
 *  @throws {DataAccessError} when it was not executed, or its outcome is unknown */
export async function writeOnce(
  surroundings: Surroundings,
  operationId: string,
  statement: Statement,
  values: readonly WireValue[],
): Promise<RawResult> {
  const { query, text } = statement
  if (endsTransaction(statement)) {
    throw new ValidationError(query, [{ path: 'operationId', message: 'is not for what ends a transaction' }])
  }
  const { connection, pool, stop, actorId } = surroundings
  const operation = operationOf(operationId, { kind: 'statement', query, text, values })
  return once(surroundings, operation, async (prefix) => {
    const context = { query, isOutcomeAtStake: false, isInTransaction: true, actorId }
    const answer = sendOn(connection.wire, statement, values, context, prefix)
    const result = await (stop === null ? answer : stoppable(answer, connection, pool, stop, { context }))
    noteUse(connection, statement, result)
    return result
  })
}

/** Runs a load once and for all. Of its rows nothing is known before they are sent: another load of the same columns under
 *  the same id is taken for this one, and its source is never asked for a row.
 *  @throws {DataAccessError} when nothing was kept, or the outcome is unknown */
export function loadOnce(surroundings: Surroundings, operationId: string, load: CopyLoad): Promise<RawResult> {
  const { connection, pool, stop, actorId } = surroundings
  const { query, copyText } = load
  const operation = operationOf(operationId, { kind: 'load', query, text: copyText, values: [] })
  return once(surroundings, operation, (prefix) => {
    connection.uses += 1
    const copy = startCopy(connection.wire, load, { isInTransaction: true, prefix, actorId })
    return stop === null ? copy.result : stoppable(copy.result, connection, pool, stop, copy)
  })
}

async function once(
  { pool, connection, stop, settings, actorId }: Surroundings,
  operation: Operation,
  write: (prefix: readonly Prefix[]) => Promise<RawResult>,
): Promise<RawResult> {
  const { query } = operation
  const prefix = [begin, ...settings, beginOperation(operation, true)]
  const outcome = await beginOrRecall(pool, connection, operation, () => write(prefix)).catch((error: unknown) => {
    // A value of its answer cannot be given: nothing is committed.
    throw error instanceof DataAccessError ? error : tellUnreadable(error, query, '')
  })
  if ('value' in outcome) return toResult(outcome.value as KeptRows)
  const result = outcome.begun
  if (result.status !== 'T')
    throw new TransactionError(`${query}: the statement ended the transaction of its operation`)
  const text = await resultText(query, toKept(result))
  // A cancel request on its way would hit the COMMIT.
  if (connection.cancelling !== null) await connection.cancelling
  if (stop?.signal?.aborted) throw aborted(query)
  await commit(connection, operation, text, actorId)
  return { ...result, status: 'I' }
}

async function commit(
  connection: PooledConnection,
  operation: Operation,
  text: string,
  actorId: string | undefined,
): Promise<void> {
  const { query } = operation
  connection.isCommitting = true
  const context = { query, isOutcomeAtStake: true, isInTransaction: true, actorId }
  const { command } = await sendOn(connection.wire, sessionSql.commit, [], context, [keepResult(operation, text)])
  if (command === 'ROLLBACK') throw new TransactionError(`${query}: the server rolled it back at COMMIT`)
}
