/** `ashlar verify`: proves that the queries of a previous release work on the new schema, so that both releases can run
 *  side by side while a deploy goes on. */

import { basename } from 'node:path'
import type { Client } from 'pg'
import { readNotNull, readTypeNames, readVolatility } from '../../generate/catalogue.js'
import type { Manifest } from '../../generate/manifest-file.js'
import { withMigratedServer } from '../../generate/migrated-server.js'
import { factsWanted, readSchemaFacts, type SchemaFacts } from '../../generate/schema-facts.js'
import { sortFindings } from '../finding.js'
import { type CheckContext, checkQuery } from './check-query.js'
import { culpritOf, newMigrations } from './culprit.js'
import type { Suspicion, VerifyFinding } from './finding.js'
import { withLiveClient } from './live-client.js'
import { readPlaces } from './places.js'
import { type Release, readRelease } from './release.js'
import { checkRules } from './rules.js'
import { schemaChanges } from './schema-changes.js'
import { hasWord } from './words.js'

/** What to verify. */
export interface VerifyOptions {
  /** The project whose migrations make the new schema. */
  readonly project: string
  /** Releases: manifests (`queries.json`), or folders or packages that hold one. */
  readonly against: readonly string[]
  /** A live database that has the new schema already, by its URL (null: as the environment says); null: a temporary
   *  server with the project's migrations. */
  readonly live: { readonly url: string | null } | null
}

/** What verifying gave. */
export interface VerifyReport {
  /** Those that break first. */
  readonly findings: readonly VerifyFinding[]
  readonly releases: readonly {
    readonly name: string
    readonly queries: number
    /** Statements that were prepared. */
    readonly variants: number
  }[]
}

/** Prepares every query and variant of the releases on the new schema, and compares what they take and give, and what of
 *  the schema they rely on. Executes none of them.
 *  @throws {VerifyError} when a release cannot be read
 *  @throws {MigrationError} when a migration fails
 *  @throws {EmbeddedServerError} when the temporary server cannot be started
 *  @throws {ConnectionError} when the live database cannot be reached */
export async function verify({ project, against, live }: VerifyOptions): Promise<VerifyReport> {
  const releases = distinct(await Promise.all(against.map(readRelease)), against)
  const work = async (client: Client): Promise<VerifyReport> => {
    const reports = []
    for (const release of releases) reports.push(await verifyRelease(client, project, release))
    const findings = sortFindings(reports.flatMap((report) => report.findings)) as readonly VerifyFinding[]
    return {
      findings: [...bySeverity(findings, 'breaks'), ...bySeverity(findings, 'notice')],
      releases: reports.map(({ name, queries, variants }) => ({ name, queries, variants })),
    }
  }
  return live === null ? withMigratedServer(project, (_, client) => work(client)) : withLiveClient(live.url, work)
}

/** Where two have one name, the path tells them apart. */
function distinct(releases: readonly Release[], paths: readonly string[]): readonly Release[] {
  return releases.map((release, index) => {
    const isAlone = releases.filter(({ name }) => name === release.name).length === 1
    const path = paths[index] ?? ''
    if (isAlone || path === release.name) return release
    return { ...release, name: basename(path) === release.name ? path : `${release.name} (${path})` }
  })
}

function bySeverity(findings: readonly VerifyFinding[], severity: VerifyFinding['severity']): readonly VerifyFinding[] {
  return findings.filter((finding) => finding.severity === severity)
}

const NOTHING: SchemaFacts = { tables: {}, enums: {} }

async function verifyRelease(client: Client, project: string, { name, manifest }: Release) {
  const context = await readContext(client, manifest)
  const suspicions: Suspicion[] = []
  let variants = 0
  for (const query of manifest.queries) {
    const checked = await checkQuery(context, query)
    variants += checked.variants
    suspicions.push(...checked.suspicions)
  }
  suspicions.push(...checkRules(context.changes, manifest.queries))
  const migrations = await newMigrations(project, manifest)
  const findings = suspicions.map(
    ({ words, ...suspicion }): VerifyFinding => ({
      ...suspicion,
      line: null,
      release: name,
      migration: culpritOf(migrations, words),
    }),
  )
  return { name, queries: manifest.queries.length, variants, findings }
}

async function readContext(client: Client, { schema: before = NOTHING, queries }: Manifest): Promise<CheckContext> {
  const { parse } = await import('libpg-query')
  const typeName = await readTypeNames(client)
  const wanted = factsWanted(queries)
  const types = new Set([...wanted.types, ...(await enumNames(client, typeName))])
  const now = await readSchemaFacts(client, { ...wanted, types }, typeName)
  return {
    client,
    parse,
    typeName,
    isNotNull: await readNotNull(client),
    placeOf: await readPlaces(client),
    volatility: await readVolatility(client),
    before,
    now,
    changes: schemaChanges(before, now),
    isFilled: await readFilled(client),
  }
}

/** Of all types: an enum may have got another name. */
async function enumNames(client: Client, typeName: (oid: number) => string): Promise<readonly string[]> {
  const { rows } = await client.query<{ oid: number }>(
    "SELECT oid::int8::text::float8 AS oid FROM pg_type WHERE typtype = 'e'",
  )
  return rows.map(({ oid }) => typeName(oid))
}

const BEFORE_INSERT = `
  SELECT
    n.nspname || '.' || r.relname AS table,
    p.prosrc AS source
  FROM pg_trigger AS t
    JOIN pg_class AS r ON r.oid = t.tgrelid
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
    JOIN pg_proc AS p ON p.oid = t.tgfoid
  WHERE NOT t.tgisinternal
    -- Bits of tgtype: for each row, before, on INSERT.
    AND t.tgtype & 7 = 7`

async function readFilled(client: Client): Promise<CheckContext['isFilled']> {
  const { rows } = await client.query<{ table: string; source: string }>(BEFORE_INSERT)
  return (table, column) => rows.some((row) => row.table === table && hasWord(row.source, column))
}
