/** What the actions of `ashlar migrate` take, and the migrator that it asks for. */

import pc from 'picocolors'
import { ConfigError } from '../../errors.js'
import type { LockRetry } from '../../migrate/lock-retry.js'
import type { Extent } from '../../migrate/selection.js'
import { createMigrator, type Migrator, type MigratorOptions } from '../../migrator.js'
import type { Context } from '../context.js'
import { UsageError } from '../failure.js'
import { plainText, printNote } from '../output.js'
import { findProject, leftOutHere, type ProjectChoice } from '../project.js'
import { holderText, nameText } from './lines.js'

/** Options of all actions; each takes some of them. */
export interface MigrateFlags extends ProjectChoice {
  readonly to?: string
  readonly all?: true
  readonly dryRun?: true
  readonly lockTimeoutMs?: number
  readonly statementLockTimeoutMs?: number
  readonly lockRetryMs?: number
}

/** A migrator, and the project whose migrations it takes too. */
export interface ChosenMigrator {
  readonly migrator: Migrator
  readonly project: string | null
}

/** Makes the migrator of the project that is meant, which tells on stderr what it does.
 *  @throws {ConfigError} when the project or the URL cannot be used */
export function chooseMigrator({ url }: Context, flags: MigrateFlags, progress: boolean): ChosenMigrator {
  const project = findProject(flags)
  const leftOut = leftOutHere(flags)
  if (leftOut !== null) printNote(pc.yellow(leftOut))
  const { lockTimeoutMs, statementLockTimeoutMs, lockRetryMs } = flags
  const given = {
    url,
    project: flags.project === undefined ? (project ?? undefined) : project,
    lockTimeoutMs,
    statementLockTimeoutMs,
    lockRetryMs,
  }
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const tell = progress ? reporters(project !== null) : {}
  return { migrator: createMigrator({ ...(options as MigratorOptions), ...tell }), project }
}

function reporters(hasProject: boolean): Pick<MigratorOptions, 'onMigration' | 'onLockRetry' | 'onNotice'> {
  return {
    onMigration: (_, move) => printNote(pc.dim(`${move.direction} ${nameText(move, hasProject)}`)),
    onLockRetry: (retry) => printNote(pc.yellow(retryText(retry, hasProject))),
    onNotice: (text) => printNote(pc.yellow(plainText(text))),
  }
}

function retryText({ attempt, nextTryMs, holders, ...move }: LockRetry, hasProject: boolean): string {
  const held = holders.length === 0 ? '' : `, held by ${holders.map(holderText).join(' and ')}`
  return `${move.direction} ${nameText(move, hasProject)}: no lock in attempt ${attempt}${held}; undone, and tried again in ${Math.round(nextTryMs)} ms`
}

/** Reads how far to go: nothing, a count, or `to NAME`, which `--to` says too.
 *  @throws {UsageError} when it is none of these */
export function readExtent(words: readonly string[], to: string | undefined): Extent {
  const [first, name, ...more] = words
  if (first === undefined) return to === undefined ? {} : { to }
  if (to !== undefined) throw new UsageError('--to says how far: leave the other words out')
  if (first === 'to') {
    if (name !== undefined && more.length === 0) return { to: name }
    throw new UsageError('`to` is followed by the name of one migration')
  }
  if (name === undefined && /^[1-9]\d{0,3}$/.test(first)) return { count: Number(first) }
  throw new UsageError(`'${words.join(' ')}' says not how far. It must be an integer from 1 to 9999, or: to NAME.`)
}

/** Runs work; a name that means no migration is wrong usage.
 *  @throws {UsageError} in place of the error of such a name */
export async function withNames<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof ConfigError && (error.field === 'to' || error.field === 'names')
      ? new UsageError(error.message)
      : error
  }
}
