/** A server of its own for one run, with the project's migrations applied. */

import { Client } from 'pg'
import type { ServerTarget } from '../config.js'
import { startEmbeddedServer } from '../embedded/server.js'
import { clientConfig } from '../engine/client.js'
import { migrateUp } from '../migrate/runner.js'
import { sourcesOf } from '../migrate/source.js'
import { Secret } from '../secret.js'

/** A database for one run, which nobody else uses. */
export interface Scratch {
  readonly server: ServerTarget
  close(): Promise<void>
}

/** Runs work beside a new server that has ashlar's migrations and those of a project, if any, and stops the server after it.
 *  @param open gives another database than one of a new server
 *  @throws {EmbeddedServerError} when the server cannot be started
 *  @throws {MigrationError} when a migration fails */
export async function withMigratedServer<T>(
  project: string | null,
  work: (server: ServerTarget, client: Client) => Promise<T>,
  open: () => Promise<Scratch> = openEmbedded,
): Promise<T> {
  const { server, close } = await open()
  try {
    await migrateUp(server, { sources: sourcesOf(project) })
    const client = new Client(clientConfig({ server, commandTimeoutMs: null, applicationName: 'ashlar generate' }))
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(server, client)
    } finally {
      await client.end()
    }
  } finally {
    await close()
  }
}

async function openEmbedded(): Promise<Scratch> {
  const { host, port, user, password, database, close } = await startEmbeddedServer({ folder: 'temp' })
  return { server: { host, port, user, password: new Secret(password), database, tls: 'disable' }, close }
}

/** Gives the last migration of each source of a project that is applied on a server. */
export async function lastMigrations(client: Client, project: string): Promise<Readonly<Record<string, string>>> {
  const last: Record<string, string> = {}
  for (const { name, table } of sourcesOf(project)) {
    const { rows } = await client.query<{ name: string }>(`SELECT name FROM public.${table} ORDER BY name DESC LIMIT 1`)
    for (const row of rows) last[name] = row.name
  }
  return last
}
