/** `ashlar generate`: from `.sql` files to typed queries, and the gate that what is committed is just that. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Client } from 'pg'
import type { ServerTarget } from '../config.js'
import { readNotNull, readQualifiedNames, readTypeNames, readVolatility } from './catalogue.js'
import { format } from './format.js'
import { type ManifestFacts, manifestColumns, manifestText, type ReleaseFacts } from './manifest.js'
import type { Manifest } from './manifest-file.js'
import { lastMigrations, type Scratch, withMigratedServer } from './migrated-server.js'
import { applyChanges, type Change, findChanges } from './output.js'
import { runPgtyped } from './pgtyped.js'
import { prepareVariants } from './prepare.js'
import { type Problem, refuse } from './problem.js'
import { generateCommand, type Project, readProject, type SqlFile } from './project.js'
import { isRead } from './read-mark.js'
import { type QueryFacts, rewrite } from './rewrite.js'
import { factsWanted, readSchemaFacts } from './schema-facts.js'
import type { SourceQuery } from './source-query.js'
import { readSources } from './sources.js'
import { tablesOf } from './tables.js'
import { findTools, type Tools } from './tools.js'

/** What to generate. */
export interface GenerateOptions {
  /** Folder that holds pgtyped.config.json, `migrations/` and the `.sql` files. */
  readonly project: string
  /** Writes nothing; what differs is a problem. */
  readonly check: boolean
  /** Gives the database to compile against. Default: one of a temporary server. */
  readonly open?: () => Promise<Scratch>
}

/** What was generated. */
export interface GenerateReport {
  readonly files: number
  readonly queries: number
  /** Statements that were prepared. */
  readonly variants: number
  /** Queries marked as reads. */
  readonly reads: number
  /** Paths of the files that were written or removed. */
  readonly changed: readonly string[]
}

/** Compiles a project's `.sql` files to typed queries, and a manifest of them all, on a temporary server with the project's migrations. Each
 *  optional line is prepared alone and beside each other one. Nothing is written unless everything is right.
 *  @throws {GenerateError} when anything is wrong in the project; when checking, also when a file is not up to date
 *  @throws {MigrationError} when a migration fails
 *  @throws {EmbeddedServerError} when the temporary server cannot be started */
export async function generate({ project: folder, check, open }: GenerateOptions): Promise<GenerateReport> {
  const project = await readProject(resolve(folder))
  const tools = await findTools(project.folder)
  const sources = await readSources(project, tools)
  const { facts, variants, release, outputs } = await withMigratedServer(
    project.folder,
    async (server, client) => ({
      ...(await learn(client, sources, tools, project.folder)),
      outputs: await compile(project, tools, server),
    }),
    open,
  )
  const wanted = await Promise.all(project.files.map((file) => render(project, tools, file, outputs, facts)))
  const manifest = await format(
    tools.biome,
    project.folder,
    project.manifest,
    manifestText(facts, { release: await releaseOf(project, check), ...release }),
  )
  const changes = await findChanges(project, new Map([...wanted, [project.manifest, manifest]]))
  if (check) refuse(changes.map((change) => outdated(change, project)))
  else await applyChanges(project, changes)
  return {
    files: project.files.length,
    queries: facts.length,
    variants,
    reads: facts.filter((query) => query.isRead).length,
    changed: changes.map(({ file }) => file),
  }
}

async function learn(
  client: Client,
  sources: readonly SourceQuery[],
  { serverParser }: Tools,
  folder: string,
): Promise<{ readonly facts: readonly ManifestFacts[]; readonly variants: number; readonly release: ReleaseFacts }> {
  const typeName = await readTypeNames(client)
  const volatility = await readVolatility(client)
  const qualify = await readQualifiedNames(client)
  const isNotNull = await readNotNull(client)
  const problems: Problem[] = []
  const facts: ManifestFacts[] = []
  let variants = 0
  for (const source of sources) {
    const prepared = await prepareVariants(client, source)
    variants += prepared.variants.length
    problems.push(...prepared.problems)
    if (prepared.problems.length > 0 || prepared.whole === null) continue
    const tree = await serverParser.parse(prepared.variants[0]?.statement.text ?? '')
    facts.push({
      source,
      isRead: isRead(tree, volatility),
      tables: tablesOf(tree, qualify),
      columns: manifestColumns(prepared.whole.columns, { typeName, isNotNull }),
      parameterTypes: Object.fromEntries([...prepared.parameterTypes].map(([name, oid]) => [name, typeName(oid)])),
    })
  }
  refuse(problems)
  const schema = await readSchemaFacts(client, factsWanted(facts), typeName)
  return { facts, variants, release: { migrations: await lastMigrations(client, folder), schema } }
}

/** Gives the release that the manifest names. Checking takes it from the manifest that is there: a new version in
 *  package.json alone does not make what is committed wrong. */
async function releaseOf({ folder, manifest }: Project, check: boolean): Promise<string | null> {
  const { version = null } = await readFields<{ version: string | null }>(join(folder, 'package.json'))
  if (!check) return version
  const { release = version } = await readFields<Manifest>(join(folder, manifest))
  return release
}

/** What cannot be read has no fields. */
async function readFields<T extends object>(file: string): Promise<Partial<T>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Partial<T>
  } catch {
    return {}
  }
}

async function compile(project: Project, { pgtyped }: Tools, server: ServerTarget) {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-generate-'))
  try {
    return await runPgtyped(pgtyped, project, server, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function render(
  project: Project,
  { biome }: Tools,
  sql: SqlFile,
  outputs: ReadonlyMap<SqlFile, string>,
  facts: readonly QueryFacts[],
): Promise<readonly [file: string, text: string]> {
  const { file, output } = sql
  const queries = facts.filter(({ source }) => source.file === file)
  const text = rewrite(outputs.get(sql) ?? '', { file, output, module: project.moduleFor(output) }, queries)
  return [output, await format(biome, project.folder, output, text)]
}

const states = {
  differs: 'is not what the SQL yields',
  missing: 'is missing',
  orphan: 'has no .sql file any more',
} as const

function outdated({ file, kind }: Change, project: Project): Problem {
  return { file, line: null, message: `${states[kind]}; run \`${generateCommand(project)}\`` }
}
