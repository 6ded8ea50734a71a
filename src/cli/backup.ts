import pc from 'picocolors'
import { backup, restore } from '../backup/backup.js'
import type { BackupResult } from '../backup/options.js'
import type { Context } from './context.js'
import { printJson, printLine, printNote } from './output.js'

/** What `ashlar backup` takes. */
export interface BackupCommandOptions {
  readonly force?: true
  readonly binDir?: string
}

/** What `ashlar restore` takes. */
export interface RestoreCommandOptions {
  readonly replace?: true
  readonly owners?: true
  readonly unsealed?: true
  readonly binDir?: string
}

const onStep = (step: string): void => printNote(pc.dim(step))

/** Writes a backup, and prints what is in it. */
export async function backupTo({ url, isJson }: Context, file: string, options: BackupCommandOptions): Promise<void> {
  const { force, binDir } = options
  const result = await backup(file, { ...shared(url, binDir), force: force === true })
  if (isJson) printJson(result)
  else printLine(`wrote ${file}: ${describe(result)}`)
  if (result.kind === 'folder')
    printNote(pc.dim("The file holds the server's password: keep it as you keep the folder."))
}

/** Restores a backup, and prints what was restored. */
export async function restoreFrom(
  { url, isJson }: Context,
  file: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const { replace, owners, unsealed, binDir } = options
  const result = await restore(file, {
    ...shared(url, binDir),
    replace: replace === true,
    owners: owners === true,
    unsealed: unsealed === true,
  })
  if (isJson) {
    printJson(result)
    return
  }
  printLine(`restored ${file}: ${describe(result)}`)
  const { applied, pending, missing, project } = result.migrations
  const rest = [
    ...pending.map((name) => `${name} is pending`),
    ...missing.map((name) => `${name} is of a later ashlar`),
  ]
  printLine(
    `${applied} migrations of ashlar${project === null ? '' : ` and ${project} of the application`} are applied${rest.map((each) => `; ${each}`).join('')}`,
  )
  if (pending.length > 0) printNote('what to do: `ashlar migrate up` applies what is pending')
}

function shared(url: string | undefined, binDir: string | undefined) {
  return { onStep, ...(url === undefined ? {} : { url }), ...(binDir === undefined ? {} : { binFolder: binDir }) }
}

function describe({ tables, rows, bytes, postgresVersion, durationMs }: BackupResult): string {
  const counted = rows === null ? `${tables} tables` : `${tables} tables, ${rows} rows`
  return `${counted} of PostgreSQL ${postgresVersion}, ${(bytes / 1_000_000).toFixed(1)} MB in ${(durationMs / 1_000).toFixed(1)} s`
}
