/** `ashlar migrate`: the definitions of its actions. */

import type { Command } from 'commander'
import { defaults } from '../config.js'
import type { MigrateFlags } from './migrate/flags.js'
import { command, type GlobalOptions, program, run, toInteger, urlFlags, urlHelp } from './program.js'
import { addProjectOptions, type ProjectChoice } from './project.js'

type Flags = GlobalOptions & MigrateFlags

const DAY_MS = 86_400_000
const toMs = toInteger(DAY_MS, ', in ms')
const { lockTimeoutMs, statementLockTimeoutMs, lockRetryMs } = defaults.migration

/** Defines `ashlar migrate` and its actions, and gives it. */
export function defineMigrate(): Command {
  const migrate = program
    .command('migrate')
    .description('apply and revert migrations, ashlar’s and the application’s, or show where the database stands')
    .addHelpText('after', NAMES)
  defineMoves(migrate)
  defineViews(migrate)
  defineRecords(migrate)
  const create = command('create', 'write a new migration, to be filled in', migrate)
  addProjectOptions(create)
    .argument('<name>', 'what it is about, such as add_incident')
    .option('--no-transaction', 'steps outside a transaction: CREATE INDEX CONCURRENTLY')
    .action((name: string, options: GlobalOptions & ProjectChoice & { transaction: boolean }) =>
      run(options, async (context) => (await import('./migrate/create.js')).create(context, name, options), create),
    )
  return migrate
}

const NAMES = `
A migration is named as its file is, with or without its ending. Where the application and ashlar have one of the same name,
write project/NAME or ashlar/NAME.`

const moves = [
  ['up', 'apply pending migrations', 'how many, or: to NAME (default: all)'],
  ['down', 'revert the latest migrations', 'how many, or: to NAME, which stays (default: 1)'],
  ['redo', 'revert the latest migrations and apply them again', 'how many, or: to NAME, which stays (default: 1)'],
] as const

function defineMoves(migrate: Command): void {
  for (const [name, description, extent] of moves) {
    const move = action(migrate, name, description)
      .argument('[extent...]', extent)
      .option('--to <name>', 'the same as: to NAME')
      .option('--dry-run', 'print the SQL, for psql, and run nothing')
      .option('--lock-timeout-ms <ms>', `wait so long for another runner (default: ${lockTimeoutMs})`, toMs)
      .option(
        '--statement-lock-timeout-ms <ms>',
        `longest wait of a statement for a lock, for as long may all others wait behind it (default: ${statementLockTimeoutMs})`,
        toMs,
      )
      .option('--lock-retry-ms <ms>', `then try again for so long (default: ${lockRetryMs})`, toMs)
    move.action((words: readonly string[], options: Flags) =>
      run(options, async (context) => (await import('./migrate/move.js')).move(context, name, words, options), move),
    )
  }
}

function defineRecords(migrate: Command): void {
  const stamp = action(migrate, 'stamp', 'record migrations as applied without running them')
    .argument(
      '[extent...]',
      'names; an edited one is taken as it is now. Or: to NAME, with all that are pending before it',
    )
    .option('--to <name>', 'the same as: to NAME')
    .option('--all', 'all that are pending: for a database that has them by other means')
  stamp.action((words: readonly string[], options: Flags) =>
    run(options, async (context) => (await import('./migrate/stamp.js')).stamp(context, words, options), stamp),
  )
  const unstamp = action(migrate, 'unstamp', 'forget that migrations are applied, and run nothing').argument(
    '<names...>',
    'of those that are recorded, with or without a file',
  )
  unstamp.action((names: readonly string[], options: Flags) =>
    run(options, async (context) => (await import('./migrate/stamp.js')).unstamp(context, names, options), unstamp),
  )
}

function defineViews(migrate: Command): void {
  action(migrate, 'status', 'list applied and pending migrations, and what is wrong').action((options: Flags) =>
    run(options, async (context) => (await import('./migrate/views.js')).showStatus(context, options)),
  )
  action(migrate, 'history', 'list what was applied, reverted and recorded, by whom and when').action(
    (options: Flags) =>
      run(options, async (context) => (await import('./migrate/views.js')).showHistory(context, options)),
  )
  action(migrate, 'check', 'fail when the database is not as the files say, or nobody can tell').action(
    (options: Flags) => run(options, async (context) => (await import('./migrate/views.js')).check(context, options)),
  )
}

function action(migrate: Command, name: string, description: string): Command {
  return addProjectOptions(command(name, description, migrate).option(urlFlags, urlHelp))
}
