/** Applies and reverts migrations by node-pg-migrate, so that its own command and ashlar's can follow each other. */

import { type Client, DatabaseError } from 'pg'
import { defaults, type ServerTarget } from '../config.js'
import { closeClient, type LimitedClient, openClient } from '../engine/client.js'
import { sessionOn } from '../engine/lone-session.js'
import { mapError } from '../engine/map-error.js'
import { type DataAccessError, MigrationError, QueryError, ScrubbedCause } from '../errors.js'
import { ownMigrations, readMigrations } from './files.js'
import { takeMigrationLock } from './lock.js'
import { LEDGER, migrationStatus } from './status.js'

/** What {@link migrateUp} and {@link migrateDown} take beside the server. */
export interface MigrateOptions {
  /** Folder of the `.sql` files. Default: ashlar's own migrations. */
  readonly folder?: string
  /** How many at the most. Default: all for up, 1 for down. */
  readonly count?: number
  /** Called before each migration with its name. */
  readonly onMigration?: (name: string) => void
  /** Longest time to make the connection, in ms. Default 5,000. */
  readonly connectTimeoutMs?: number
  /** Longest wait for another runner to finish, in ms. null: no limit. Default 60,000. */
  readonly lockTimeoutMs?: number | null
}

/** Applies pending migrations in one transaction, waiting for another runner to finish first. Gives their names. Where
 *  nothing is pending, the role needs no more than to read the list of what is applied.
 *  @throws {MigrationError} when a file is malformed, its SQL fails, the role may not migrate, or another runner does not
 *    finish; nothing is applied then
 *  @throws {ConnectionError} when the server cannot be reached, or the connection is lost; nothing is applied then
 *  @throws {OutcomeUnknownError} when the connection is lost at COMMIT */
export function migrateUp(server: ServerTarget, options: MigrateOptions = {}): Promise<readonly string[]> {
  return migrate(server, 'up', options)
}

/** Reverts the latest migrations in one transaction, waiting for another runner to finish first. Gives their names.
 *  @throws {MigrationError} when a file is malformed, its SQL fails, the role may not migrate, or another runner does not
 *    finish; nothing is reverted then
 *  @throws {ConnectionError} when the server cannot be reached, or the connection is lost; nothing is reverted then
 *  @throws {OutcomeUnknownError} when the connection is lost at COMMIT */
export function migrateDown(server: ServerTarget, options: MigrateOptions = {}): Promise<readonly string[]> {
  return migrate(server, 'down', options)
}

type Direction = 'up' | 'down'

async function migrate(server: ServerTarget, direction: Direction, options: MigrateOptions) {
  const { folder = ownMigrations, lockTimeoutMs = defaults.migration.lockTimeoutMs } = options
  await readMigrations(folder)
  return withClient(server, options, async (client) => {
    const db = sessionOn(client, 'migrate')
    const isDone = async () => direction === 'up' && (await migrationStatus(db, folder)).pending.length === 0
    if (await isDone()) return []
    await takeMigrationLock(db, lockTimeoutMs)
    // Another runner may have done it all in the meantime.
    return (await isDone()) ? [] : run(client, direction, folder, options)
  })
}

async function run(
  client: Client,
  direction: Direction,
  folder: string,
  { count, onMigration }: MigrateOptions,
): Promise<readonly string[]> {
  const { runner } = await import('node-pg-migrate')
  const { watched, firstFailure } = watch(client)
  let current: string | undefined
  const info = (message: string): void => {
    const name = /^### MIGRATION (\S+) /.exec(message)?.[1]
    if (name === undefined) return
    current = name
    onMigration?.(name)
  }
  const done = await runner({
    dbClient: watched,
    dir: folder,
    direction,
    schema: 'public',
    migrationsTable: LEDGER.table,
    migrationsSchema: LEDGER.schema,
    singleTransaction: true,
    noLock: true,
    logger: { info, warn() {}, error() {} },
    ...(count === undefined ? {} : { count }),
  }).catch((error: unknown) => {
    const failure = firstFailure()
    throw failure === undefined ? ownFailure(error) : migrationFailed(failure, direction, current)
  })
  return done.map(({ name }) => name)
}

/** What a statement of a run failed with. */
interface Failure {
  readonly error: unknown
  readonly isOutcomeAtStake: boolean
}

/** Remembers what failed first: node-pg-migrate puts some errors, stack and all, into the message of another, and hides
 *  those of a lost connection behind that of its ROLLBACK. */
function watch(client: Client): { readonly watched: Client; readonly firstFailure: () => Failure | undefined } {
  let first: Failure | undefined
  const query = (async (text: string, values?: unknown[]) => {
    try {
      return await client.query(text, values)
    } catch (error) {
      first ??= { error, isOutcomeAtStake: text === 'COMMIT' }
      throw error
    }
  }) as Client['query']
  return { watched: Object.assign(Object.create(client) as Client, { query }), firstFailure: () => first }
}

/** What node-pg-migrate itself refuses, such as a file that is gone. */
function ownFailure(error: unknown): DataAccessError {
  return new MigrationError(error instanceof Error ? error.message : String(error))
}

function migrationFailed(
  { error, isOutcomeAtStake }: Failure,
  direction: Direction,
  name: string | undefined,
): DataAccessError {
  const query = name === undefined ? `migrate ${direction}` : `${name}.sql (${direction})`
  const mapped = mapError(error, { query, isOutcomeAtStake })
  if (!(error instanceof DatabaseError) || !(mapped instanceof QueryError)) return mapped
  const { message, code, routine } = error
  const cause = new ScrubbedCause({ name: error.name, message, code, routine })
  if (name !== undefined) {
    return new MigrationError(`${query}: ${message}; nothing of this run was kept`, { file: `${name}.sql`, cause })
  }
  const owner =
    code === '42501' ? `; the role must own ${LEDGER.schema}.${LEDGER.table}, the list of what is applied` : ''
  return new MigrationError(`${query}: ${message}${owner}`, { cause })
}

/** A client of its own for each run: its session holds the migration lock to its end. */
async function withClient<T>(
  server: ServerTarget,
  { connectTimeoutMs = defaults.pool.connectTimeoutMs }: MigrateOptions,
  work: (client: LimitedClient) => Promise<T>,
): Promise<T> {
  // A migration may take as long as it takes.
  const limits = { connectTimeoutMs, commandTimeoutMs: null, applicationName: 'ashlar migrate' }
  const client = await openClient(server, limits, 'migrate')
  try {
    return await work(client)
  } finally {
    await closeClient(client)
  }
}
