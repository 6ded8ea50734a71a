/** Step `schema`: the migrations, applied by the target's role, so that it owns what they create. */

import { checkMayMigrate, checkRights } from '../check/rights.js'
import type { Finding } from '../check/step.js'
import type { ServerTarget } from '../config.js'
import type { Executor } from '../engine/executor.js'
import { migrateUp } from '../migrate/runner.js'
import { migrationStatus } from '../migrate/status.js'

/** Applies what is pending.
 *  @param session one of the target's role
 *  @throws {StepFailure} when the role lacks a right
 *  @throws {MigrationError} when a migration fails; nothing is applied then */
export async function ensureSchema(
  session: Pick<Executor, 'query'>,
  target: ServerTarget,
  onMigration: (name: string) => void,
): Promise<Finding<'created' | 'changed' | 'exists'>> {
  // Without its rights, the list of applied migrations could be out of reach, and look as if it were empty.
  await checkRights(session, target)
  const before = await migrationStatus(session)
  if (before.pending.length > 0)
    await checkMayMigrate(
      session,
      target,
      before.pending.map(({ name }) => name),
    )
  const applied = before.pending.length === 0 ? [] : await migrateUp(target, { onMigration })
  const details = { migrations: before.applied.length + before.pending.length, applied: applied.length }
  // Another one may have applied them while this one waited for its lock.
  if (applied.length === 0) return { outcome: 'exists', details }
  return { outcome: before.applied.length === 0 ? 'created' : 'changed', details }
}
