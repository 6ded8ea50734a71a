/** Defines `ashlar explain`. */

import type { ExplainCommandOptions } from './explain.js'
import { collect, command, type GlobalOptions, run, toInteger, urlFlags, urlHelp } from './program.js'
import { addProjectOptions } from './project.js'

const MOST_MS = 86_400_000

export function defineExplain(): void {
  const explain = addProjectOptions(command('explain', 'show the plan of one query; executes nothing unless told'))
    .argument('<query>', 'its name, as `ashlar queries` lists it')
    .option(urlFlags, urlHelp)
    .option('--param <assignment>', 'a parameter of it; repeatable', collect)
    .option('--generic', 'the plan for any values, as prepared statements get it; needs no values')
    .option('--indexed', 'avoid sequential scans, as on a large table')
    .option('--buffers', 'tell of the buffers')
    .option('--analyze', 'run it, in a transaction that is rolled back; only a read')
    .option('--analyze-writes', 'run it, also when it writes')
    .option(
      '--timeout-ms <ms>',
      'longest time on the server (default: that of any command)',
      toInteger(MOST_MS, ', in ms'),
    )
    .addHelpText('after', HELP)
  explain.action((name: string, options: GlobalOptions & ExplainCommandOptions) =>
    run(options, async (context) => (await import('./explain.js')).explainOne(context, name, options), explain),
  )
}

const HELP = `
Parameters are as with \`ashlar queries --psql\`; what is left out leaves its lines out. A plan shows the values that it is made
for. With --generic, --param name switches on the lines of a parameter without a value.

--analyze-writes rolls back what the query and its triggers write and notify. It takes the locks of a real run until then,
sequences stay where it moves them, and constraints that are deferred to COMMIT are not checked.

ashlar explain listTemplates --param order=name --param limit=50 --analyze --buffers`
