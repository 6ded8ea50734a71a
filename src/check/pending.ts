/** Step `migrations`: what is pending, and what this version does not know. */

import type { ServerTarget } from '../config.js'
import type { Executor } from '../engine/executor.js'
import { compare } from '../migrate/comparison.js'
import { readSources } from '../migrate/files.js'
import type { MigrationSource } from '../migrate/source.js'
import { readState } from '../migrate/state.js'
import { migrationStatus } from '../migrate/status.js'
import { checkMayMigrate } from './rights.js'
import { type Finding, StepFailure } from './step.js'

/** Checks the migrations. A database that is ahead of this version is a warning.
 *  @throws {StepFailure} when migrations are pending */
export async function checkMigrations(
  db: Pick<Executor, 'query'>,
  server: ServerTarget,
  sources: readonly MigrationSource[],
): Promise<Finding<'ok' | 'warning'>> {
  const status = await migrationStatus(db, sources)
  const { applied } = status
  const [pending, missing] = [status.pending, status.missing].map((each) => each.map(({ name }) => name)) as [
    string[],
    string[],
  ]
  const details = { applied: applied.length, pending: pending.length, unknown: missing.length }
  if (pending.length > 0) {
    await checkMayMigrate(db, server, pending)
    const blocking = compare(await readState(db, sources, await readSources(sources)))
    if (blocking.length > 0) {
      const told = blocking.map(({ message }) => message).join('; ')
      const advice = blocking.map((problem) => `${problem.name}: ${problem.advice}`).join('; ')
      throw new StepFailure(
        `pending: ${pending.join(', ')}; and \`ashlar migrate up\` would refuse: ${told}`,
        `${advice}; then \`ashlar migrate up\``,
        details,
      )
    }
    throw new StepFailure(
      applied.length === 0 ? 'the database is not migrated yet' : `pending: ${pending.join(', ')}`,
      '`ashlar migrate up`',
      details,
    )
  }
  if (missing.length === 0) return { outcome: 'ok', details }
  const owner = status.missing.some(({ source }) => source === 'project') ? 'the application' : 'ashlar'
  return {
    outcome: 'warning',
    details,
    reason: `applied, but unknown to this version of ${owner}: ${missing.join(', ')}`,
    advice: `update ${owner} to the version that migrated the database`,
  }
}
