/** Transactions with an operation id: the row is inserted before the callback is called, and the callback's result goes with
 *  COMMIT. */

import type { Channel } from '../channel.js'
import type { Pool } from '../pool/pool.js'
import type { PooledConnection } from '../pool/pooled-connection.js'
import type { Stop } from '../pool/stoppable.js'
import type { Statement } from '../statement.js'
import type { Prefix } from '../wire/prefix.js'
import { beginOperation, beginOrRecall, keepResult, type Operation, operationOf, type Recalled } from './operation.js'
import { resultText } from './result-text.js'

/** A transaction that is to take effect once. */
export interface OnceTransaction {
  /** Opens the transaction; gives what it gave where it was committed before.
   *  @throws {ValidationError} when the id is of another call */
  open(): Promise<Recalled | null>
  /** Gives what goes before COMMIT.
   *  @throws {TransactionError} when the result cannot be kept */
  keep(result: unknown): Promise<readonly Prefix[]>
}

/** `begin` is what the channel was given to open the transaction. */
export function transactionOnce(
  operationId: string,
  on: { readonly pool: Pool; readonly connection: PooledConnection; readonly channel: Channel },
  begin: Statement,
  stop: Stop | null,
): OnceTransaction {
  // What its callback does is known to nobody.
  const operation = operationOf(operationId, { kind: 'transaction', query: 'transaction', text: '', values: [] })
  return {
    async open() {
      const outcome = await beginOrRecall(on.pool, on.connection, operation, sender(on.channel, operation, begin, stop))
      return 'value' in outcome ? outcome : null
    },
    async keep(result) {
      return [keepResult(operation, await resultText(operation.query, result))]
    },
  }
}

function sender(channel: Channel, operation: Operation, begin: Statement, stop: Stop | null): () => Promise<unknown> {
  // Nothing is set for the session: a callback may take its time between two statements.
  const { statement, values } = beginOperation(operation, false)
  let isFirst = true
  return () => {
    // What the channel was given went with the first attempt.
    if (!isFirst) channel.begin(begin)
    isFirst = false
    return channel.send(statement, values, stop)
  }
}
