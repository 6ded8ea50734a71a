import pc from 'picocolors'
import type { MigrationStep } from '../../migrate/options.js'
import type { StampExtent } from '../../migrate/stamp.js'
import type { Context } from '../context.js'
import { UsageError } from '../failure.js'
import { printJson, printLine } from '../output.js'
import { chooseMigrator, type MigrateFlags, withNames } from './flags.js'
import { nameText } from './lines.js'

/** Records migrations as applied without running them.
 *  @throws {UsageError} when the words do not say which
 *  @throws {MigrationError} when what is meant was renamed or is missing, or the role may not */
export async function stamp(context: Context, words: readonly string[], flags: MigrateFlags): Promise<void> {
  const extent = readStampExtent(words, flags)
  const { migrator, project } = chooseMigrator(context, flags, true)
  const steps = await withNames(migrator.stamp(extent))
  if (context.isJson) printJson({ action: 'stamp', migrations: steps })
  else if (steps.length === 0) printLine('nothing is to be recorded')
  else printSteps('recorded', steps, project !== null)
}

/** Takes migrations out of the records, and runs nothing.
 *  @throws {UsageError} when a name is of none that is recorded
 *  @throws {MigrationError} when the role may not */
export async function unstamp(context: Context, names: readonly string[], flags: MigrateFlags): Promise<void> {
  const { migrator, project } = chooseMigrator(context, flags, true)
  const steps = await withNames(migrator.unstamp({ names }))
  if (context.isJson) printJson({ action: 'unstamp', migrations: steps })
  else printSteps('struck out', steps, project !== null)
}

function printSteps(done: string, steps: readonly MigrationStep[], hasProject: boolean): void {
  for (const step of steps) printLine(`${pc.green(done)} ${nameText(step, hasProject)}`)
}

function readStampExtent(words: readonly string[], { to, all }: MigrateFlags): StampExtent {
  const said = [words.length > 0, to !== undefined, all === true].filter(Boolean).length
  if (said === 0) throw new UsageError('say which: NAME..., to NAME, or --all for all that are pending')
  if (said > 1) throw new UsageError('say it in one way: NAME..., to NAME, or --all')
  if (to !== undefined) return { to }
  if (all === true) return { all }
  const [first, name] = words
  if (first !== 'to') return { names: words }
  if (name === undefined || words.length > 2) throw new UsageError('`to` is followed by the name of one migration')
  return { to: name }
}
