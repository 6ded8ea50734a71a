import pc from 'picocolors'
import type { MigrationStep } from '../../migrate/options.js'
import { sourcesOf } from '../../migrate/source.js'
import type { Context } from '../context.js'
import { printJson, printLine } from '../output.js'
import { chooseMigrator, type MigrateFlags, readExtent, withNames } from './flags.js'
import { durationText, nameText } from './lines.js'
import { scriptOf } from './script.js'

const DONE = { up: 'applied', down: 'reverted' } as const
const NOTHING = { up: 'nothing to apply', down: 'nothing to revert', redo: 'nothing to revert' } as const

/** Applies or reverts migrations, or prints the SQL that would.
 *  @throws {UsageError} when the words do not say how far
 *  @throws {MigrationError} when a migration cannot be run; says what is kept */
export async function move(
  context: Context,
  action: 'up' | 'down' | 'redo',
  words: readonly string[],
  flags: MigrateFlags,
): Promise<void> {
  const extent = readExtent(words, flags.to)
  const { migrator, project } = chooseMigrator(context, flags, true)
  if (flags.dryRun === true) {
    const planned = await withNames(migrator.plan(action, extent))
    if (context.isJson) printJson({ action, dryRun: true, migrations: planned })
    else printLine(planned.length === 0 ? `-- ${NOTHING[action]}` : scriptOf(planned, sourcesOf(project)))
    return
  }
  const steps = await withNames(migrator[action](extent))
  if (context.isJson) printJson({ action, migrations: steps })
  else if (steps.length === 0) printLine(NOTHING[action])
  else for (const step of steps) printLine(stepLine(step, project !== null))
}

function stepLine(step: MigrationStep, hasProject: boolean): string {
  const time = pc.dim(`(${durationText(step.durationMs)})`)
  return `${pc.green(DONE[step.direction])} ${nameText(step, hasProject)} ${time}`
}
