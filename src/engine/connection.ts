/** Sends one statement on one pg client; the one place that knows pg's calling convention. */

import type { ClientBase, QueryArrayConfig, QueryArrayResult } from 'pg'
import { type FailureContext, mapError } from './map-error.js'
import type { RawResult } from './session.js'
import type { Statement } from './statement.js'

/** The form of pg's `query` that is used here; @types/pg knows it for texts only. */
interface CallbackClient {
  query(
    config: QueryArrayConfig,
    values: undefined,
    callback: (error: Error | null, result: QueryArrayResult<(string | null)[]>) => void,
  ): void
}

/** Sends a statement with its encoded values on one client.
 *  @throws {DataAccessError} whatever {@link mapError} makes of the failure */
export async function sendOn(
  client: ClientBase,
  statement: Statement,
  values: unknown[],
  context: FailureContext,
): Promise<RawResult> {
  try {
    return await exchange(client, statement, values)
  } catch (error) {
    // Made here and not in pg's callback, so that its stack leads back to the caller.
    throw mapError(error, context, values)
  }
}

/** By callback: pg's own promise costs a stack trace and two more turns of the microtask queue on each call. */
function exchange(client: ClientBase, statement: Statement, values: unknown[]): Promise<RawResult> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, result: QueryArrayResult<(string | null)[]>): void => {
      if (error) reject(error)
      else resolve(result)
    }
    ;(client as unknown as CallbackClient).query(toConfig(statement, values), undefined, settle)
  })
}

function toConfig({ preparedName, text }: Statement, values: unknown[]): QueryArrayConfig {
  // The extended protocol refuses several statements in one text, so no value can smuggle in a second one.
  const config = { text, values, rowMode: 'array' as const, queryMode: 'extended' }
  return preparedName === null ? config : { ...config, name: preparedName }
}
