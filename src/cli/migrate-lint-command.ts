/** `ashlar migrate lint`: migrations reviewed before they run. */

import type { Command } from 'commander'
import { refuseUrl } from './folder.js'
import { command, type GlobalOptions, run } from './program.js'

/** Defines `lint` below `migrate`. */
export function defineMigrateLint(migrate: Command): void {
  command('lint', "review a project's migrations, by squawk's rules and ours; needs no server", migrate)
    .argument('[project]', 'folder with migrations', '.')
    .action((project: string, options: GlobalOptions) =>
      run(options, async (context) => {
        refuseUrl('project', project)
        await (await import('./migrate-lint.js')).migrateLint(context, project)
      }),
    )
}
