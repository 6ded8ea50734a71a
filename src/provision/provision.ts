/** Prepares a database: role, database, schema and rights. Each step looks first, so that it can be repeated. */

import { escapeIdentifier } from 'pg'
import { checkServer } from '../check/check.js'
import { psqlName } from '../check/quoting.js'
import { causeOf, explainRefusal, type Refusal } from '../check/refusal.js'
import { type CheckLimits, offersTls } from '../check/report.js'
import { type Finding, passedOver, runSteps, StepFailure, type StepResult } from '../check/step.js'
import { checkWay } from '../check/way.js'
import type { ServerTarget } from '../config.js'
import { type LoneSession, openLoneSession } from '../engine/lone-session.js'
import { connecting, mapError } from '../engine/map-error.js'
import { type Open, openAdmin, reachAdmin, refuseOtherServer } from './administrator.js'
import { createDatabase, type DatabaseFinding, grantAccess } from './database.js'
import { ensureRole } from './role.js'
import { ensureSchema } from './schema.js'

const provisionSteps = ['server', 'role', 'database', 'schema', 'rights'] as const

/** A step's name. */
export type ProvisionStepName = (typeof provisionSteps)[number]
/** What a step did; `exists`: nothing was left to do. */
export type ProvisionOutcome = 'ok' | 'created' | 'exists' | 'granted' | 'changed' | 'failed' | 'skipped'

/** One step. */
export type ProvisionStep = StepResult<ProvisionStepName, ProvisionOutcome>

/** What was done. */
export interface ProvisionReport {
  /** Whether the database is ready for use. */
  readonly ok: boolean
  /** All steps, in order; those after a failed one are skipped. */
  readonly steps: readonly ProvisionStep[]
}

/** What {@link provision} takes beside the target. */
export interface ProvisionOptions {
  /** A role that may create roles and databases; null: the target's own role does what it may. */
  readonly admin: ServerTarget | null
  readonly limits: CheckLimits & { readonly commandTimeoutMs: number | null }
  /** Called before each migration with its name. */
  readonly onMigration: (name: string) => void
  /** Called with each step as it ends. */
  readonly onStep?: (step: ProvisionStep) => void
}

/** The database that every server has; where the target's own is still to be created, its role connects to this one. */
const MAINTENANCE_DATABASE = 'postgres'

/** Makes a database ready for use. Never throws. */
export async function provision(target: ServerTarget, options: ProvisionOptions): Promise<ProvisionReport> {
  const { admin, limits, onMigration, onStep = () => {} } = options
  const open: Open = (server) => openLoneSession(server, { ...limits, applicationName: 'ashlar init' })
  const hasTls = { target: true, admin: true }
  const { role, database } = admin === null ? byItself(target, open, hasTls) : byAdmin(target, admin, open, hasTls)
  const work = new Map<ProvisionStepName, Work>([
    [
      'server',
      async () => {
        hasTls.target = await reachServer(target, limits)
        if (admin !== null) {
          hasTls.admin = await reachAdmin(admin, limits)
          await refuseOtherServer(target, admin, open)
        }
        return { outcome: 'ok', details: { host: target.host, port: target.port } }
      },
    ],
    ['role', role],
    ['database', database],
    [
      'schema',
      () =>
        using(openTarget(target, open, hasTls.target, admin !== null), (session) =>
          ensureSchema(session, target, onMigration),
        ),
    ],
    ['rights', () => checkAll(target, limits)],
  ])
  const run = await runSteps<ProvisionStepName, ProvisionOutcome>(work, unforeseen, onStep)
  const unreached = provisionSteps.slice(run.length).map((name) => passedOver(name))
  for (const step of unreached) onStep(step)
  return { ok: run.every(({ outcome }) => outcome !== 'failed'), steps: [...run, ...unreached] }
}

/** Which of the two servers offers TLS. */
interface HasTls {
  readonly target: boolean
  readonly admin: boolean
}

type Work = () => Promise<Finding<ProvisionOutcome>>

async function using<T>(opened: Promise<LoneSession>, work: (session: LoneSession) => Promise<T>): Promise<T> {
  const session = await opened
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

/** With an administrator, the target's role and database are looked at and made from outside. */
function byAdmin(
  target: ServerTarget,
  admin: ServerTarget,
  open: Open,
  hasTls: HasTls,
): { role: Work; database: Work } {
  const asAdmin = <T>(database: string, work: (session: LoneSession) => Promise<T>): Promise<T> =>
    using(openAdmin({ ...admin, database }, open, hasTls.admin), work)
  return {
    role: () => asAdmin(admin.database, (session) => ensureRole(session, target)),
    async database() {
      const found = await asAdmin(admin.database, (session) => createDatabase(session, target))
      const granting = asAdmin(target.database, (session) => grantAccess(session, target, found))
      // An owner grants itself what it needs, and may keep administrators out; what it lacks, the next step tells.
      return found.owner === target.user ? granting.catch(() => withoutOwner(found)) : granting
    },
  }
}

function withoutOwner({ owner: _, ...finding }: DatabaseFinding): Finding<ProvisionOutcome> {
  return finding
}

/** Without one, the target's role logs in, and creates its database where it may. */
function byItself(target: ServerTarget, open: Open, hasTls: HasTls): { role: Work; database: Work } {
  let refusal: Refusal | null = null
  return {
    async role() {
      refusal = await tryLogin(target, open, hasTls.target)
      if (refusal === null || refusal.step === 'database') return { outcome: 'exists', details: { role: target.user } }
      throw refusal.step === 'password' ? needsAdmin(refusal.failure) : refusal.failure
    },
    async database() {
      if (refusal === null) return { outcome: 'exists', details: { database: target.database } }
      if (refusal.sqlState !== '3D000') throw refusal.failure
      const elsewhere = { ...target, database: MAINTENANCE_DATABASE }
      return using(openTarget(elsewhere, open, hasTls.target), async (session) =>
        withoutOwner(await createDatabase(session, target)),
      )
    },
  }
}

async function tryLogin(target: ServerTarget, open: Open, hasTls: boolean): Promise<Refusal | null> {
  try {
    await (await open(target)).close()
    return null
  } catch (error) {
    return explainRefusal(mapError(error, connecting), target, hasTls)
  }
}

function needsAdmin({ message, advice }: StepFailure): StepFailure {
  return new StepFailure(
    message,
    `if the role does not exist yet, give --admin-url (or ASHLAR_ADMIN_URL) with a role that may create it. If it does: ${advice}`,
  )
}

/** @param isKnown whether the role was seen to exist */
async function openTarget(target: ServerTarget, open: Open, hasTls: boolean, isKnown = true): Promise<LoneSession> {
  return open(target).catch((error: unknown) => {
    const { step, failure } = explainRefusal(mapError(error, connecting), target, hasTls)
    const { message, advice } = failure
    if (isKnown && step === 'password' && target.password !== null) throw otherPassword(target, message)
    throw new StepFailure(`connecting as the role itself: ${message}`, advice)
  })
}

/** An existing role keeps its password: another program may use it. */
function otherPassword({ user }: ServerTarget, message: string): StepFailure {
  return new StepFailure(
    `role ${escapeIdentifier(user)} exists, and cannot log in with the given password: ${message}`,
    `give the role's own password (URL, PGPASSWORD), or set it as an administrator: \`\\password ${psqlName(user)}\` in psql`,
  )
}

/** Whatever the way to the server fails at, is told as `check` tells it. Tells whether it offers TLS. */
async function reachServer(target: ServerTarget, limits: CheckLimits): Promise<boolean> {
  const steps = await checkWay(target, limits)
  refuseFailed(steps)
  return offersTls(steps)
}

async function checkAll(target: ServerTarget, limits: CheckLimits): Promise<Finding<'ok'>> {
  const { steps } = await checkServer(target, limits)
  refuseFailed(steps)
  const { reason = null, advice = null } = steps.find(({ outcome }) => outcome === 'warning') ?? {}
  const { details = {} } = steps.find(({ name }) => name === 'rights') ?? {}
  return { outcome: 'ok', details, ...(reason === null ? {} : { reason }), ...(advice === null ? {} : { advice }) }
}

function refuseFailed(steps: readonly StepResult[]): void {
  const failed = steps.find(({ outcome }) => outcome === 'failed')
  if (failed === undefined) return
  throw new StepFailure(`${failed.name}: ${failed.reason}`, failed.advice ?? '', failed.details)
}

function unforeseen(error: unknown): StepFailure {
  const { message } = causeOf(mapError(error, connecting))
  return new StepFailure(message, "the server's log may tell more; `ashlar check` tells where the database stands")
}
