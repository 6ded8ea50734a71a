/** Runs the rules of `ashlar vet` over the queries of a project. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ConfigError } from '../../errors.js'
import { readTypeNames, readVolatility } from '../../generate/catalogue.js'
import { type ManifestQuery, readManifestFile } from '../../generate/manifest-file.js'
import { withMigratedServer } from '../../generate/migrated-server.js'
import { type Project, readProject } from '../../generate/project.js'
import type { SourceQuery } from '../../generate/source-query.js'
import { readSources } from '../../generate/sources.js'
import { findTools } from '../../generate/tools.js'
import type { Variant } from '../../generate/variants.js'
import { isAshlarItself } from '../../migrate/source.js'
import { sortFindings } from '../finding.js'
import { readObjects } from './objects.js'
import { applyOffs, type KnownRules, VET_OFF } from './off.js'
import { ownTexts, prepareTexts } from './own-sql.js'
import { PREPARE, prepareQuery } from './prepare.js'
import { type Reading, readStatement } from './relation/reader.js'
import type { Extreme, QueryContext, SchemaContext, VetContext, VetFinding, VetRule } from './rule.js'
import { rules, ruleTexts } from './rules.js'

/** What to look at. */
export interface VetOptions {
  /** Names of rules; default: all. */
  readonly rules?: readonly string[]
  /** Names of queries; default: all. */
  readonly queries?: readonly string[]
}

/** What was found, and in how much. */
export interface VetReport {
  /** In order of file and line. */
  readonly findings: readonly VetFinding[]
  readonly queries: number
  readonly variants: number
  /** Names of those that looked. */
  readonly rules: readonly string[]
}

/** Vets the queries of a project on a temporary server with the project's migrations. Rules that compare all queries
 *  with the schema are left out when only some queries are asked for.
 *  @throws {GenerateError} when the folder is no project, or its `.sql` files or its manifest cannot be read
 *  @throws {ConfigError} when an option names a rule or a query that there is not
 *  @throws {MigrationError} when a migration fails
 *  @throws {EmbeddedServerError} when the temporary server cannot be started */
export async function vet(folder: string, options: VetOptions = {}): Promise<VetReport> {
  const names = ruleTexts.map(({ name }) => name)
  refuseUnknown('rule', options.rules ?? [], names)
  const project = await readProject(resolve(folder))
  const tools = await findTools(project.folder)
  const sources = chosenSources(await readSources(project, tools), options.queries)
  const committed = await committedQueries(project)
  const chosen = rules.filter(
    ({ name, kind }) => (options.rules?.includes(name) ?? true) && (kind === 'query' || options.queries === undefined),
  )
  return withMigratedServer(project.folder, async (_, client) => {
    const shared: VetContext = {
      project,
      client,
      parser: tools.serverParser,
      objects: await readObjects(client, tools.serverParser),
      volatility: await readVolatility(client),
      typeName: await readTypeNames(client),
    }
    const preparesAll = options.rules?.includes(PREPARE.name) ?? true
    const { findings, queries, variants } = await prepareAll(shared, sources, { committed, preparesAll })
    if (preparesAll && options.queries === undefined && isAshlarItself(project.folder)) {
      findings.push(...(await prepareTexts(client, ownTexts())))
    }
    for (const rule of chosen) findings.push(...(await runRule(rule, { ...shared, queries })))
    const run = [...(preparesAll ? [PREPARE.name] : []), ...chosen.map(({ name }) => name)]
    return {
      findings: withoutOffs(sources, findings, { all: names, run }),
      queries: sources.length,
      variants,
      rules: [...run, VET_OFF],
    }
  })
}

function refuseUnknown(field: string, wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new ConfigError({ field, value: unknown, limit: `one of ${known.join(', ')}` })
}

function chosenSources(sources: readonly SourceQuery[], wanted: readonly string[] | undefined): readonly SourceQuery[] {
  if (wanted === undefined) return sources
  const names = sources.map(({ name }) => name)
  refuseUnknown('query', wanted, names)
  return sources.filter(({ name }) => wanted.includes(name))
}

/** What generation has committed; null when there is no manifest. */
async function committedQueries({ folder, manifest }: Project): Promise<readonly ManifestQuery[] | null> {
  if (!existsSync(join(folder, manifest))) return null
  return (await readManifestFile(folder, manifest)).queries
}

interface Prepared {
  readonly findings: VetFinding[]
  readonly queries: readonly QueryContext[]
  readonly variants: number
}

async function prepareAll(
  shared: VetContext,
  sources: readonly SourceQuery[],
  options: { readonly committed: readonly ManifestQuery[] | null; readonly preparesAll: boolean },
): Promise<Prepared> {
  const findings: VetFinding[] = []
  const queries: QueryContext[] = []
  let count = 0
  for (const source of sources) {
    const { whole, variants, findings: refusals } = await prepareQuery(shared.client, source, options.preparesAll)
    count += options.preparesAll ? variants.length : 1
    findings.push(...refusals)
    if (whole === null) continue
    queries.push({
      ...shared,
      source,
      variants,
      ...(await readings(shared, variants)),
      description: whole,
      manifest: options.committed?.find(({ name }) => name === source.name) ?? null,
    })
  }
  return { findings, queries, variants: count }
}

/** Reads the whole text and the shortest; others when a rule asks for them. */
async function readings(
  { parser, objects }: VetContext,
  variants: readonly Variant[],
): Promise<Pick<QueryContext, 'tree' | 'read' | 'extremes'>> {
  const known = new Map<string, Promise<Reading | null>>()
  const read = ({ statement: { text } }: Variant): Promise<Reading | null> => {
    const reading =
      known.get(text) ??
      parser.parse(text).then(
        (tree) => readStatement(tree, objects),
        () => null,
      )
    known.set(text, reading)
    return reading
  }
  const extremes: Extreme[] = []
  for (const variant of variants.filter(({ given }) => given === null || given === '')) {
    const reading = await read(variant)
    if (reading !== null) extremes.push({ ...variant, reading })
  }
  return { tree: extremes[0]?.reading.tree ?? {}, read, extremes }
}

async function runRule(rule: VetRule, context: SchemaContext): Promise<readonly VetFinding[]> {
  if (rule.kind === 'schema') return rule.check(context)
  const findings: VetFinding[] = []
  for (const query of context.queries) findings.push(...(await rule.check(query)))
  return findings
}

/** A finding is a query's when it names it as its subject and stands in its file. */
function withoutOffs(
  sources: readonly SourceQuery[],
  findings: readonly VetFinding[],
  known: KnownRules,
): readonly VetFinding[] {
  const keyOf = (file: string | null, name: string): string => `${file} ${name}`
  const byQuery = new Map(sources.map((source) => [keyOf(source.file, source.name), [] as VetFinding[]]))
  const others: VetFinding[] = []
  for (const finding of findings) (byQuery.get(keyOf(finding.file, finding.subject)) ?? others).push(finding)
  const kept = sources.flatMap((source) => applyOffs(source, byQuery.get(keyOf(source.file, source.name)) ?? [], known))
  return sortFindings([...kept, ...others])
}
