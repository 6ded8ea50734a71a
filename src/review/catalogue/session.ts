/** A connection for the catalogue: values come as pg makes them, as tools over pg expect. */

import { types } from 'pg'
import type { ServerTarget } from '../../config.js'
import { closeClient, openClient } from '../../engine/client.js'
import type { Executor } from '../../engine/executor.js'
import { mapError } from '../../engine/map-error.js'

/** What can run a statement. */
export type Session = Pick<Executor, 'query'>

/** A session of its own. */
export interface CatalogueSession extends Session {
  close(): Promise<void>
}

const APPLICATION = 'ashlar schema diff'

/** How a session is made, and what its errors are. */
export interface CatalogueSessionOptions {
  readonly connectTimeoutMs: number
  /** Longest statement, in ms. null: no limit. */
  readonly commandTimeoutMs: number | null
  /** Whether errors come as the server words them: where statements are only tried. Default false. */
  readonly isTrial?: boolean
}

/** Opens a session.
 *  @throws {ConnectionError} when none can be made */
export async function openCatalogueSession(
  server: ServerTarget,
  { isTrial = false, ...limits }: CatalogueSessionOptions,
): Promise<CatalogueSession> {
  const client = await openClient(server, { ...limits, applicationName: APPLICATION }, APPLICATION)
  return {
    async query<R>(text: string, values: readonly unknown[] = []) {
      try {
        const { rows } = await client.query({ text, values: [...values], types })
        return rows as R[]
      } catch (error) {
        throw isTrial ? error : mapError(error, { query: APPLICATION, isOutcomeAtStake: false })
      }
    },
    close: () => closeClient(client),
  }
}
