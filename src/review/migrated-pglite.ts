/** PostgreSQL within this process (PGlite), with migrations applied: npm alone is enough for it. */

import type { Extension, PGlite } from '@electric-sql/pglite'
import { readSources } from '../migrate/files.js'
import { cutSection } from '../migrate/sections.js'
import type { MigrationSource } from '../migrate/source.js'
import { readStep } from '../migrate/step.js'

/** A server, and what each source left in it. */
export interface MigratedPglite {
  readonly server: PGlite
  /** Schemas and extensions that were there when all sources but the last were applied. */
  readonly before: Inventory
  readonly after: Inventory
}

/** Names, in order of the alphabet. */
export interface Inventory {
  readonly schemas: readonly string[]
  readonly extensions: readonly string[]
}

/** Applies all sources in a new server, runs work with it, and closes it. Takes some seconds.
 *  @throws {MigrationError} when a migration file is malformed
 *  @throws {Error} when a PGlite package is not installed (names the npm command), or lacks an extension that is needed */
export async function withMigratedPglite<T>(
  sources: readonly MigrationSource[],
  work: (migrated: MigratedPglite) => Promise<T>,
): Promise<T> {
  const read = await Promise.all(sources.map(readTexts))
  const { PGlite } = await loadPeer(import('@electric-sql/pglite'), '@electric-sql/pglite')
  const server = await PGlite.create({ extensions: await loadExtensions(extensionsIn(read.flat())) })
  try {
    let before: Inventory = { schemas: [], extensions: [] }
    let after = await takeInventory(server)
    for (const texts of read) {
      before = after
      for (const text of texts) await server.exec(text)
      after = await takeInventory(server)
    }
    return await work({ server, before, after })
  } finally {
    await server.close()
  }
}

/** Gives the texts that the migrations of a source apply, each sent by itself. */
async function readTexts(source: MigrationSource): Promise<readonly string[]> {
  const files = await readSources([source])
  const texts = await Promise.all(
    files.map(async (file) =>
      file.form === 'sql' ? [cutSection(file.text, 'up').sql] : (await readStep(file, 'up')).texts,
    ),
  )
  return texts.flat()
}

/** Gives a peer dependency when it is loaded.
 *  @throws {Error} when it is not installed; names the npm command */
export async function loadPeer<T>(module: Promise<T>, name: string): Promise<T> {
  try {
    return await module
  } catch (cause) {
    throw new Error(`the schema snapshot needs ${name}: npm install --save-dev ${name}`, { cause })
  }
}

/** Lists the extensions that texts create, as they are written. */
function extensionsIn(texts: readonly string[]): readonly string[] {
  const created = /^\s*CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"([^"]+)"|(\w+))/gim
  const names = texts.flatMap((text) =>
    [...text.matchAll(created)].map(([, quoted, plain = '']) => quoted ?? plain.toLowerCase()),
  )
  // It is there from the start.
  return [...new Set(names)].filter((name) => name !== 'plpgsql')
}

/** PGlite has each extension in a module of its own, whose name has no hyphen. */
async function loadExtensions(names: readonly string[]): Promise<Readonly<Record<string, Extension>>> {
  const loaded = await Promise.all(
    names.map(async (name) => {
      const key = name.replaceAll('-', '_')
      try {
        const module = (await import(`@electric-sql/pglite/contrib/${key}`)) as Readonly<Record<string, Extension>>
        return [key, module[key] as Extension] as const
      } catch (cause) {
        throw new Error(
          `the schema snapshot runs in PGlite, which has no extension ${name}: create it outside of the migrations, or dump the schema with pg_dump instead`,
          { cause },
        )
      }
    }),
  )
  return Object.fromEntries(loaded)
}

async function takeInventory(server: PGlite): Promise<Inventory> {
  const { rows } = await server.query<Inventory>(INVENTORY)
  return rows[0] ?? { schemas: [], extensions: [] }
}

const INVENTORY = `
SELECT
  (
    SELECT coalesce(json_agg(nspname ORDER BY nspname COLLATE "C"), '[]')
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
  ) AS schemas,
  (SELECT coalesce(json_agg(extname ORDER BY extname COLLATE "C"), '[]') FROM pg_extension) AS extensions`
