/** The session of a run. It holds the migration lock to its end. */

import type { ServerTarget } from '../config.js'
import { defaults } from '../config.js'
import { closeClient, type LimitedClient, openClient } from '../engine/client.js'
import type { Executor } from '../engine/executor.js'
import { sessionOn } from '../engine/lone-session.js'

/** A client of its own, in two ways of use. */
export interface RunSession {
  readonly client: LimitedClient
  readonly db: Pick<Executor, 'query'>
}

/** A migration may take as long as it takes, and pause between attempts: settings of the role must not end it. */
const NO_LIMITS = `SELECT set_config(name, '0', FALSE)
FROM pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')`

/** As node-pg-migrate's command does. */
export const SEARCH_PATH = 'SET search_path TO "public"'

/** Without it the server works on, with all locks held, for a program that was killed. Not every system can tell. */
const NOTICE_DEATH = "SET client_connection_check_interval = '1s'"

/** Runs work with a session, and closes it. */
export async function withRunSession<T>(
  server: ServerTarget,
  connectTimeoutMs: number = defaults.pool.connectTimeoutMs,
  work: (session: RunSession) => Promise<T>,
): Promise<T> {
  const limits = { connectTimeoutMs, commandTimeoutMs: null, applicationName: 'ashlar migrate' }
  const client = await openClient(server, limits, 'migrate')
  try {
    return await work({ client, db: sessionOn(client, 'migrate') })
  } finally {
    await closeClient(client)
  }
}

/** Readies a session for writing. Gives the process id of its server process. */
export async function settle({ db }: RunSession): Promise<number> {
  await db.query(NO_LIMITS)
  await db.query(SEARCH_PATH)
  await db.query(NOTICE_DEATH).catch(() => {})
  const [row] = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return row?.pid ?? 0
}
