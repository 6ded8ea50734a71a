/** One connection to a live database that only looks. */

import { Client } from 'pg'
import { resolveConfig } from '../../config.js'
import { reach } from '../../database.js'
import { clientConfig, closeClient, hangUp } from '../../engine/client.js'
import { findWriter } from '../../engine/hosts/find-writer.js'
import { connecting, mapError } from '../../engine/map-error.js'

/** In ms. What waits longer for a lock waits for a migration that is going on; the reviewer can come back. */
const LOCK_TIMEOUT_MS = 2_000

/** Runs work on a connection in which nothing can be written. No transaction is kept open: a lock that preparing takes
 *  is free again at once. `url` null: as the environment says.
 *  @throws {ConnectionError} when there is no connection, or it is lost
 *  @throws {QueryError} when the server refuses to look something up */
export async function withLiveClient<T>(url: string | null, work: (client: Client) => Promise<T>): Promise<T> {
  const config = resolveConfig(url === null ? {} : { url })
  const { target, stop } = await reach(config.target)
  try {
    const server = await findWriter(target, config)
    const client = new Client({
      ...clientConfig({ server, commandTimeoutMs: config.commandTimeoutMs, applicationName: 'ashlar verify' }),
      connectionTimeoutMillis: config.pool.connectTimeoutMs,
    })
    client.on('error', () => {})
    try {
      await client.connect()
    } catch (error) {
      hangUp(client)
      throw mapError(error, { ...connecting, query: 'verify' })
    }
    try {
      await client.query(`SET default_transaction_read_only = on; SET lock_timeout = ${LOCK_TIMEOUT_MS}`)
      return await work(client)
    } catch (error) {
      // A mistake of ours is no failure of the connection.
      throw error instanceof TypeError ? error : mapError(error, { query: 'verify', isOutcomeAtStake: false })
    } finally {
      await closeClient(client)
    }
  } finally {
    await stop()
  }
}
