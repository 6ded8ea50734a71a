/** Where a database stands with its migrations. */

import type { Executor } from '../engine/executor.js'
import { ownMigrations, readMigrations } from './files.js'

/** Where node-pg-migrate keeps its list when it is run without options. */
export const LEDGER = { schema: 'public', table: 'pgmigrations' } as const

/** Names are those of the files without their ending. */
export interface MigrationStatus {
  readonly applied: readonly { readonly name: string; readonly appliedAt: Date }[]
  readonly pending: readonly string[]
  /** Applied, but no longer among the files. */
  readonly missing: readonly string[]
}

/** Tells which migrations are applied and which are pending. Changes nothing.
 *  @throws {MigrationError} when a file is malformed
 *  @throws {QueryError} when the list of applied ones cannot be read */
export async function migrationStatus(db: Pick<Executor, 'query'>, folder = ownMigrations): Promise<MigrationStatus> {
  const names = await readMigrations(folder)
  const applied = await readLedger(db)
  return {
    applied,
    pending: names.filter((name) => !applied.some((row) => row.name === name)),
    missing: applied.map((row) => row.name).filter((name) => !names.includes(name)),
  }
}

async function readLedger(db: Pick<Executor, 'query'>): Promise<MigrationStatus['applied']> {
  const ledger = `${LEDGER.schema}.${LEDGER.table}`
  const [found] = await db.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [ledger])
  if (!found?.exists) return []
  // run_on has no time zone: node-pg-migrate wrote now() in its session's, usually the server's own, as here.
  return db.query(`SELECT name, run_on::timestamptz AS applied_at FROM ${ledger} ORDER BY run_on, id`)
}
