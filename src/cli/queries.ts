import { type ManifestQuery, readOwnManifest, readProjectManifest } from '../generate/manifest-file.js'
import { psqlText } from '../review/psql-text.js'
import { parametersOf } from '../review/query-parameters.js'
import type { Context } from './context.js'
import { UsageError } from './failure.js'
import { nearNames } from './near-names.js'
import { printJson, printLine, printNote } from './output.js'
import { findFolder, findProject, type ProjectChoice } from './project.js'
import { columnLines, queryLines } from './query-lines.js'
import { idleParams, readParams } from './query-params.js'

/** Options of `ashlar queries`. */
export interface QueriesOptions extends ProjectChoice {
  readonly table?: string
  readonly file?: string
  readonly psql?: true
  readonly param?: readonly string[]
}

/** Lists the queries of a project, shows one of them, or prints it for psql. It needs no server.
 *  @throws {UsageError} when there is no such query, or its parameters are not right
 *  @throws {GenerateError} when the project has no manifest */
export async function queries(context: Context, name: string | undefined, options: QueriesOptions): Promise<void> {
  refuseContradictions(name, options)
  const all = await queriesOf(options)
  if (name === undefined) {
    list(context, all, options)
    return
  }
  const query = findQuery(name, all)
  if (options.psql === true) print(context, query, options.param ?? [])
  else show(context, query)
}

function refuseContradictions(name: string | undefined, { table, file, psql, param }: QueriesOptions): void {
  if (name === undefined && psql === true) throw new UsageError('--psql prints one query: give its name')
  if (name !== undefined && (table ?? file) !== undefined) {
    throw new UsageError('--table and --file choose from the list: leave the name out')
  }
  if (param !== undefined && psql !== true) throw new UsageError('--param is for --psql')
}

/** Reads the queries of the chosen project, or of ashlar.
 *  @throws {GenerateError} when the project has no manifest */
export async function queriesOf(choice: ProjectChoice): Promise<readonly ManifestQuery[]> {
  // A manifest needs no migrations beside it, so a folder that is named may do without.
  const project = typeof choice.project === 'string' ? findFolder(choice.project) : findProject(choice)
  return (await (project === null ? readOwnManifest() : readProjectManifest(project))).queries
}

/** Finds a query by its name.
 *  @throws {UsageError} that has near names, when there is none */
export function findQuery(name: string, all: readonly ManifestQuery[]): ManifestQuery {
  return all.find((query) => query.name === name) ?? refuseUnknown(name, all)
}

function refuseUnknown(name: string, all: readonly ManifestQuery[]): never {
  const near = nearNames(
    name,
    all.map((query) => query.name),
  )
  const advice = near.length === 0 ? '`ashlar queries` lists all' : `did you mean ${near.join(', ')}?`
  throw new UsageError(`there is no query ${name} (${advice})`)
}

function list({ isJson }: Context, all: readonly ManifestQuery[], { table, file }: QueriesOptions): void {
  const found = all.filter(
    (query) =>
      (table === undefined || usesTable(query, table)) &&
      (file === undefined || query.file === file || query.file.endsWith(`/${file}`)),
  )
  if (isJson) printJson(found.map(summaryOf))
  else if (found.length > 0) printLine(found.map((query) => queryLines(query).join('\n')).join('\n\n'))
  if (found.length === 0) printNote(`none of ${all.length} queries is like that`)
}

/** A name without a schema is that of a table in any. */
function usesTable({ tables: { read, written } }: ManifestQuery, table: string): boolean {
  return [...read, ...written].some((each) => each === table || each.endsWith(`.${table}`))
}

function summaryOf(query: ManifestQuery) {
  const { name, file, isRead, tables, columns } = query
  return { name, file, isRead, tables, parameters: parametersOf(query), columns }
}

function show({ isJson }: Context, query: ManifestQuery): void {
  if (isJson) printJson({ ...summaryOf(query), statement: query.ir.statement })
  else printLine([...queryLines(query), ...columnLines(query.columns), '', `${query.ir.statement};`].join('\n'))
}

function print({ isJson }: Context, query: ManifestQuery, assignments: readonly string[]): void {
  const values = readParams(query, assignments)
  for (const name of idleParams(query, values)) {
    printNote(`${name} changes nothing: no line that it stands in is on (see \`ashlar queries ${query.name}\`)`)
  }
  const text = psqlText(query, values)
  if (isJson) printJson({ name: query.name, text })
  else printLine(text)
}
