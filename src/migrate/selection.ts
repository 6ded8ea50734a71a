/** Which migrations a run applies or reverts. */

import { ConfigError } from '../errors.js'
import type { MigrationFile } from './files.js'
import type { Direction } from './sections.js'
import type { AppliedMigration, MigrationState } from './state.js'

/** How far a run goes. */
export interface Extent {
  /** How many migrations at the most. Default: all for up, 1 for down and redo. */
  readonly count?: number
  /** The migration that is to be the latest: its name, with `ashlar/` or `project/` before it where both have it. */
  readonly to?: string
}

/** One migration and the way it is run. */
export interface Move {
  readonly file: MigrationFile
  readonly direction: Direction
}

/** Gives what `up` applies.
 *  @throws {ConfigError} when the extent names no migration */
export function movesUp({ files, pending }: MigrationState, { count, to }: Extent): readonly Move[] {
  checkCount(count)
  const end = to === undefined ? files.length : files.indexOf(fileNamed(files, to)) + 1
  const wanted = pending.filter((file) => files.indexOf(file) < end)
  return wanted.slice(0, count).map((file) => ({ file, direction: 'up' }))
}

/** What `down` reverts, the latest first; those of the last source before all others.
 *  @throws {ConfigError} when the extent names no applied migration */
export function appliedToRevert(
  { files, applied }: MigrationState,
  { count, to }: Extent,
): readonly AppliedMigration[] {
  checkCount(count)
  const latestFirst = applied.toReversed()
  if (to === undefined) return latestFirst.slice(0, count ?? 1)
  const last = fileNamed(files, to)
  const end = latestFirst.findIndex(({ file }) => file === last)
  if (end === -1) throw new ConfigError({ field: 'to', value: to, limit: 'a migration that is applied' })
  return latestFirst.slice(0, count === undefined ? end : Math.min(count, end))
}

/** Finds the file that a name of {@link Extent} means.
 *  @throws {ConfigError} when it means none, or two */
export function fileNamed(files: readonly MigrationFile[], to: string, field = 'to'): MigrationFile {
  return oneNamed(files, to, { field, limit: 'the name of a migration, such as 0001_core' })
}

/** Finds the applied migration that a name means; it may have no file.
 *  @throws {ConfigError} when it means none, or two */
export function appliedNamed(applied: readonly AppliedMigration[], name: string): AppliedMigration {
  return oneNamed(applied, name, { field: 'names', limit: 'the name of a migration that is recorded as applied' })
}

type Named = Pick<AppliedMigration, 'source' | 'name'>

function oneNamed<T extends Named>(all: readonly T[], to: string, wrong: { field: string; limit: string }): T {
  const wanted = to.replace(/\.(?:sql|mjs)$/, '')
  const found = all.filter(({ source, name }) => wanted === name || wanted === `${source.name}/${name}`)
  const [first, second] = found
  if (first === undefined) throw new ConfigError({ ...wrong, value: to })
  if (second === undefined) return first
  const names = found.map(({ source, name }) => `${source.name}/${name}`).join(' or ')
  throw new ConfigError({ ...wrong, value: to, limit: `one migration of the two: ${names}` })
}

function checkCount(count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count > 0)) return
  throw new ConfigError({ field: 'count', value: String(count), limit: 'an integer from 1' })
}
