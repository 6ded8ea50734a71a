/** Which application a command is about: the same rule for every command that takes a project. */

import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { ConfigError } from '../errors.js'
import { isAshlarItself } from '../migrate/source.js'
import { refuseUrl } from './folder.js'

/** What the options of {@link addProjectOptions} give: a folder, `false` for `--no-project`, or nothing. */
export interface ProjectChoice {
  readonly project?: string | false
}

const CONFIG = 'pgtyped.config.json'
const MIGRATIONS = 'migrations'

/** Adds `--project` and `--no-project` to a command. */
export function addProjectOptions(command: Command): Command {
  return command
    .option(
      '--project <folder>',
      `the application's folder (default: this one, when it has ${CONFIG} and ${MIGRATIONS}/)`,
    )
    .option('--no-project', 'ashlar alone, whatever folder this is')
}

/** Gives the absolute folder of the chosen project, or null for ashlar alone. Without a choice it is the working directory
 *  when that has pgtyped.config.json and migrations/, and is not ashlar's own source.
 *  @throws {ConfigError} when the folder that was chosen is none, or has no migrations/ */
export function findProject({ project }: ProjectChoice): string | null {
  if (project === false) return null
  if (project === undefined) return projectHere()
  const folder = findFolder(project)
  if (isFolder(join(folder, MIGRATIONS))) return isAshlarItself(folder) ? null : folder
  throw new ConfigError({
    field: '--project',
    value: `${project}, where there is no folder ${MIGRATIONS}`,
    limit: `the folder of an application, with ${MIGRATIONS}/ (\`ashlar migrate create NAME --project ${project}\` makes one)`,
  })
}

/** Gives the absolute path of a folder that was named as a project.
 *  @throws {ConfigError} when it is none */
export function findFolder(project: string): string {
  refuseUrl('--project', project)
  const folder = resolve(project)
  if (isFolder(folder)) return folder
  throw new ConfigError({
    field: '--project',
    value: `${project}, which is not a folder`,
    limit: 'the folder of an application, with migrations/',
  })
}

/** Tells when the working directory has migrations that are left out because it does not look like a project; null when
 *  it has none, or they are taken. */
export function leftOutHere({ project }: ProjectChoice): string | null {
  const isLeftOut =
    project === undefined && isFolder(MIGRATIONS) && !existsSync(CONFIG) && !isAshlarItself(process.cwd())
  if (!isLeftOut) return null
  return `${MIGRATIONS}/ of this folder is left out: there is no ${CONFIG} beside it; \`--project .\` takes it, \`--no-project\` says that it is meant`
}

/** Tells whether the working directory is a project, if need be one that has no migrations yet. */
export function isProjectHere(): boolean {
  return existsSync(CONFIG) && !isAshlarItself(process.cwd())
}

function projectHere(): string | null {
  return isProjectHere() && isFolder(MIGRATIONS) ? process.cwd() : null
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
