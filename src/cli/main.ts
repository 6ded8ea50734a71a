#!/usr/bin/env node
/** The `ashlar` command. One file a subcommand; each is loaded only when it is called. */

import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { type HealthLimits, type HealthOptions, healthDefaults, longestOf } from '../engine/health/options.js'
import type { Context } from './context.js'
import { exitCodes, reportFailure, UsageError } from './failure.js'
import { refuseUrl } from './folder.js'
import { refuseFormerCommands } from './former-commands.js'
import { printUsageError } from './output.js'
import type { QueriesOptions } from './queries.js'
import { exitOnSignals } from './signals.js'

interface GlobalOptions {
  readonly url?: string
  readonly json?: true
  readonly verbose?: true
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** From the failure in the engine down to the command: Node's own limit of 10 cuts the command off. */
Error.stackTraceLimit = 30

const program = new Command('ashlar')
  // Before the subcommands, which take it over.
  .configureOutput({ writeErr: printUsageError })
  .description('Raw-SQL, query-first data access for PostgreSQL.')
  .version(version)
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 done, 1 failed (health: degraded), 2 unhealthy, 64 wrong usage.')

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'print JSON, for programs')
    .option('--verbose', 'show the stack of an error')
}

const urlFlags = '--url <url>'
const urlHelp =
  'postgres://... or embedded:FOLDER (default: DATABASE_URL or PG* variables, which the process list does not show)'

function contextOf({ url, json }: GlobalOptions): Context {
  return { url, isJson: json === true }
}

/** Runs a subcommand and turns its failure into a message and an exit code. */
async function run(
  options: GlobalOptions,
  work: (context: Context) => Promise<void>,
  subcommand?: Command,
): Promise<void> {
  try {
    await work(contextOf(options))
  } catch (error) {
    if (error instanceof UsageError) subcommand?.error(`error: ${error.message}`)
    reportFailure(error, options.verbose === true)
  }
}

command('dev', 'start the embedded server, migrated, and stay until Ctrl-C')
  .argument('[folder]', 'where its data is kept', './.ashlar')
  .option('--show-password', 'print the password within the URL')
  .action((folder: string, options: GlobalOptions & { showPassword?: true }) =>
    run(options, async (context) => {
      refuseUrl('folder', folder)
      await (await import('./dev.js')).dev(context, folder, options.showPassword === true)
    }),
  )

const migrate = program.command('migrate').description('apply and revert migrations, or show where the database stands')
for (const [name, description] of [
  ['up', 'apply pending migrations, all or none'],
  ['down', 'revert the latest migrations'],
  ['status', 'list applied and pending migrations'],
] as const) {
  const subcommand = migrate
    .command(name)
    .description(description)
    .option(urlFlags, urlHelp)
    .option('--json', 'print JSON, for programs')
    .option('--verbose', 'show the stack of an error')
  if (name !== 'status') subcommand.argument('[count]', `how many (default: ${name === 'up' ? 'all' : 1})`, toCount)
  subcommand.action((...args: unknown[]) => {
    const count = name === 'status' ? undefined : (args[0] as number | undefined)
    return run(subcommand.opts(), async (context) => (await import('./migrate.js')).migrate(context, name, count))
  })
}

command('health', 'check connection, connection budget, long transactions, replication and migrations')
  .option(urlFlags, urlHelp)
  .option(
    '--deadline-ms <ms>',
    `for everything, connecting too (default: ${healthDefaults.deadlineMs})`,
    toMs('deadlineMs'),
  )
  .option(
    '--long-transaction-ms <ms>',
    `a longer one degrades (default: ${healthDefaults.longTransactionMs})`,
    toMs('longTransactionMs'),
  )
  .option(
    '--max-replication-lag-ms <ms>',
    `a longer lag degrades (default: ${healthDefaults.maxReplicationLagMs})`,
    toMs('maxReplicationLagMs'),
  )
  .action((options: GlobalOptions & HealthOptions) =>
    run(options, async (context) => {
      const { deadlineMs, longTransactionMs, maxReplicationLagMs } = options
      await (await import('./health.js')).health(context, { deadlineMs, longTransactionMs, maxReplicationLagMs })
    }),
  )

command('check', 'test the connection step by step, and say what to do about the step that fails')
  .option(urlFlags, urlHelp)
  .action((options: GlobalOptions) => run(options, async (context) => (await import('./check.js')).check(context)))

command('init', 'prepare a database: role, database, migrations and rights; safe to repeat')
  .option(urlFlags, urlHelp)
  .option(
    '--admin-url <url>',
    'a role that may create roles and databases (default: ASHLAR_ADMIN_URL, not in the process list)',
  )
  .action((options: GlobalOptions & { adminUrl?: string }) =>
    run(options, async (context) => (await import('./init.js')).init(context, options.adminUrl)),
  )

command('upkeep', 'make and drop partitions, and delete old operations; for cron, once a day')
  .option(urlFlags, urlHelp)
  .option('--purge-after-days <days>', 'remove for good what was deleted so long ago (default: never)', toDays)
  .action((options: GlobalOptions & { purgeAfterDays?: number }) =>
    run(options, async (context) => (await import('./upkeep.js')).upkeep(context, options.purgeAfterDays ?? null)),
  )

command('tour', 'import the packages of a node_modules folder and show what ashlar does with them')
  .argument('[folder]', 'a project with node_modules', '.')
  .option(urlFlags, 'where to import to', 'embedded:./.ashlar')
  .action((folder: string, options: GlobalOptions) =>
    run(options, async (context) => {
      refuseUrl('folder', folder)
      await (await import('./tour/tour.js')).tour(context, folder)
    }),
  )

command('generate', 'compile sql/ to typed queries, or prove that they are current')
  .argument('[project]', 'folder with pgtyped.config.json, sql and migrations', '.')
  .option('--check', 'write nothing; fail when the output is not what the SQL yields')
  .action((project: string, options: GlobalOptions & { check?: true }) =>
    run(options, async (context) => {
      refuseUrl('project', project)
      await (await import('./generate.js')).generateQueries(context, project, options.check === true)
    }),
  )

command('schema', "write schema.sql, the reviewers' view of the migrations, or prove that it is current")
  .argument('[project]', 'folder with migrations', '.')
  .option('--check', 'write nothing; fail when it is not current')
  .action((project: string, options: GlobalOptions & { check?: true }) =>
    run(options, async (context) => {
      refuseUrl('project', project)
      await (await import('./schema.js')).schema(context, project, options.check === true)
    }),
  )

const queries = command('queries', 'list the queries, or print one with its values, ready for psql')
  .argument('[name]', 'one query: what it takes and gives, and its SQL')
  .option('--project <folder>', "another project's queries (default: those of ashlar)")
  .option('--table <name>', 'only those that read or write this table or view')
  .option('--file <path>', 'only those of this .sql file')
  .option('--psql', 'print the statement that a call sends, with literals for its parameters')
  .option('--param <assignment>', 'a parameter of it, as often as there are some', collect)
  .addHelpText('after', queriesHelp())
queries.action((name: string | undefined, options: GlobalOptions & QueriesOptions) =>
  run(
    options,
    async (context) => {
      if (options.project !== undefined) refuseUrl('project', options.project)
      await (await import('./queries.js')).queries(context, name, options)
    },
    queries,
  ),
)

function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text]
}

function queriesHelp(): string {
  return `
A parameter is name=value or name:=json. A value is text as it stands; a number; true or false; an instant such as
2026-11-22T10:00:00Z; bytes such as \\x00ff; for arrays and JSON types it is JSON. name:=null is NULL. What is left out leaves
its lines out, as in the library. The parameters are the query's own: a list of a repository asks for limit + 1,
chooses an order when its caller does not, and of services leaves out the deleted (--param deleted=hidden).

ashlar queries listTemplates --psql --param order=name --param limit=3 --param 'tagsAny=["api"]' | psql`
}

function toCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be an integer from 1 to 9999.')
}

function toDays(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 36_500) return Number(text)
  throw new InvalidArgumentError('It must be an integer from 1 to 36500.')
}

/** Reads a time of health. */
function toMs(name: keyof HealthLimits): (text: string) => number {
  const longest = longestOf(name)
  return (text) => {
    if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= longest) return Number(text)
    throw new InvalidArgumentError(`It must be an integer from 1 to ${longest}, in ms.`)
  }
}

/** Lets every command, when it is used wrongly, say how it is used. */
function showUsageAfterErrors(command: Command, path: string): void {
  command.showHelpAfterError(`Usage: ${path} ${command.usage()}\n(${path} --help tells more)`)
  for (const subcommand of command.commands) showUsageAfterErrors(subcommand, `${path} ${subcommand.name()}`)
}

showUsageAfterErrors(program, program.name())
refuseFormerCommands(program)
exitOnSignals()
try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
}
