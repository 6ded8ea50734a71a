/** Where migrations come from: ashlar itself, and the application that uses it, which keeps its own folder and list. */

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ownMigrations } from './files.js'

/** A folder of migrations with its own list of what is applied. */
export interface MigrationSource {
  /** `ashlar`, or `project` for those of an application. */
  readonly name: 'ashlar' | 'project'
  readonly folder: string
  /** node-pg-migrate's list in schema `public`; its command takes it by `-t`. */
  readonly table: string
}

/** ashlar's own migrations, in the list that node-pg-migrate keeps when it is run without options. */
export const ownSource: MigrationSource = { name: 'ashlar', folder: ownMigrations, table: 'pgmigrations' }

/** The list of an application's migrations. */
export const PROJECT_TABLE = 'app_migrations'

/** Gives the sources of a project in the order in which they are applied: ashlar's own, then, unless the project is
 *  ashlar itself or null, those in its folder `migrations`. */
export function sourcesOf(project: string | null): readonly MigrationSource[] {
  if (project === null || isAshlarItself(project)) return [ownSource]
  return [ownSource, { name: 'project', folder: join(resolve(project), 'migrations'), table: PROJECT_TABLE }]
}

/** Tells whether a project is ashlar's own source. */
export function isAshlarItself(project: string): boolean {
  const file = join(project, 'package.json')
  if (!existsSync(file)) return false
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly name?: string } | null)?.name === 'ashlar'
  } catch {
    // Half-written or somebody else's: that is for npm to tell.
    return false
  }
}
