/** `ashlar schema diff`: whether a live database is what the migrations yield. */

import type { Command } from 'commander'
import { refuseUrl } from './folder.js'
import { collect, command, type GlobalOptions, run, urlFlags, urlHelp } from './program.js'
import type { SchemaDiffFlags } from './schema-diff.js'

/** Defines the command in the group `schema`. */
export function defineSchemaDiff(schema: Command): void {
  const diff = command(
    'diff',
    'compare a live database with the migrations, and draft the SQL for what differs',
    schema,
  )
  diff
    .argument('[project]', "folder with migrations (default: this one, or ashlar's own alone where it has none)")
    .option(urlFlags, urlHelp)
    .option('--sql-only', 'print the draft alone')
    .option('--output <file>', 'write the draft to a new file')
    .option('--no-sql', 'no draft: name the differences alone')
    .option('--undo', 'draft what takes the database back to the migrations (default: the migrations to the database)')
    .option('--privileges', 'compare what roles may do, too')
    .option('--ignore-schema <name>', "a schema of others, such as another application's; repeatable", collect)
    .addHelpText(
      'after',
      `
Exit codes: 0 the schemas are equal, 1 they differ. The database is only read; the draft is tried on a server of its own.

Not compared: owners, default privileges, settings of the database and of roles, operators, casts, collations, text search,
event triggers, publications, foreign servers, versions of extensions, and rows.`,
    )
    .action((project: string | undefined, options: GlobalOptions & SchemaDiffFlags) =>
      run(
        options,
        async (context) => {
          if (project !== undefined) refuseUrl('project', project)
          await (await import('./schema-diff.js')).schemaDiff(context, project, options)
        },
        diff,
      ),
    )
}
