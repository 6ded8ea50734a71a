/** Where a database stands with its migrations, and how it came there. */

import type { Executor } from '../engine/executor.js'
import { compare, ledgerProblems, type MigrationProblem, pendingProblems } from './comparison.js'
import { readSources } from './files.js'
import { ledgerSql } from './ledger-sql.js'
import { isProjectLeftOut, leftOutProblem } from './left-out.js'
import type { Direction } from './sections.js'
import { type MigrationSource, ownSource } from './source.js'
import { readState } from './state.js'

/** Where node-pg-migrate keeps its list when it is run without options. */
export const OWN_LIST = { schema: 'public', table: 'pgmigrations' } as const

/** A migration: where it comes from, and the name of its file without ending. */
export interface MigrationName {
  readonly source: MigrationSource['name']
  readonly name: string
}

/** What is applied, and what is not. */
export interface MigrationStatus {
  /** Source by source, in the order in which they were applied. */
  readonly applied: readonly (MigrationName & { readonly appliedAt: Date })[]
  readonly pending: readonly MigrationName[]
  /** Applied, but no longer among the files. */
  readonly missing: readonly MigrationName[]
}

/** Tells which migrations are applied and which are pending. Changes nothing.
 *  @throws {MigrationError} when a file is malformed
 *  @throws {QueryError} when the list of applied ones cannot be read */
export async function migrationStatus(
  db: Pick<Executor, 'query'>,
  sources: readonly MigrationSource[] = [ownSource],
): Promise<MigrationStatus> {
  const { applied, pending } = await readState(db, sources, await readSources(sources))
  const nameOf = ({ source, name }: { readonly source: MigrationSource; readonly name: string }): MigrationName => ({
    source: source.name,
    name,
  })
  return {
    applied: applied.map((each) => ({ ...nameOf(each), appliedAt: each.appliedAt })),
    pending: pending.map(nameOf),
    missing: applied.filter(({ file }) => file === null).map(nameOf),
  }
}

/** Tells what is pending, edited, missing, renamed or out of order, or cannot be told; nothing: the database is as the files
 *  say. Changes nothing. Edits and new names are seen only where ashlar's runner applied or adopted the migration.
 *  @throws {MigrationError} when a file is malformed
 *  @throws {QueryError} when the list of applied ones cannot be read */
export async function checkMigrations(
  db: Pick<Executor, 'query'>,
  sources: readonly MigrationSource[] = [ownSource],
  expectsProject = false,
): Promise<readonly MigrationProblem[]> {
  const state = await readState(db, sources, await readSources(sources))
  const leftOut = expectsProject && (await isProjectLeftOut(db, sources)) ? [leftOutProblem] : []
  const problems = [...leftOut, ...ledgerProblems(state), ...compare(state)]
  const isTold = ({ source, name }: MigrationName): boolean =>
    problems.some((problem) => problem.source === source && (problem.newName ?? problem.name) === name)
  return [...problems, ...pendingProblems(state).filter((problem) => !isTold(problem))]
}

/** One event in the life of a database. */
export interface MigrationEvent extends MigrationName {
  readonly direction: Direction
  /** `run`: ashlar ran it; `stamp`: recorded without running it; `adopt`: another program ran it. */
  readonly origin: 'run' | 'stamp' | 'adopt'
  readonly checksum: string
  readonly recordedAt: Date
  /** Null where ashlar did not run it. */
  readonly durationMs: number | null
  readonly ashlarVersion: string
  readonly roleName: string
  readonly applicationName: string
}

/** Lists what was applied and reverted, the oldest first; nothing where the ledger is not there or may not be read.
 *  @throws {QueryError} when the server refuses */
export async function migrationHistory(
  db: Pick<Executor, 'query'>,
  sources: readonly MigrationSource[] = [ownSource],
): Promise<readonly MigrationEvent[]> {
  const tables = sources.map(({ table }) => table)
  const [found] = await db.query<{ mayRead: boolean }>(ledgerSql.found, [tables])
  if (found?.mayRead !== true) return []
  const rows = await db.query<Omit<MigrationEvent, 'source'> & { listName: string }>(ledgerSql.history, [tables])
  return rows.flatMap(({ listName, ...event }) => {
    const source = sources.find(({ table }) => table === listName)?.name
    return source === undefined ? [] : [{ source, ...event }]
  })
}
