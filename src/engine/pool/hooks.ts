/** Runs a program's hooks on a connection. */

import { ConnectionError } from '../../errors.js'
import { gatherRaw } from '../binding.js'
import { sendOn } from '../connection.js'
import type { ConnectionHook } from '../pool-hooks.js'
import { rawStatement } from '../statement.js'
import type { PooledConnection } from './pooled-connection.js'

/** Runs a hook. What it sets stays: a hook is there to set it.
 *  @throws {ConnectionError} when the hook rejects; its `cause` is the hook's error */
export async function runHook(
  hook: ConnectionHook,
  name: 'onConnect' | 'onBorrow',
  connection: PooledConnection,
): Promise<void> {
  const context = { query: name, isOutcomeAtStake: false }
  try {
    await hook({
      async query<R>(text: string, values: readonly unknown[] = []) {
        const { rows } = await sendOn(connection.wire, rawStatement(text), gatherRaw(values), context)
        return rows as R[]
      },
    })
  } catch (error) {
    throw new ConnectionError(`pool.${name} rejected: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
