/** Sends one statement on one wire, or has a cursor's next rows come, and maps what fails. */

import { maySplit } from './leading-word.js'
import { type FailureContext, mapError } from './map-error.js'
import type { RawResult } from './session.js'
import type { Statement } from './statement.js'
import type { Cursor } from './wire/cursor.js'
import type { WireValue } from './wire/message-writer.js'
import { NO_PREFIX, type Prefix } from './wire/prefix.js'
import { type OnSettled, StatementExchange } from './wire/statement-exchange.js'
import type { Wire } from './wire/wire.js'

/** Sends a statement with its encoded values. `prefix` goes before it, in the same exchange.
 *  @throws {DataAccessError} whatever {@link mapError} makes of the failure */
export async function sendOn(
  wire: Wire,
  statement: Statement,
  values: readonly WireValue[],
  context: FailureContext,
  prefix: readonly Prefix[] = NO_PREFIX,
): Promise<RawResult> {
  try {
    return await settled((onSettled) => wire.send(new StatementExchange(statement, values, onSettled, prefix)))
  } catch (error) {
    const isSplit = context.isInTransaction !== true && maySplit(statement)
    // Made here and not where the answer arrives, so that its stack leads back to the caller.
    throw mapError(error, isSplit ? { ...context, isSplit } : context, values)
  }
}

/** Has the next batch of a cursor come. `prefix` goes before it.
 *  @throws {DataAccessError} whatever {@link mapError} makes of the failure */
export async function fetchOn(
  wire: Wire,
  cursor: Cursor,
  context: FailureContext,
  prefix: readonly Prefix[],
): Promise<RawResult> {
  try {
    return await settled((onSettled) => {
      wire.send(cursor.fetch(onSettled, prefix))
      // Else it would be sent when the consumer has worked through the rows it has: that happens in microtasks, before
      // which the wire does not come to flush.
      wire.flush()
    })
  } catch (error) {
    throw mapError(error, context, cursor.values)
  }
}

/** Closes a cursor's portal.
 *  @throws {DataAccessError} whatever {@link mapError} makes of the failure */
export async function closeOn(wire: Wire, cursor: Cursor, context: FailureContext): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      wire.send(cursor.close((error) => (error === null ? resolve() : reject(error))))
    })
  } catch (error) {
    throw mapError(error, context)
  }
}

function settled(send: (onSettled: OnSettled) => void): Promise<RawResult> {
  return new Promise((resolve, reject) => {
    send((error, result) => {
      if (result === null) reject(error)
      else resolve(result)
    })
  })
}
