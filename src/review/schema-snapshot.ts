/** The reviewers' view of the schema: a real pg_dump of the migrated schema, and a page of diagrams, both committed. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isAshlarItself, sourcesOf } from '../migrate/source.js'
import { readDiagramCatalogue } from './diagram/catalogue.js'
import { writeDocument } from './diagram/document.js'
import { loadPeer, type MigratedPglite, withMigratedPglite } from './migrated-pglite.js'

/** A file of the snapshot. */
export interface SnapshotFile {
  /** Relative to the project. */
  readonly path: string
  /** Whether it was what the migrations yield. */
  readonly isCurrent: boolean
}

/** Writes `schema.sql` and `docs/schema.md` of a project, or with `check` compares them with what the migrations yield.
 *  Those of an application hold its own schemas only, and not ashlar's. PostgreSQL and its pg_dump run in this process
 *  (PGlite), so that npm alone is enough. Takes some seconds.
 *  @throws {MigrationError} when a migration file is malformed
 *  @throws {Error} when the PGlite packages are not installed (names the npm command), or lack an extension */
export async function snapshotSchema(
  project: string,
  { check }: { readonly check: boolean },
): Promise<readonly SnapshotFile[]> {
  const writer = isAshlarItself(project) ? 'npm run schema' : 'ashlar schema'
  const contents = await withMigratedPglite(sourcesOf(project), async (migrated) => {
    const { server, before, after } = migrated
    // First of all: pg_dump changes settings of the session.
    const schemas = ['public', ...after.schemas].filter((name) => !before.schemas.includes(name))
    const document = writeDocument(await readDiagramCatalogue(server, schemas), writer)
    return { 'schema.sql': await dumpSchema(migrated, writer), 'docs/schema.md': document }
  })
  return keepFiles(project, contents, check)
}

/** Writes files of a project that differ, by their paths, or with `check` only tells which do. */
export async function keepFiles(
  project: string,
  contents: Readonly<Record<string, string>>,
  check: boolean,
): Promise<readonly SnapshotFile[]> {
  return Promise.all(Object.entries(contents).map(([path, content]) => keep(project, path, content, check)))
}

async function keep(project: string, path: string, content: string, check: boolean): Promise<SnapshotFile> {
  const file = join(project, path)
  // Git may check files out with other line ends.
  const committed = (await readFile(file, 'utf8').catch(() => null))?.replaceAll('\r\n', '\n')
  const isCurrent = content === committed
  if (!isCurrent && !check) {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  return { path, isCurrent }
}

/** Dumps what the last source made. */
async function dumpSchema({ server, before }: MigratedPglite, writer: string): Promise<string> {
  const { pgDump } = await loadPeer(import('@electric-sql/pglite-tools/pg_dump'), '@electric-sql/pglite-tools')
  const excluded = [
    ...before.schemas.map((name) => `--exclude-schema=${pattern(name)}`),
    ...before.extensions.map((name) => `--exclude-extension=${pattern(name)}`),
  ]
  const dump = await pgDump({ pg: server, args: ['--schema-only', '--no-owner', '--no-privileges', ...excluded] })
  return tidy(await dump.text(), writer)
}

/** pg_dump takes names for patterns, unless they are quoted. */
function pattern(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Drops what differs from run to run or from one release of pg_dump to the next: versions, the random key of
 *  \restrict, the session's settings, and runs of empty lines. */
function tidy(dump: string, writer: string): string {
  return dump
    .replace(/^(-- Dumped .*|\\(un)?restrict .*|SET .*;|SELECT pg_catalog\.set_config.*)\n/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .replace(
      /^--\n-- PostgreSQL database dump\n--\n+/,
      `-- The schema that the migrations yield, by pg_dump. Written by \`${writer}\`; do not edit.\n\n`,
    )
    .replace(/\n*--\n-- PostgreSQL database dump complete\n--\n+$/, '\n')
}
