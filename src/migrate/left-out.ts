/** An application's migrations in a database, where only ashlar's were asked for: from a folder that is not its own. */

import type { Executor } from '../engine/executor.js'
import { MigrationError } from '../errors.js'
import type { MigrationProblem } from './comparison.js'
import { ledgerSql, listSql } from './ledger-sql.js'
import { type MigrationSource, PROJECT_TABLE } from './source.js'

/** Tells whether the database lists migrations of an application, and the sources have none. Where the role may not read
 *  the list, which is made for a migration, it counts as filled. */
export async function isProjectLeftOut(
  db: Pick<Executor, 'query'>,
  sources: readonly MigrationSource[],
): Promise<boolean> {
  if (sources.some(({ table }) => table === PROJECT_TABLE)) return false
  const [list] = await db.query<{ mayRead: boolean }>(ledgerSql.list, [PROJECT_TABLE])
  if (list?.mayRead !== true) return list !== undefined
  const [found] = await db.query<{ hasRows: boolean }>(listSql(PROJECT_TABLE).hasRows)
  return found?.hasRows === true
}

/** It, as a problem. */
export const leftOutProblem: MigrationProblem = {
  kind: 'left-out',
  source: 'project',
  name: PROJECT_TABLE,
  message: `public.${PROJECT_TABLE} lists migrations of an application, and no project is here`,
  advice: "name the application's folder by --project FOLDER, or say by --no-project that ashlar's alone are meant",
}

/** Refuses to run without the project that is meant, and ever to revert what an application stands on.
 *  @throws {MigrationError} when it is left out */
export async function refuseLeftOut(
  db: Pick<Executor, 'query'>,
  action: 'up' | 'down' | 'redo',
  { sources, expectsProject }: { readonly sources: readonly MigrationSource[]; readonly expectsProject?: boolean },
): Promise<void> {
  if (action === 'up' && expectsProject !== true) return
  if (!(await isProjectLeftOut(db, sources))) return
  const { message, advice } = leftOutProblem
  throw new MigrationError(
    action === 'up'
      ? `${message}: ${advice}; nothing was run`
      : `public.${PROJECT_TABLE} lists migrations of an application, which stand on those of ashlar: revert them first, with its folder by --project FOLDER; nothing was run`,
  )
}
