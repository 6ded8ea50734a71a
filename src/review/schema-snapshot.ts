/** The reviewers' view of the schema: a real pg_dump of the migrated schema, in one committed file. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readMigrations, readUpSection } from '../migrate/files.js'

/** Writes `schema.sql` of a project, or with `check` compares it with what the migrations yield.
 *  Gives whether it was (or is) current. PostgreSQL and its pg_dump run in this process (PGlite), so that npm alone
 *  is enough. Takes some seconds.
 *  @throws {MigrationError} when a migration file is malformed
 *  @throws {Error} when the PGlite packages are not installed; names the npm command */
export async function snapshotSchema(project: string, { check }: { readonly check: boolean }): Promise<boolean> {
  const file = join(project, 'schema.sql')
  const current = await dumpSchema(join(project, 'migrations'))
  const isCurrent = current === (await readFile(file, 'utf8').catch(() => null))
  if (!isCurrent && !check) await writeFile(file, current)
  return isCurrent
}

async function dumpSchema(folder: string): Promise<string> {
  const names = await readMigrations(folder)
  const { PGlite } = await load(import('@electric-sql/pglite'), '@electric-sql/pglite')
  const { pgDump } = await load(import('@electric-sql/pglite-tools/pg_dump'), '@electric-sql/pglite-tools')
  const { pg_trgm } = await load(import('@electric-sql/pglite/contrib/pg_trgm'), '@electric-sql/pglite')
  const server = await PGlite.create({ extensions: { pg_trgm } })
  try {
    for (const name of names) await server.exec(await readUpSection(folder, name))
    const dump = await pgDump({ pg: server, args: ['--schema-only', '--no-owner', '--no-privileges'] })
    return tidy(await dump.text())
  } finally {
    await server.close()
  }
}

async function load<T>(module: Promise<T>, name: string): Promise<T> {
  try {
    return await module
  } catch (cause) {
    throw new Error(`the schema snapshot needs ${name}: npm install --save-dev ${name}`, { cause })
  }
}

/** Drops what differs from run to run or from one release of pg_dump to the next: versions, the random key of
 *  \restrict, the session's settings, and runs of empty lines. */
function tidy(dump: string): string {
  return dump
    .replace(/^(-- Dumped .*|\\(un)?restrict .*|SET .*;|SELECT pg_catalog\.set_config.*)\n/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .replace(
      /^--\n-- PostgreSQL database dump\n--\n+/,
      '-- The schema that the migrations yield, by pg_dump. Written by `npm run schema`; do not edit.\n\n',
    )
    .replace(/\n*--\n-- PostgreSQL database dump complete\n--\n+$/, '\n')
}
