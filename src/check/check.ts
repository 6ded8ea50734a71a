/** The check: connects step by step, and stops at the first one that fails. */

import type { ServerTarget } from '../config.js'
import type { LoneSession } from '../engine/lone-session.js'
import { type MigrationSource, ownSource } from '../migrate/source.js'
import { logIn } from './login.js'
import { checkMigrations } from './pending.js'
import {
  type CheckLimits,
  type CheckOutcome,
  type CheckReport,
  type CheckStepName,
  hasFailed,
  offersTls,
  toReport,
  unforeseen,
} from './report.js'
import { checkRights } from './rights.js'
import { type Finding, runSteps, StepFailure, within } from './step.js'
import { checkVersion } from './version.js'
import { checkWay } from './way.js'

/** Checks the connection to a server, its rights and its migrations, ashlar's unless more sources are given. Never throws,
 *  and never hangs. */
export async function checkServer(
  server: ServerTarget,
  limits: CheckLimits,
  sources: readonly MigrationSource[] = [ownSource],
): Promise<CheckReport> {
  const steps = await checkWay(server, limits)
  if (hasFailed(steps)) return toReport(steps)
  const { steps: login, session } = await logIn(server, limits, offersTls(steps))
  const soFar = [...steps.filter(({ name }) => !login.some((step) => step.name === name)), ...login]
  if (session === null) return toReport(soFar)
  try {
    return toReport([...soFar, ...(await checkInside(session, server, limits, sources))])
  } finally {
    await session.close()
  }
}

/** Asks the server about itself, the role's rights and the migrations. */
async function checkInside(
  session: LoneSession,
  server: ServerTarget,
  { answerTimeoutMs }: CheckLimits,
  sources: readonly MigrationSource[],
) {
  const inTime = (work: () => Promise<Finding<CheckOutcome>>) => () =>
    within(work(), answerTimeoutMs, () => unanswered(answerTimeoutMs))
  const steps = new Map<CheckStepName, () => Promise<Finding<CheckOutcome>>>([
    ['version', inTime(() => checkVersion(session))],
    ['rights', inTime(() => checkRights(session, server))],
    ['migrations', inTime(() => checkMigrations(session, server, sources))],
  ])
  return runSteps(steps, unforeseen)
}

function unanswered(limitMs: number): StepFailure {
  return new StepFailure(
    `no answer within ${limitMs} ms`,
    'see what the server is busy with: `SELECT pid, state, wait_event, query FROM pg_stat_activity`',
  )
}
