/** The subcommands `backup` and `restore`. */

import type { BackupCommandOptions, RestoreCommandOptions } from './backup.js'
import { refuseUrl } from './folder.js'
import { command, type GlobalOptions, run, urlFlags, urlHelp } from './program.js'

const binFlags = '--bin-dir <folder>'
const binHelp = 'where pg_dump, pg_restore and psql are (default: ASHLAR_PG_BIN, then PATH)'

/** Defines `ashlar backup FILE` and `ashlar restore FILE`. */
export function defineBackup(): void {
  command('backup', 'write a backup, and read it back: by pg_dump, or of an embedded server its folder')
    .argument('<file>', 'a new file, which only its owner may read')
    .option(urlFlags, urlHelp)
    .option('--force', 'replace a file that is there')
    .option(binFlags, binHelp)
    .action((file: string, options: GlobalOptions & BackupCommandOptions) =>
      run(options, async (context) => {
        refuseUrl('file', file)
        await (await import('./backup.js')).backupTo(context, file, options)
      }),
    )

  command('restore', 'restore a backup, whole or not at all, into an empty database')
    .argument('<file>', 'what `ashlar backup` wrote')
    .option(urlFlags, urlHelp)
    .option('--replace', 'drop what the database holds, in the same transaction')
    .option('--owners', "keep owners and privileges (default: everything is the database owner's)")
    .option('--unsealed', 'take a file of plain pg_dump (custom format), which has no checksum')
    .option(binFlags, binHelp)
    .action((file: string, options: GlobalOptions & RestoreCommandOptions) =>
      run(options, async (context) => {
        refuseUrl('file', file)
        await (await import('./backup.js')).restoreFrom(context, file, options)
      }),
    )
}
