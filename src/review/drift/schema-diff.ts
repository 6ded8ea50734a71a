/** Drift: whether a live database has the schema that the migrations yield. */

import { defaults, type ServerTarget } from '../../config.js'
import { openLoneSession } from '../../engine/lone-session.js'
import { MigrationError } from '../../errors.js'
import { type Scratch, withMigratedServer } from '../../generate/migrated-server.js'
import { sourcesOf } from '../../migrate/source.js'
import { migrationStatus } from '../../migrate/status.js'
import { compareCatalogues, type Difference } from '../catalogue/compare-catalogues.js'
import { readCatalogue, readKeptTables } from '../catalogue/read-catalogue.js'
import { type CatalogueSession, openCatalogueSession, type Session } from '../catalogue/session.js'
import { makeDraft, type SchemaDraft } from './make-draft.js'
import { inWordsOfIdle } from './printed.js'
import { openScratch } from './scratch.js'
import { sameOnAll } from './server-versions.js'

/** What {@link diffSchema} takes beside project and server. */
export interface SchemaDiffOptions {
  /** Whether privileges are compared. Default false. */
  readonly privileges?: boolean
  /** Schemas that are not the project's, such as another application's. Default: none. */
  readonly ignoredSchemas?: readonly string[]
  /** Whether to write the draft. Default true. */
  readonly draft?: boolean
  /** Whether the draft takes the database back to the migrations, not the migrations to the database. Default false. */
  readonly undo?: boolean
  /** Longest time to make the connection, in ms. Default 5,000. */
  readonly connectTimeoutMs?: number
}

/** What a comparison found. */
export interface SchemaDiff {
  readonly database: string
  /** Migrations that the database does not have yet: what they make counts as missing, and there is no draft. */
  readonly pending: readonly string[]
  /** Migrations that are applied there, and are not among the files. */
  readonly unknown: readonly string[]
  /** Empty: the schemas are equal. */
  readonly differences: readonly Difference[]
  /** Null when nothing differs, it was not asked for, or migrations are pending. */
  readonly draft: SchemaDraft | null
  readonly durationMs: number
}

/** Longest wait for a lock that another session holds on a live table, in ms. */
const LOCK_TIMEOUT_MS = 5_000

/** Compares a live database with what ashlar's migrations and those of a project, if any, yield on a server of its own,
 *  and drafts the SQL that a migration would need. The live database is only read. The draft is tried in both directions, and what it does not
 *  cover is told. Takes some seconds.
 *  @param open gives another database than one of a new server
 *  @throws {EmbeddedServerError} when the embedded server is not installed or cannot be started
 *  @throws {MigrationError} when the database has none of ashlar's migrations, or one of them is malformed or fails
 *  @throws {ConnectionError} when the live database cannot be reached */
export async function diffSchema(
  project: string | null,
  server: ServerTarget,
  options: SchemaDiffOptions = {},
  open?: () => Promise<Scratch>,
): Promise<SchemaDiff> {
  const start = performance.now()
  const { connectTimeoutMs = defaults.pool.connectTimeoutMs } = options
  const live = await openCatalogueSession(server, { connectTimeoutMs, commandTimeoutMs: defaults.commandTimeoutMs })
  try {
    await live.query('SET default_transaction_read_only = on')
    await live.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`)
    const standing = await standingOf(server, project, connectTimeoutMs)
    const isDrafted = options.draft !== false && standing.pending.length === 0
    const { database } = server
    const compared = await withMigratedServer(
      project,
      async (own, client) => {
        // Copies are made of a database to which nobody is connected.
        await client.end()
        return compareWith(own, { live, database }, { ...options, draft: isDrafted })
      },
      open,
    )
    return { database, ...standing, ...compared, durationMs: Math.round(performance.now() - start) }
  } finally {
    await live.close()
  }
}

/** On a session of its own: migrations are read as the engine gives rows, the catalogue as pg does. */
async function standingOf(
  server: ServerTarget,
  project: string | null,
  connectTimeoutMs: number,
): Promise<Pick<SchemaDiff, 'pending' | 'unknown'>> {
  const { commandTimeoutMs } = defaults
  const session = await openLoneSession(server, {
    connectTimeoutMs,
    commandTimeoutMs,
    applicationName: 'ashlar schema diff',
  })
  const { applied, pending, missing } = await migrationStatus(session, sourcesOf(project)).finally(() =>
    session.close(),
  )
  if (!applied.some(({ source }) => source === 'ashlar')) {
    throw new MigrationError('the database has none of the migrations: run `ashlar migrate up` first')
  }
  return { pending: pending.map(({ name }) => name), unknown: missing.map(({ name }) => name) }
}

async function compareWith(
  own: ServerTarget,
  { live, database }: { readonly live: CatalogueSession; readonly database: string },
  { privileges = false, ignoredSchemas = [], draft = true, undo = false }: SchemaDiffOptions,
): Promise<Pick<SchemaDiff, 'differences' | 'draft'>> {
  const [fresh, version] = await withFresh(own, async (session) => {
    return [await readKeptTables(session), await versionOf(session)] as const
  })
  // A role that may not read the list of the live database still knows the tables that the migrations put there.
  const scope = { privileges, ignoredSchemas, keptTables: [...fresh, ...(await readKeptTables(live))] }
  const liveVersion = await versionOf(live)
  const isOtherVersion = liveVersion !== version
  const [wanted, found] = await withFresh(own, async (session) => {
    const read = () => readCatalogue(session, scope)
    const right = await read()
    const there = sameOnAll(await readCatalogue(live, scope), right, [liveVersion, version])
    return [right, isOtherVersion ? await inWordsOfIdle(session, right, there, read) : there] as const
  })
  const differences = await compareCatalogues(wanted, found)
  if (!draft || differences.length === 0) return { differences, draft: null }
  return {
    differences,
    draft: await makeDraft({ own, wanted, live, found, scope, database, isUndo: undo, isOtherVersion }),
  }
}

async function withFresh<T>(own: ServerTarget, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openScratch(own)
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

async function versionOf(session: Session): Promise<number> {
  const [row] = await session.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version`,
  )
  return row?.version ?? 0
}
