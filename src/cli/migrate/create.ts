import { join, relative } from 'node:path'
import pc from 'picocolors'
import { ValidationError } from '../../errors.js'
import { createMigration } from '../../migrate/create.js'
import { isAshlarItself } from '../../migrate/source.js'
import type { Context } from '../context.js'
import { UsageError } from '../failure.js'
import { printJson, printLine, printNote } from '../output.js'
import { findFolder, isProjectHere, type ProjectChoice } from '../project.js'

/** Writes a new migration into the folder of the project, or, in ashlar's own source, of ashlar.
 *  @throws {UsageError} when the name is not right, or no folder is meant
 *  @throws {MigrationError} when it cannot be written */
export async function create(
  { isJson }: Context,
  name: string,
  { project, transaction }: ProjectChoice & { readonly transaction: boolean },
): Promise<void> {
  const folder = join(folderOf(project), 'migrations')
  const file = await createMigration(folder, { name, isTransaction: transaction }).catch((error: unknown) => {
    throw error instanceof ValidationError
      ? new UsageError(error.issues.map(({ message }) => `the name ${message}`)[0])
      : error
  })
  const path = relative(process.cwd(), join(folder, file))
  if (isJson) {
    printJson({ file: path })
    return
  }
  printLine(`${pc.green('wrote')} ${path}`)
  printNote(
    pc.dim('It is refused until it is filled in. Then: ashlar migrate lint, ashlar migrate up, ashlar generate.'),
  )
}

function folderOf(project: string | false | undefined): string {
  if (typeof project === 'string') return findFolder(project)
  const here = process.cwd()
  if (project === undefined && (isProjectHere() || isAshlarItself(here))) return here
  throw new UsageError(
    'no project is here (pgtyped.config.json is missing): name its folder by --project, such as --project .',
  )
}
