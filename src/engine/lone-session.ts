/** One connection without a pool: for work that is done once, and that must end whatever the network does. */

import type { ServerTarget } from '../config.js'
import { gatherRaw } from './binding.js'
import { closeClient, type LimitedClient, openClient, type SessionLimits } from './client.js'
import { sendOn } from './connection.js'
import type { Executor } from './executor.js'
import { rawStatement } from './statement.js'

/** A connection of its own. */
export interface LoneSession extends Pick<Executor, 'query'> {
  /** Closes the connection; does not wait for a network that is dead. */
  close(): Promise<void>
}

/** Opens a connection that runs raw statements.
 *  @throws {ConnectionError} when none can be made */
export async function openLoneSession(server: ServerTarget, limits: SessionLimits): Promise<LoneSession> {
  const client = await openClient(server, limits)
  return { ...sessionOn(client), close: () => closeClient(client) }
}

/** Runs raw statements on a client of {@link openClient}. `purpose` is what an error's message begins with. */
export function sessionOn(client: LimitedClient, purpose = 'query'): Pick<Executor, 'query'> {
  return {
    async query<R>(text: string, values: readonly unknown[] = []) {
      const statement = rawStatement(text)
      const context = { query: purpose, isOutcomeAtStake: false }
      const { rows } = await sendOn(client.wire, statement, gatherRaw(values), context)
      return rows as R[]
    },
  }
}
