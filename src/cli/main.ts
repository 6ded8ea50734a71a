#!/usr/bin/env node
/** The `ashlar` command. One file a subcommand; each is loaded only when it is called. */

import { type Command, CommanderError } from 'commander'
import { type HealthLimits, type HealthOptions, healthDefaults, longestOf } from '../engine/health/options.js'
import { defineBackup } from './backup-command.js'
import { defineExplain } from './explain-command.js'
import { exitCodes } from './failure.js'
import { refuseUrl } from './folder.js'
import { refuseFormerCommands } from './former-commands.js'
import { defineMigrate } from './migrate-command.js'
import { defineMigrateLint } from './migrate-lint-command.js'
import { collect, command, type GlobalOptions, program, run, toInteger, urlFlags, urlHelp } from './program.js'
import { addProjectOptions, findProject, type ProjectChoice } from './project.js'
import type { QueriesOptions } from './queries.js'
import { defineSchema } from './schema-command.js'
import { defineSchemaDiff } from './schema-diff-command.js'
import { exitOnSignals } from './signals.js'
import { defineVerify } from './verify-command.js'
import { defineVet } from './vet-command.js'

/** From the failure in the engine down to the command: Node's own limit of 10 cuts the command off. */
Error.stackTraceLimit = 30

addProjectOptions(command('dev', 'start the embedded server, migrated, and stay until Ctrl-C'))
  .argument('[folder]', 'where its data is kept', './.ashlar')
  .option('--show-password', 'print the password within the URL')
  .action((folder: string, options: GlobalOptions & ProjectChoice & { showPassword?: true }) =>
    run(options, async (context) => {
      refuseUrl('folder', folder)
      const project = findProject(options)
      await (await import('./dev.js')).dev(context, folder, { project, showPassword: options.showPassword === true })
    }),
  )

defineMigrateLint(defineMigrate())

addProjectOptions(
  command('health', 'check connection, connection budget, long transactions, replication and migrations'),
)
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
  .action((options: GlobalOptions & ProjectChoice & HealthOptions) =>
    run(options, async (context) => {
      const { deadlineMs, longTransactionMs, maxReplicationLagMs } = options
      const limits = { deadlineMs, longTransactionMs, maxReplicationLagMs }
      await (await import('./health.js')).health(context, { ...limits, project: findProject(options) })
    }),
  )

addProjectOptions(command('check', 'test the connection step by step, and say what to do about the step that fails'))
  .option(urlFlags, urlHelp)
  .action((options: GlobalOptions & ProjectChoice) =>
    run(options, async (context) => (await import('./check.js')).check(context, findProject(options))),
  )

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
  .option(
    '--purge-after-days <days>',
    'remove for good what was deleted so long ago (default: never)',
    toInteger(36_500),
  )
  .action((options: GlobalOptions & { purgeAfterDays?: number }) =>
    run(options, async (context) => (await import('./upkeep.js')).upkeep(context, options.purgeAfterDays ?? null)),
  )

defineBackup()

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

defineVet()

const schema = defineSchema()
defineSchemaDiff(schema)

const queries = command('queries', 'list the queries, or print one with its values, ready for psql').argument(
  '[name]',
  'one query: what it takes and gives, and its SQL',
)
addProjectOptions(queries)
  .option('--table <name>', 'only those that read or write this table or view')
  .option('--file <path>', 'only those of this .sql file')
  .option('--psql', 'print the statement that a call sends, with literals for its parameters')
  .option('--param <assignment>', 'a parameter of it; repeatable', collect)
  .addHelpText('after', queriesHelp())
queries.action((name: string | undefined, options: GlobalOptions & QueriesOptions) =>
  run(options, async (context) => (await import('./queries.js')).queries(context, name, options), queries),
)

defineVerify()
defineExplain()

function queriesHelp(): string {
  return `
A parameter is name=value or name:=json. A value is text as it stands; a number; true or false; an instant such as
2026-11-22T10:00:00Z; bytes such as \\x00ff; for arrays and JSON types it is JSON. name:=null is NULL. What is left out leaves
its lines out, as in the library. The parameters are the query's own: a list of a repository asks for limit + 1,
chooses an order when its caller does not, and of services leaves out the deleted (--param deleted=hidden).

ashlar queries listTemplates --psql --param order=name --param limit=3 --param 'tagsAny=["api"]' | psql`
}

/** Reads a time of health. */
function toMs(name: keyof HealthLimits): (text: string) => number {
  return toInteger(longestOf(name), ', in ms')
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
