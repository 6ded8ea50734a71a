/** The manifest: what generation learnt about each query of a project, as JSON beside the generated files, for programs
 *  that must not load those: the command line, reviews, other releases. */

import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { QueryIR } from '../engine/query.js'
import { GenerateError } from './problem.js'
import type { SchemaFacts } from './schema-facts.js'
import type { Tables } from './tables.js'

/** A column of a query's rows. */
export interface ManifestColumn {
  /** As the row has it. */
  readonly name: string
  /** PostgreSQL's. */
  readonly type: string
  readonly isNullable: boolean
}

/** What is known of a query. */
export interface ManifestQuery {
  readonly name: string
  /** The `.sql` file, relative to the project's folder. */
  readonly file: string
  /** Whether it is a SELECT or VALUES that changes nothing and takes no lock. */
  readonly isRead: boolean
  readonly tables: Tables
  /** PostgreSQL's type of each parameter. */
  readonly parameterTypes: Readonly<Record<string, string>>
  readonly columns: readonly ManifestColumn[]
  /** The statement as it stands in the file, and where its parameters are. */
  readonly ir: QueryIR
}

/** All queries of a project, in the order of their files. */
export interface Manifest {
  /** Grows when an older reader would misread it. */
  readonly format: typeof FORMAT
  /** The version in the project's package.json when it was generated; null when there was none. Manifests of before have
   *  neither this nor what follows. */
  readonly release?: string | null
  /** The last migration of each source that it was generated with. */
  readonly migrations?: Readonly<Record<string, string>>
  readonly schema?: SchemaFacts
  readonly queries: readonly ManifestQuery[]
}

export const FORMAT = 1

const CONFIG = 'pgtyped.config.json'
const FILE = 'queries.json'
/** From src/generate and from the bundle alike. */
const OWN = fileURLToPath(new URL(`../generated/${FILE}`, import.meta.url))

/** Gives the folder that all outputs of a template lie in. */
export function outputFolder(emitTemplate: string): string {
  return posix.dirname(`${emitTemplate.slice(0, emitTemplate.indexOf('{{'))}x`)
}

/** Gives the path of a project's manifest from that of its outputs. */
export function manifestIn(folder: string): string {
  return posix.join(folder, FILE)
}

/** Reads the manifest of ashlar's own queries. */
export function readOwnManifest(): Promise<Manifest> {
  return read(OWN, `src/generated/${FILE}`)
}

/** Reads the manifest of a project.
 *  @throws {GenerateError} when the folder is no project, or its manifest is missing or of another release */
export async function readProjectManifest(folder: string): Promise<Manifest> {
  const file = await manifestPath(folder)
  return read(join(folder, file), file)
}

/** Gives where the manifest of a project lies, relative to its folder.
 *  @throws {GenerateError} when the folder is no project */
export async function manifestPath(folder: string): Promise<string> {
  const config = (await readJson(join(folder, CONFIG), CONFIG, `is missing in ${folder}`)) as {
    readonly transforms?: readonly { readonly mode?: string; readonly emitTemplate?: string }[]
  }
  const template = config.transforms?.find(({ mode }) => mode === 'sql')?.emitTemplate
  if (template === undefined) throw problem(CONFIG, 'has no transform of mode "sql" with an "emitTemplate"')
  return manifestIn(outputFolder(posix.normalize(template)))
}

/** Reads the manifest that lies in a project at this path.
 *  @throws {GenerateError} when it is missing or of another release */
export function readManifestFile(project: string, file: string): Promise<Manifest> {
  return read(join(project, file), file)
}

async function read(path: string, name: string): Promise<Manifest> {
  const manifest = (await readJson(path, name, 'is missing; run `npx ashlar generate`')) as Manifest
  if (manifest.format === FORMAT) return manifest
  throw problem(name, 'is of another release of ashlar; run `npx ashlar generate`')
}

async function readJson(path: string, name: string, absence: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw problem(name, 'is not JSON')
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? problem(name, absence) : error
  }
}

function problem(file: string, message: string): GenerateError {
  return new GenerateError([{ file, line: null, message }])
}
