/** Records changed without running anything: for a database that came by its migrations in another way. */

import { createHash } from 'node:crypto'
import type { ServerTarget } from '../config.js'
import { ConfigError } from '../errors.js'
import { compare, type MigrationProblem, refuseProblems } from './comparison.js'
import { writeLedger } from './execute.js'
import { type MigrationFile, readSources } from './files.js'
import { recordMove, recordText, strikeOut } from './ledger.js'
import { assertMayWrite, lockedRun } from './locked-run.js'
import { type MigrateOptions, type MigrationStep, withDefaults } from './options.js'
import { appliedNamed, fileNamed } from './selection.js'
import { withRunSession } from './session.js'
import type { AppliedMigration, MigrationState } from './state.js'
import type { MigrationName } from './status.js'

/** What is recorded: migrations by name; all that are pending up to one; or, for adopting an existing database, all that
 *  are pending. The present text of an edited one is taken by its name alone. Names may have `ashlar/` or `project/` before
 *  them. */
export type StampExtent =
  | { readonly names: readonly string[] }
  | { readonly to: string }
  /** Only `true` records anything. */
  | { readonly all: boolean }

/** What {@link unstampMigrations} strikes out. */
export interface UnstampExtent {
  readonly names: readonly string[]
}

/** Where the ledger never knew a text, and there is no file. */
const NO_TEXT = createHash('sha256').update('').digest('hex')

/** Records migrations as applied without running them. Gives what was recorded.
 *  @throws {MigrationError} when a file is malformed, what is named is renamed or missing, or what `to` or `all` covers is
 *    edited, renamed or missing, and nothing is recorded then; when the role may not write to the lists
 *  @throws {ConfigError} when the extent is none, or names no migration */
export async function stampMigrations(
  server: ServerTarget,
  extent: StampExtent,
  options: MigrateOptions = {},
): Promise<readonly MigrationStep[]> {
  checkExtent(extent)
  const given = withDefaults(options)
  const files = await readSources(given.sources)
  return withRunSession(server, given.connectTimeoutMs, async (session) => {
    const run = await lockedRun(server, session, files, given)
    const { edited, unlisted } = toRecord(run.state, extent)
    if (edited.length + unlisted.length === 0) return []
    assertMayWrite(run.state)
    await writeLedger(run, async () => {
      for (const { each, file } of edited) await recordText(run.client, each, file.checksum)
      for (const file of unlisted) await recordMove(run.client, { file, direction: 'up' }, null)
    })
    return [...edited.map(({ file }) => file), ...unlisted].map((file) => stepOf(file, 'up'))
  })
}

/** Takes migrations out of the lists of what is applied, with or without a file, and runs nothing. Gives what was struck out.
 *  @throws {MigrationError} when a file is malformed, or the role may not write to the lists
 *  @throws {ConfigError} when a name is of none that is applied */
export async function unstampMigrations(
  server: ServerTarget,
  { names }: UnstampExtent,
  options: MigrateOptions = {},
): Promise<readonly MigrationStep[]> {
  checkExtent({ names })
  const given = withDefaults(options)
  const files = await readSources(given.sources)
  return withRunSession(server, given.connectTimeoutMs, async (session) => {
    const run = await lockedRun(server, session, files, given)
    const struck = [...new Set(names.map((name) => appliedNamed(run.state.applied, name)))]
    assertMayWrite(run.state)
    await writeLedger(run, async () => {
      for (const each of struck) await strikeOut(run.client, each, each.checksum ?? each.file?.checksum ?? NO_TEXT)
    })
    return struck.map((each) => stepOf(each, 'down'))
  })
}

interface ToRecord {
  readonly edited: readonly { readonly each: AppliedMigration; readonly file: MigrationFile }[]
  readonly unlisted: readonly MigrationFile[]
}

function toRecord(state: MigrationState, extent: StampExtent): ToRecord {
  const { files, applied, pending } = state
  const problems = compare(state)
  if ('names' in extent) {
    const missing = problems.filter(({ kind }) => kind === 'missing')
    const isNamed = (name: string, { source, name: own }: MigrationName) =>
      [own, `${source}/${own}`].includes(name.replace(/\.\w+$/, ''))
    refuseProblems(
      missing.filter((problem) => extent.names.some((name) => isNamed(name, problem))),
      files,
    )
    const wanted = [...new Set(extent.names.map((name) => fileNamed(files, name, 'names')))]
    const renamed = problems.filter(({ kind }) => kind === 'renamed')
    refuseProblems(
      renamed.filter(({ source, newName }) =>
        wanted.some((file) => file.source.name === source && file.name === newName),
      ),
      files,
    )
    const edited = applied.flatMap((each) => {
      const { file, checksum } = each
      const isEdited = file !== null && checksum !== null && checksum !== file.checksum
      return isEdited && wanted.includes(file) ? [{ each, file }] : []
    })
    return { edited, unlisted: pending.filter((file) => wanted.includes(file)) }
  }
  const last = 'to' in extent ? files.indexOf(fileNamed(files, extent.to)) : files.length - 1
  const isCovered = isUpTo(files[last], state)
  // Which file of another name, or with another text, is meant, only a name can tell.
  const refused = problems.filter((problem) => problem.kind !== 'out-of-order' && isCovered(problem))
  refuseProblems(refused, files)
  return { edited: [], unlisted: pending.filter((file) => files.indexOf(file) <= last) }
}

/** Tells what is covered by all files up to one; nothing where there is no file. */
function isUpTo(last: MigrationFile | undefined, { files }: MigrationState): (problem: MigrationProblem) => boolean {
  const sources = [...new Set(files.map(({ source }) => source.name))]
  return ({ source, name, newName }) => {
    if (last === undefined) return false
    if (source !== last.source.name) return sources.indexOf(source) < sources.indexOf(last.source.name)
    return last === files.at(-1) || [name, newName ?? name].some((each) => each <= last.name)
  }
}

function stepOf(
  { source, name }: Pick<AppliedMigration, 'source' | 'name'>,
  direction: MigrationStep['direction'],
): MigrationStep {
  return { source: source.name, name, direction, durationMs: 0 }
}

/** @throws {ConfigError} when it does not say what: nothing is recorded for want of a word */
function checkExtent(extent: StampExtent | undefined): void {
  const isNamed = (names: unknown): boolean =>
    Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string')
  const { names, to, all } = (extent ?? {}) as {
    readonly names?: unknown
    readonly to?: unknown
    readonly all?: unknown
  }
  const given = [names, to, all].filter((each) => each !== undefined)
  if (given.length === 1 && (isNamed(names) || typeof to === 'string' || all === true)) return
  throw new ConfigError({
    field: 'names',
    value: JSON.stringify(extent) ?? 'missing',
    limit: 'what is meant: { names: [NAME, ...] }, { to: NAME } or { all: true }',
  })
}
