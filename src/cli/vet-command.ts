/** Defines `ashlar vet`. */

import { refuseUrl } from './folder.js'
import { collect, command, type GlobalOptions, run } from './program.js'
import type { VetFlags } from './vet.js'

export function defineVet(): void {
  const vet = command(
    'vet',
    'check the queries of sql/ against the migrated schema: prepared, bounded, ordered, indexed',
  )
    .argument('[project]', 'folder with pgtyped.config.json, sql and migrations', '.')
    .option('--rule <name>', 'run this rule; repeatable (default: all)', collect)
    .option('--query <name>', 'look at this query; repeatable (default: all)', collect)
    .option('--rules', 'list the rules and why each is there')
    .addHelpText('after', HELP)
  vet.action((project: string, options: GlobalOptions & VetFlags) =>
    run(
      options,
      async (context) => {
        refuseUrl('project', project)
        await (await import('./vet.js')).vetQueries(context, project, options)
      },
      vet,
    ),
  )
}

const HELP = `
It starts a temporary server and applies the migrations; no other database is touched. Exits 1 when it finds something.
A comment on a line of its own within the statement turns a rule off for that query, and must say why:
  -- @vet-off <rule>: <reason>
  -- @vet-off <rule>(<parameter>, <parameter>): <reason>`
