/** What takes effect once: its row in core.operation is inserted first, in the transaction of the write, so that whoever
 *  comes later with the same id meets `operation_pkey` before anything else, and then finds the result. */

import { OutcomeUnknownError, TransactionError, UniqueViolationError, ValidationError } from '../../errors.js'
import { sendOn } from '../connection.js'
import type { Pool } from '../pool/pool.js'
import type { PooledConnection } from '../pool/pooled-connection.js'
import { sessionSql } from '../session-sql.js'
import type { Prefix } from '../wire/prefix.js'
import { type Call, fingerprintOf } from './fingerprint.js'
import { resultOf } from './result-text.js'

/** How often an operation whose row was there, and is gone, is begun. */
const MAX_ROUNDS = 10
const UNREADABLE = 'its operationId is known, and what it gave could not be read'

export interface Operation {
  readonly id: string
  /** The query's name. */
  readonly query: string
  readonly fingerprint: Buffer
}

/** What an operation gave when it was executed. */
export interface Recalled {
  readonly value: unknown
}

export function operationOf(id: string, call: Call): Operation {
  return { id, query: call.query, fingerprint: fingerprintOf(call) }
}

/** Gives what begins an operation, within its transaction. `isBrief`: nobody but the engine sends anything in it. */
export function beginOperation({ id, query, fingerprint }: Operation, isBrief: boolean): Prefix {
  const { beginBriefOperation, beginOperation: begin } = sessionSql
  return { statement: isBrief ? beginBriefOperation : begin, values: [id, query, fingerprint] }
}

/** Gives what goes before COMMIT. */
export function keepResult({ id }: Operation, text: string): Prefix {
  return { statement: sessionSql.keepResult, values: [id, text] }
}

/** Begins an operation by `begin`, which sends what {@link beginOperation} gives and whatever belongs to it, and gives what
 *  that gives; or what the operation gave before.
 *  @throws {ValidationError} when the id is of another call
 *  @throws {OutcomeUnknownError} when it was executed before, and what it gave could not be had */
export async function beginOrRecall<T>(
  pool: Pool,
  connection: PooledConnection,
  operation: Operation,
  begin: () => Promise<T>,
): Promise<{ readonly begun: T } | Recalled> {
  pool.onOperation()
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    try {
      return { begun: await begin() }
    } catch (error) {
      if (!isReplay(error)) throw error
    }
    const recalled = await recall(connection, operation)
    if (recalled === null) continue
    pool.monitor.tell({ type: 'operation-replayed', query: operation.query })
    return recalled
  }
  throw new OutcomeUnknownError(operation.query, undefined, UNREADABLE)
}

function isReplay(error: unknown): boolean {
  return (
    error instanceof UniqueViolationError && error.constraint === 'operation_pkey' && error.table === 'core.operation'
  )
}

/** Ends the transaction that met the row, and reads it. Null when it is gone: it was deleted since. */
async function recall(connection: PooledConnection, operation: Operation): Promise<Recalled | null> {
  const { id, query, fingerprint } = operation
  // A cancel request on its way would hit this.
  if (connection.cancelling !== null) await connection.cancelling
  // Cancelled while it waits for a standby, it would give a result that may be lost.
  connection.isCommitting = true
  const context = { query, isOutcomeAtStake: true }
  const answer = sendOn(connection.wire, sessionSql.recallOperation, [id, fingerprint], context, [
    { statement: sessionSql.rollback, values: [] },
  ])
  const { rows } = await answer.catch((error: unknown) => {
    // It was not executed now, but it was before, unless the id is of another call.
    if (error instanceof OutcomeUnknownError) throw error
    throw new OutcomeUnknownError(query, error, UNREADABLE)
  })
  connection.isCommitting = false
  connection.uses += 1
  const [row] = rows
  if (row === undefined) return null
  if (row.isSame !== true) {
    throw new ValidationError(query, [{ path: 'operationId', message: `was used by another call: ${row.query}` }])
  }
  if (row.result === null) {
    throw new TransactionError(`${query}: it was committed by a statement in it, so that its result was not kept`, {
      outcome: 'executed',
    })
  }
  return { value: await resultOf(row.result) }
}
