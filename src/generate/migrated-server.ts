/** A server of its own for one run, with the project's migrations applied. */

import { join } from 'node:path'
import { Client } from 'pg'
import type { ServerTarget } from '../config.js'
import { startEmbeddedServer } from '../embedded/server.js'
import { clientConfig } from '../engine/client.js'
import { migrateUp } from '../migrate/runner.js'
import { Secret } from '../secret.js'

/** Runs work beside a new server that has the migrations of a folder, and stops the server after it.
 *  @throws {EmbeddedServerError} when the server cannot be started
 *  @throws {MigrationError} when a migration fails */
export async function withMigratedServer<T>(
  project: string,
  work: (server: ServerTarget, client: Client) => Promise<T>,
): Promise<T> {
  const embedded = await startEmbeddedServer({ folder: 'temp' })
  try {
    const { host, port, user, password, database } = embedded
    const server: ServerTarget = { host, port, user, password: new Secret(password), database, tls: 'disable' }
    await migrateUp(server, { folder: join(project, 'migrations') })
    const client = new Client(clientConfig({ server, commandTimeoutMs: null, applicationName: 'ashlar generate' }))
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(server, client)
    } finally {
      await client.end()
    }
  } finally {
    await embedded.close()
  }
}
