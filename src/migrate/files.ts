/** Migration files: where ashlar's own are, and whether each has the form that both runners understand. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MigrationError } from '../errors.js'

/** The folder of ashlar's own migrations. It stands beside `src` and `dist` alike. */
export const ownMigrations = fileURLToPath(new URL('../../migrations', import.meta.url))

const UP = /^\s*--[\s-]*up\s+migration.*$/im
const DOWN = /^\s*--[\s-]*down\s+migration.*$/im

/** Reads the names (file names without ending) of all migrations in a folder, in order, after checking each file.
 *  node-pg-migrate would take a file without markers as a whole for `up`, and pass over text above the first.
 *  @throws {MigrationError} when the folder cannot be read, or a file lacks a section or has text that never runs */
export async function readMigrations(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new MigrationError(`the migrations folder ${folder} cannot be read (${cause.code})`)
  })
  const names: string[] = []
  for (const file of files.filter((name) => !name.startsWith('.')).sort()) {
    checkName(file, names)
    checkSections(file, await readFile(join(folder, file), 'utf8'))
    names.push(file.replace(/\.sql$/, ''))
  }
  return names
}

/** Reads the SQL that a migration of {@link readMigrations} applies. */
export async function readUpSection(folder: string, name: string): Promise<string> {
  const content = await readFile(join(folder, `${name}.sql`), 'utf8')
  return content.slice(UP.exec(content)?.index, DOWN.exec(content)?.index)
}

/** Gives the names of the schemas that ashlar's own migrations create, in order of the alphabet.
 *  @throws {MigrationError} when a file is malformed */
export async function ownSchemas(): Promise<readonly string[]> {
  const names = await readMigrations(ownMigrations)
  const sections = await Promise.all(names.map((name) => readUpSection(ownMigrations, name)))
  const created = sections.flatMap((sql) => [...sql.matchAll(/^CREATE SCHEMA (?:IF NOT EXISTS )?(\w+)/gim)])
  return [...new Set(created.map(([, name = '']) => name))].sort()
}

function checkName(file: string, earlier: readonly string[]): void {
  const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1]
  if (number === undefined) throw new MigrationError(`${file}: must be named NNNN_name.sql`, { file })
  const twin = earlier.find((name) => name.startsWith(`${number}_`))
  if (twin !== undefined) throw new MigrationError(`${file}: has the number of ${twin}.sql`, { file })
}

function checkSections(file: string, content: string): void {
  const refuse = (what: string): MigrationError => new MigrationError(`${file}: ${what}`, { file })
  const up = UP.exec(content)
  const down = DOWN.exec(content)
  if (up === null) throw refuse('has no line `-- Up Migration`')
  if (down === null) throw refuse('has no line `-- Down Migration`')
  if (down.index < up.index) throw refuse('has its Down section before its Up section')
  if (hasSql(content.slice(0, up.index))) throw refuse('has SQL above `-- Up Migration`, which would never run')
  if (!hasSql(content.slice(up.index, down.index))) throw refuse('has an empty Up section')
  if (!hasSql(content.slice(down.index))) throw refuse('has an empty Down section, which would undo nothing')
}

function hasSql(section: string): boolean {
  return section.replace(/--.*$/gm, '').trim() !== ''
}
