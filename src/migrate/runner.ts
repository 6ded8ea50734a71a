/** Applies and reverts migrations by node-pg-migrate, so that its own command and ashlar's can follow each other. */

import { Client, DatabaseError } from 'pg'
import { defaults, type ServerTarget } from '../config.js'
import { connecting, mapError } from '../engine/map-error.js'
import { clientConfig, hangUp } from '../engine/pool.js'
import { DataAccessError, MigrationError, ScrubbedCause } from '../errors.js'
import { ownMigrations, readMigrations } from './files.js'
import { LEDGER } from './status.js'

/** What {@link migrateUp} and {@link migrateDown} take beside the server. */
export interface MigrateOptions {
  /** Folder of the `.sql` files. Default: ashlar's own migrations. */
  readonly folder?: string
  /** How many at the most. Default: all for up, 1 for down. */
  readonly count?: number
  /** Called before each migration with its name. */
  readonly onMigration?: (name: string) => void
}

/** Applies pending migrations in one transaction, waiting for another runner to finish first. Gives their names.
 *  @throws {MigrationError} when a file is malformed or its SQL fails; nothing is applied then
 *  @throws {ConnectionError} when the server cannot be reached */
export function migrateUp(server: ServerTarget, options: MigrateOptions = {}): Promise<readonly string[]> {
  return migrate(server, 'up', options)
}

/** Reverts the latest migrations in one transaction. Gives their names.
 *  @throws {MigrationError} when a file is malformed or its SQL fails; nothing is reverted then
 *  @throws {ConnectionError} when the server cannot be reached */
export function migrateDown(server: ServerTarget, options: MigrateOptions = {}): Promise<readonly string[]> {
  return migrate(server, 'down', options)
}

async function migrate(server: ServerTarget, direction: 'up' | 'down', options: MigrateOptions) {
  const { folder = ownMigrations, count, onMigration } = options
  await readMigrations(folder)
  const { runner } = await import('node-pg-migrate')
  let current: string | undefined
  const info = (message: string): void => {
    const name = /^### MIGRATION (\S+) /.exec(message)?.[1]
    if (name === undefined) return
    current = name
    onMigration?.(name)
  }
  return withClient(server, async (client) => {
    const run = await runner({
      dbClient: client,
      dir: folder,
      direction,
      schema: 'public',
      migrationsTable: LEDGER.table,
      migrationsSchema: LEDGER.schema,
      singleTransaction: true,
      advisoryLockMode: 'wait',
      logger: { info, warn() {}, error() {} },
      ...(count === undefined ? {} : { count }),
    }).catch((error: unknown) => {
      throw migrationFailed(error, direction, current)
    })
    return run.map(({ name }) => name)
  })
}

function migrationFailed(error: unknown, direction: string, name: string | undefined): DataAccessError {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof DatabaseError)) {
    return name === undefined ? new MigrationError(message) : mapError(error, { query: name, isOutcomeAtStake: true })
  }
  const cause = new ScrubbedCause({ name: error.name, message, code: error.code, routine: error.routine })
  if (name === undefined) return new MigrationError(`migrate ${direction}: ${message}`, { cause })
  return new MigrationError(`${name}.sql (${direction}): ${message}; nothing of this run was kept`, {
    file: `${name}.sql`,
    cause,
  })
}

/** A client of its own for each run: after a failure its session still holds the migration lock. */
async function withClient<T>(server: ServerTarget, work: (client: Client) => Promise<T>): Promise<T> {
  const config = {
    ...clientConfig({ server, ...migrationLimits }),
    connectionTimeoutMillis: defaults.pool.connectTimeoutMs,
  }
  const client = new Client(config)
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    hangUp(client)
    throw mapError(error, { ...connecting, query: 'migrate' })
  }
  try {
    return await work(client)
  } catch (error) {
    if (error instanceof DataAccessError) throw error
    throw mapError(error, { query: 'migrate', isOutcomeAtStake: false })
  } finally {
    await client.end().catch(() => {})
  }
}

/** A migration may take as long as it takes. */
const migrationLimits = { commandTimeoutMs: null, applicationName: 'ashlar migrate' }
