/** Servers with the migrations and the faults' table, all copies of one that is made once for the process. */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { migrateUp } from '../../src/migrate/runner.js'
import { type KillableServer, makeKillableServer, startKillableServer } from '../fixtures/killable-server.js'
import { withClient } from '../fixtures/standby-pair.js'
import { target } from '../fixtures/template.js'
import { CANARY_PASSWORD } from './canary.js'
import { INDEX, TABLE } from './operations.js'

let original: Promise<KillableServer> | null = null

/** Starts a prepared server; its folder goes when it is closed. */
export async function startPreparedServer(
  settings: Readonly<Record<string, string | number>> = {},
): Promise<KillableServer> {
  original ??= makeOriginal()
  const source = join((await original).folder, 'data')
  const server = await makeKillableServer({
    password: CANARY_PASSWORD,
    settings,
    // With its owners: the server's user is not ours when we are root.
    makeData: async ({ folder }) => void execFileSync('cp', ['-R', '-p', source, join(folder, 'data')]),
  })
  await server.start()
  return server
}

/** Applies the migrations, and makes the faults' table. */
export async function prepare(server: KillableServer): Promise<void> {
  await migrateUp(target(server, server.database))
  await runSql(server, [TABLE, INDEX])
}

/** Runs statements one by one, as the superuser. */
export async function runSql(server: KillableServer, statements: readonly string[]): Promise<void> {
  await withClient(server, async (client) => {
    for (const text of statements) await client.query(text)
  })
}

/** It ends with the process, which removes its folder. */
async function makeOriginal(): Promise<KillableServer> {
  const server = await startKillableServer({ password: CANARY_PASSWORD })
  await prepare(server)
  await server.stop()
  return server
}
