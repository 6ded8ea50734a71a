/** `ashlar schema`: what the migrations yield, written down. */

import type { Command } from 'commander'
import { refuseUrl } from './folder.js'
import { type GlobalOptions, program, run } from './program.js'

/** Defines `schema` as a group of commands, and gives it for others to be added. Without the name of one of them it is
 *  `write`, so that `ashlar schema [project] [--check]` needs none. */
export function defineSchema(): Command {
  const schema = program
    .command('schema')
    .description("the reviewers' view of the migrations")
    .addHelpText(
      'after',
      `
ashlar schema [project] [--check] is short for ashlar schema write [project] [--check].
  --check   write nothing; fail when schema.sql and docs/schema.md are not current`,
    )
  schema
    .command('write', { isDefault: true })
    .description('write schema.sql and docs/schema.md, or prove that they are current')
    .argument('[project]', 'folder with migrations', '.')
    .option('--check', 'write nothing; fail when they are not current')
    .option('--json', 'print JSON, for programs')
    .option('--verbose', 'show the stack of an error')
    .action((project: string, options: GlobalOptions & { check?: true }) =>
      run(options, async (context) => {
        refuseUrl('project', project)
        await (await import('./schema.js')).schema(context, project, options.check === true)
      }),
    )
  return schema
}
