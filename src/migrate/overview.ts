/** One list of all migrations: what is applied, with the ledger's word about it, and what is wrong. */

import type { Executor } from '../engine/executor.js'
import { compare, ledgerProblems, type MigrationProblem } from './comparison.js'
import { readSources } from './files.js'
import { isProjectLeftOut, leftOutProblem } from './left-out.js'
import type { MigrationSource } from './source.js'
import { readState } from './state.js'
import { type MigrationEvent, type MigrationName, migrationHistory } from './status.js'

/** How the file of an applied migration compares with what was applied. `unknown`: another program applied it, and ashlar's
 *  runner has not seen it since. */
export type AppliedFile = 'same' | 'edited' | 'missing' | 'renamed' | 'unknown'

/** An applied migration. What the ledger does not know is null. */
export interface AppliedInfo extends MigrationName {
  readonly appliedAt: Date
  readonly file: AppliedFile
  /** The role that applied it. */
  readonly roleName: string | null
  /** How long its statements ran. */
  readonly durationMs: number | null
  /** The version of ashlar that applied or recorded it. */
  readonly ashlarVersion: string | null
}

/** Where a database stands with its migrations. */
export interface MigrationOverview {
  /** ashlar's, then the application's, each in the order in which they were applied. */
  readonly applied: readonly AppliedInfo[]
  readonly pending: readonly MigrationName[]
  /** All but that something is pending. */
  readonly problems: readonly MigrationProblem[]
}

/** Reads where a database stands. Changes nothing.
 *  @throws {MigrationError} when a file is malformed
 *  @throws {QueryError} when the list of applied ones cannot be read */
export async function migrationOverview(
  db: Pick<Executor, 'query'>,
  sources: readonly MigrationSource[],
  expectsProject = false,
): Promise<MigrationOverview> {
  const state = await readState(db, sources, await readSources(sources))
  const leftOut = expectsProject && (await isProjectLeftOut(db, sources)) ? [leftOutProblem] : []
  const problems = [...leftOut, ...ledgerProblems(state), ...compare(state)]
  const events = await migrationHistory(db, sources)
  const applied = state.applied.map(({ source, name, appliedAt, checksum }): AppliedInfo => {
    const migration = { source: source.name, name }
    // What the ledger tells of an earlier row of this name is not about this one.
    const event = checksum === null ? null : latestEvent(events, migration)
    const problem = problems.find((each) => isSame(each, migration))
    return {
      ...migration,
      appliedAt,
      file: fileState(problem, event),
      roleName: event?.origin === 'run' ? event.roleName : null,
      durationMs: event?.origin === 'run' ? event.durationMs : null,
      ashlarVersion: event?.ashlarVersion ?? null,
    }
  })
  const pending = state.pending.map(({ source, name }) => ({ source: source.name, name }))
  return { applied, pending, problems }
}

function latestEvent(events: readonly MigrationEvent[], migration: MigrationName): MigrationEvent | null {
  const latest = events.findLast((event) => isSame(event, migration))
  return latest?.direction === 'up' ? latest : null
}

function fileState(problem: MigrationProblem | undefined, event: MigrationEvent | null): AppliedFile {
  if (problem?.kind === 'edited' || problem?.kind === 'missing' || problem?.kind === 'renamed') return problem.kind
  return event === null ? 'unknown' : 'same'
}

function isSame(one: MigrationName, other: MigrationName): boolean {
  return one.source === other.source && one.name === other.name
}
