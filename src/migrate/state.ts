/** What is applied, and with which text: node-pg-migrate's lists beside the ledger and the files. */

import type { Executor } from '../engine/executor.js'
import type { MigrationFile } from './files.js'
import { ledgerSql, listSql } from './ledger-sql.js'
import type { Direction } from './sections.js'
import type { MigrationSource } from './source.js'

/** An applied migration. */
export interface AppliedMigration {
  readonly source: MigrationSource
  readonly name: string
  readonly appliedAt: Date
  /** run_on of its row, to the microsecond. */
  readonly runOn: string
  /** That of the text with which it was applied; null when the ledger does not know the row. */
  readonly checksum: string | null
  /** Its file; null when there is none. */
  readonly file: MigrationFile | null
}

/** The ledger's latest word about a migration. */
interface LatestEvent {
  readonly listName: string
  readonly name: string
  readonly direction: Direction
  readonly checksum: string
  readonly listedAt: string | null
}

/** Where a database stands. */
export interface MigrationState {
  readonly files: readonly MigrationFile[]
  /** Source by source, each in the order in which it was applied. */
  readonly applied: readonly AppliedMigration[]
  readonly pending: readonly MigrationFile[]
  /** What the ledger takes for applied, and the list does not: another program reverted it. */
  readonly revertedElsewhere: readonly {
    readonly source: MigrationSource
    readonly name: string
    readonly checksum: string
  }[]
  /** Tables of {@link MigrationSource} that are there. */
  readonly lists: readonly string[]
  readonly ledger: LedgerAccess
}

/** What may be done with the ledger. */
export interface LedgerAccess {
  readonly hasSchema: boolean
  readonly hasLedger: boolean
  readonly mayRead: boolean
  /** Or create it, where there is none. */
  readonly mayWrite: boolean
}

/** Reads where a database stands. Changes nothing; where the ledger may not be read, it counts as empty.
 *  @throws {QueryError} when a list of what is applied cannot be read */
export async function readState(
  db: Pick<Executor, 'query'>,
  sources: readonly MigrationSource[],
  files: readonly MigrationFile[],
): Promise<MigrationState> {
  const tables = sources.map(({ table }) => table)
  const [found] = await db.query<LedgerAccess & { lists: readonly string[] }>(ledgerSql.found, [tables])
  if (found === undefined) throw new Error('the server gave no row')
  const { lists, ...ledger } = found
  const events = ledger.mayRead ? await db.query<LatestEvent>(ledgerSql.latest, [tables]) : []
  const applied: AppliedMigration[] = []
  for (const source of sources.filter(({ table }) => lists.includes(table))) {
    const rows = await db.query<{ name: string; appliedAt: Date; runOn: string }>(listSql(source.table).rows)
    for (const row of rows) {
      const file = files.find((each) => each.source.table === source.table && each.name === row.name) ?? null
      const event = events.find(({ listName, name }) => listName === source.table && name === row.name)
      applied.push({ ...row, source, file, checksum: event?.listedAt === row.runOn ? event.checksum : null })
    }
  }
  const isApplied = (table: string, name: string): boolean =>
    applied.some((each) => each.source.table === table && each.name === name)
  return {
    files,
    applied,
    pending: files.filter(({ source, name }) => !isApplied(source.table, name)),
    revertedElsewhere: events.flatMap(({ listName, name, direction, checksum }) => {
      const source = sources.find(({ table }) => table === listName)
      return source === undefined || direction === 'down' || isApplied(listName, name)
        ? []
        : [{ source, name, checksum }]
    }),
    lists,
    ledger,
  }
}
