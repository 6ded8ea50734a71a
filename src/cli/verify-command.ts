/** Defines `ashlar verify`. */

import { refuseUrl } from './folder.js'
import { collect, command, type GlobalOptions, run, urlFlags } from './program.js'
import type { VerifyCommandOptions } from './verify.js'

export function defineVerify(): void {
  const verify = command('verify', "prove that a previous release's queries work on the new schema")
    .argument('[project]', 'folder with the migrations of the new schema', '.')
    .requiredOption(
      '--against <file>',
      'queries.json of a previous release, its folder or its .tgz; repeatable',
      collect,
    )
    .option(urlFlags, 'a live database that is migrated already (default: a temporary server)')
    .option('--live', 'the live database that DATABASE_URL or PG* variables name')
    .addHelpText('after', HELP)
  verify.action((project: string, options: GlobalOptions & VerifyCommandOptions) =>
    run(
      options,
      async (context) => {
        refuseUrl('project', project)
        for (const file of options.against) refuseUrl('against', file)
        await (await import('./verify.js')).verifyReleases(context, project, options)
      },
      verify,
    ),
  )
}

const HELP = `
\`breaks\` exits 1: calls of that release fail, or give what its types exclude, beside the new schema. A \`notice\` depends on
values. Nothing is executed: queries are prepared on a temporary server with the project's migrations, or on a live one.

ashlar generate writes queries.json beside the generated files; keep the one of what runs, and verify before you migrate:
ashlar verify --against running/queries.json --against running/node_modules/ashlar && ashlar migrate up`
