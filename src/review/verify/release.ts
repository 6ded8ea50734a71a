/** Releases as files: the manifest of compiled queries that lies with each. */

import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as tar from 'tar'
import { z } from 'zod'
import { FORMAT, type Manifest, manifestPath } from '../../generate/manifest-file.js'
import { VerifyError } from './verify-error.js'

/** A previous release. */
export interface Release {
  /** Its version, or the file's name where it tells none. */
  readonly name: string
  readonly manifest: Manifest
}

/** Where a package of ashlar's, and a project that is built as ashlar is, keeps its manifest. */
const IN_PACKAGE = ['dist/generated/queries.json', 'src/generated/queries.json', 'queries.json']
const CONFIG = 'pgtyped.config.json'

const location = z.object({ a: z.int(), b: z.int() })
const query = z.looseObject({
  name: z.string(),
  file: z.string(),
  isRead: z.boolean(),
  tables: z.object({ read: z.array(z.string()), written: z.array(z.string()) }),
  parameterTypes: z.record(z.string(), z.string()),
  columns: z.array(z.object({ name: z.string(), type: z.string(), isNullable: z.boolean() })),
  ir: z.looseObject({
    statement: z.string(),
    params: z.array(
      z.looseObject({
        name: z.string(),
        required: z.boolean(),
        transform: z.looseObject({ type: z.string() }),
        locs: z.array(location),
      }),
    ),
  }),
})
const definitions = z.record(z.string(), z.string())
const manifestShape = z.looseObject({
  format: z.literal(FORMAT),
  release: z.string().nullish(),
  migrations: z.record(z.string(), z.string()).optional(),
  schema: z
    .object({
      tables: z.record(
        z.string(),
        z.object({
          columns: z.record(
            z.string(),
            z.object({
              type: z.string(),
              limit: z.string().optional(),
              isNotNull: z.boolean(),
              hasDefault: z.boolean(),
            }),
          ),
          constraints: definitions,
          references: definitions.optional(),
          triggers: definitions,
        }),
      ),
      enums: z.record(z.string(), z.array(z.string())),
    })
    .optional(),
  queries: z.array(query),
})

/** Reads a release: its manifest (`queries.json`), a folder that holds one (a package, or a project), or a package as npm
 *  packs it (`.tgz`).
 *  @throws {VerifyError} when there is none, or it is no manifest of a format that this release reads */
export async function readRelease(path: string): Promise<Release> {
  const found = await stat(path).catch(() => null)
  if (found === null) throw new VerifyError(`${path} is not there: give the queries.json of the release that runs now`)
  const text = found.isDirectory() ? await fromFolder(path) : await fromFile(path)
  const manifest = parseManifest(path, text)
  return { name: manifest.release ?? basename(path), manifest }
}

async function fromFolder(folder: string): Promise<string> {
  const places = existsSync(join(folder, CONFIG)) ? [await manifestPath(folder), ...IN_PACKAGE] : IN_PACKAGE
  const place = places.find((each) => existsSync(join(folder, each)))
  if (place !== undefined) return readFile(join(folder, place), 'utf8')
  throw new VerifyError(`${folder} holds no manifest of queries (${places.join(', ')})`)
}

async function fromFile(file: string): Promise<string> {
  return /\.(tgz|tar\.gz|tar)$/.test(file) ? fromPackage(file) : readFile(file, 'utf8')
}

/** A compressed package may unpack to more than the memory holds. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024

async function fromPackage(file: string): Promise<string> {
  const found = new Map<string, Promise<Buffer>>()
  const tooLong: string[] = []
  try {
    await tar.list({
      file,
      strict: true,
      onReadEntry(entry) {
        const isManifest = /(^|\/)queries\.json$/.test(entry.path) && !entry.path.includes('node_modules/')
        if (isManifest && entry.size > MAX_MANIFEST_BYTES) tooLong.push(entry.path)
        if (isManifest && entry.size <= MAX_MANIFEST_BYTES) found.set(entry.path, entry.concat() as Promise<Buffer>)
        else entry.resume()
      },
    })
  } catch {
    throw new VerifyError(`${file} is no package that can be read: it is damaged, or not what npm packs`)
  }
  if (tooLong.length > 0)
    throw new VerifyError(
      `${file} holds ${tooLong.join(', ')}, which is longer than 64 MB: that is no manifest of queries`,
    )
  const [only] = found.values()
  if (found.size === 1 && only !== undefined) return (await only).toString('utf8')
  const names = [...found.keys()].join(', ')
  throw new VerifyError(
    found.size === 0
      ? `${file} holds no queries.json: was it packed before its queries were generated?`
      : `${file} holds several manifests (${names}): take out the one that is meant`,
  )
}

function parseManifest(path: string, text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new VerifyError(`${path} is not JSON: give the queries.json of the release that runs now`)
  }
  const { data } = z.looseObject({ format: z.int(), queries: z.unknown() }).safeParse(value)
  if (data === undefined) throw new VerifyError(`${path} is no manifest of queries, which \`ashlar generate\` writes`)
  if (data.format !== FORMAT) {
    throw new VerifyError(
      `${path} is a manifest of format ${data.format}, and this release of ashlar reads ${FORMAT}: verify with the release that wrote it, or a later one`,
    )
  }
  const result = manifestShape.safeParse(value)
  if (result.success) return value as Manifest
  const [issue] = result.error.issues
  throw new VerifyError(`${path} is a damaged manifest: ${issue?.path.join('.')}: ${issue?.message}`)
}
