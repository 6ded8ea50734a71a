/** The packages that generation needs and running does not: found in the project first, then beside ashlar itself. */

import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { GenerateError } from './problem.js'

/** A stretch of pgtyped's source, in characters of the file. */
interface Place {
  readonly a: number
  readonly b: number
  readonly line: number
}

/** A query as pgtyped's parser gives it. */
export interface ParsedQuery {
  readonly name: string
  readonly statement: { readonly body: string; readonly loc: Place }
  readonly params: readonly { readonly name: string; readonly codeRefs: { readonly used: readonly Place[] } }[]
}

/** The part of `@pgtyped/parser` that is used. */
export interface QueryParser {
  parseSQLFile(text: string): {
    readonly queries: readonly ParsedQuery[]
    readonly events: readonly { readonly message: { readonly text: string }; readonly location?: Place }[]
  }
  queryASTToIR(query: ParsedQuery): unknown
}

/** The part of `libpg-query`, PostgreSQL's own parser, that is used. */
export interface ServerParser {
  parse(text: string): Promise<unknown>
  scan(text: string): Promise<{
    /** `start` counts bytes. */
    readonly tokens: readonly { readonly tokenName: string; readonly text: string; readonly start: number }[]
  }>
}

/** What generation runs. */
export interface Tools {
  /** pgtyped's script. */
  readonly pgtyped: string
  readonly queryParser: QueryParser
  readonly serverParser: ServerParser
  /** Biome's script, or null when the project does not have it. */
  readonly biome: string | null
}

/** Finds and loads the tools.
 *  @throws {GenerateError} that names the npm command when one is missing */
export async function findTools(project: string): Promise<Tools> {
  const pgtyped = requirePackage(project, '@pgtyped/cli')
  const serverParser = requirePackage(project, 'libpg-query')
  const biome = findPackage(project, '@biomejs/biome')
  return {
    pgtyped: entryOf(pgtyped, 'main'),
    // The parser of this very pgtyped: what it takes for a query must be what is checked here.
    queryParser: await load<QueryParser>(requirePackage(realpathSync(pgtyped), '@pgtyped/parser')),
    serverParser: await load<ServerParser>(serverParser),
    biome: biome === null ? null : join(biome, 'bin', 'biome'),
  }
}

function requirePackage(from: string, name: string): string {
  const folder = findTool(from, name)
  if (folder !== null) return folder
  const message = `generating needs ${name}, which is not installed: npm install --save-dev ${name}`
  throw new GenerateError([{ file: 'package.json', line: null, message }])
}

/** Finds the folder of a package, in the project first, then beside ashlar itself; null when it is not installed. */
export function findTool(from: string, name: string): string | null {
  return findPackage(from, name) ?? findPackage(fileURLToPath(new URL('.', import.meta.url)), name)
}

/** By folders, because the `exports` of pgtyped's packages do not let them be resolved. */
function findPackage(from: string, name: string): string | null {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  return places.map((place) => join(place, name)).find((folder) => existsSync(join(folder, 'package.json'))) ?? null
}

function entryOf(folder: string, field: 'main' | 'module'): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string | undefined>
  return join(folder, manifest[field] ?? manifest.main ?? 'index.js')
}

async function load<T>(folder: string): Promise<T> {
  return (await import(pathToFileURL(entryOf(folder, 'main')).href)) as T
}
