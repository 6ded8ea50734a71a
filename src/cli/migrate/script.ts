/** What `--dry-run` prints: one script for psql, which may be run in place of the runner. */

import { listSql } from '../../migrate/ledger-sql.js'
import type { PlannedMigration } from '../../migrate/runner.js'
import type { MigrationSource } from '../../migrate/source.js'

const HEAD = `-- What would run, in this order, with the lists of what is applied. psql runs it as it stands; the next run of a migration
-- takes what it did into the history. It neither waits for another runner nor tries again when a lock is not to be had.
\\set ON_ERROR_STOP on
SET search_path TO public;`

/** Writes planned migrations as a script that names each of them, with the transactions of a run. */
export function scriptOf(planned: readonly PlannedMigration[], sources: readonly MigrationSource[]): string {
  const used = sources.filter(({ name }) => planned.some((each) => each.source === name && each.direction === 'up'))
  const lists = used.map(({ table }) => `${listSql(table).create.replace('TABLE', 'TABLE IF NOT EXISTS')};`)
  const parts = planned.map((each, index) => {
    const { source, name, direction, sql, isTransaction } = each
    const table = sources.find((other) => other.name === source)?.table ?? ''
    return [
      ...(isTransaction && planned[index - 1]?.isTransaction !== true ? ['BEGIN;'] : []),
      `-- ${direction} ${source}/${name}\n${sql.trim()}`,
      entryOf(table, { name, direction }),
      ...(isTransaction && planned[index + 1]?.isTransaction !== true ? ['COMMIT;'] : []),
    ].join('\n\n')
  })
  return [`${HEAD}\n${lists.join('\n')}`, ...parts].join('\n\n')
}

/** Names of files that may be run hold nothing that would have to be quoted. */
function entryOf(table: string, { name, direction }: Pick<PlannedMigration, 'name' | 'direction'>): string {
  const { insert, remove } = listSql(table)
  // Only the runner has a use for what it gives back.
  const add = insert.replace(/ RETURNING .*/, '')
  return `${(direction === 'up' ? add : remove).replace('$1', `'${name}'`)};`
}
