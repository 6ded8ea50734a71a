/** Step `migrations`: what is pending, and what this version does not know. */

import type { ServerTarget } from '../config.js'
import type { Executor } from '../engine/executor.js'
import { migrationStatus } from '../migrate/status.js'
import { checkMayMigrate } from './rights.js'
import { type Finding, StepFailure } from './step.js'

/** Checks the migrations. A database that is ahead of this version is a warning.
 *  @throws {StepFailure} when migrations are pending */
export async function checkMigrations(
  db: Pick<Executor, 'query'>,
  server: ServerTarget,
): Promise<Finding<'ok' | 'warning'>> {
  const { applied, pending, missing } = await migrationStatus(db)
  const details = { applied: applied.length, pending: pending.length, unknown: missing.length }
  if (pending.length > 0) {
    await checkMayMigrate(db, server, pending)
    throw new StepFailure(
      applied.length === 0 ? 'the database is not migrated yet' : `pending: ${pending.join(', ')}`,
      '`ashlar migrate up`',
      details,
    )
  }
  if (missing.length === 0) return { outcome: 'ok', details }
  return {
    outcome: 'warning',
    details,
    reason: `applied, but unknown to this version of ashlar: ${missing.join(', ')}`,
    advice: 'update ashlar to the version that migrated the database',
  }
}
