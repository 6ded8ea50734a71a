/** Takes modifications through all their states, and tries what is not allowed. */

import type { NewModification } from '../../agent/modification.js'
import type { Database } from '../../database.js'
import type { Change } from './changes.js'
import { TOUR_OWNER } from './package-context.js'
import { refusal } from './refusal.js'

/** The context whose modifications the tour makes; deleted at the end, and they with it. */
const SCRATCH = { owner: TOUR_OWNER, name: 'tour modifications', description: 'made by the tour' }
/** How many end in which state. */
const APPLIED = 30
const FAILED = 6
const APPROVED = 4
const REJECTED = 15
const PENDING = 5
const REQUESTS = APPLIED + FAILED + APPROVED + REJECTED + PENDING

const risks = ['low', 'medium', 'high', 'critical'] as const
const reviewer = { decidedBy: 'reviewer' }

/** Requests, decides, applies and fails modifications of a context of its own, and removes it. */
export async function makeModifications(db: Database): Promise<Change[]> {
  const { projectContexts } = db
  const leftover = await projectContexts.findByName(SCRATCH.owner, SCRATCH.name)
  if (leftover !== null) await projectContexts.delete(leftover.projectContextId)
  const { projectContextId } = await projectContexts.create(SCRATCH)
  try {
    const ids = await goThroughStates(db, projectContextId)
    const changes = [...(await sumUp(db, projectContextId)), ...(await tryRefused(db, projectContextId, ids))]
    return [...changes, await cascade(db, projectContextId)]
  } finally {
    await projectContexts.delete(projectContextId)
  }
}

/** One modification of each state. */
type OneOfEach = Readonly<Record<'pending' | 'applied' | 'rejected', string>>

async function goThroughStates({ modifications }: Database, projectContextId: string): Promise<OneOfEach> {
  const made = await modifications.createMany(requests(projectContextId))
  const ids = made.map(({ modificationId }) => modificationId)
  const take = (count: number): string[] => ids.splice(0, count)
  const [applied, failed, approved, rejected] = [take(APPLIED), take(FAILED), take(APPROVED), take(REJECTED)]
  for (const id of [...applied, ...failed, ...approved]) await modifications.approve(id, reviewer)
  for (const id of rejected) await modifications.reject(id, { ...reviewer, note: 'not now' })
  for (const id of applied) await modifications.apply(id, { summary: 'done', changedFiles: ['src/index.ts'] })
  for (const id of failed) await modifications.fail(id, { error: 'tests fail' })
  return { pending: ids[0] ?? '', applied: applied[0] ?? '', rejected: rejected[0] ?? '' }
}

async function sumUp({ projectContexts, modifications }: Database, projectContextId: string): Promise<Change[]> {
  const { iteration } = await projectContexts.get(projectContextId)
  const statistics = await modifications.statistics({ projectContextId })
  const { total, byStatus, meanDecisionMs, meanExecutionMs, failureShare } = statistics
  const [pending] = await modifications.pendingCounts({ projectContextIds: [projectContextId] })
  const risky = await modifications.list({
    projectContextId,
    risk: ['high', 'critical'],
    sort: 'risk',
    withTotal: true,
  })
  return [
    { what: `${total} requested, decided, carried out`, outcome: listed(byStatus) },
    { what: 'iterations of the context', outcome: `${iteration}, one for each that was applied` },
    {
      what: 'statistics',
      outcome: `decided after ${ms(meanDecisionMs)}, carried out after ${ms(meanExecutionMs)}, ${percent(failureShare)} failed`,
    },
    { what: 'still pending', outcome: `${pending?.pending ?? 0} of ${pending?.contextName ?? SCRATCH.name}` },
    { what: 'of high or critical risk', outcome: `${risky.total} of ${total}` },
  ]
}

async function tryRefused(
  { modifications }: Database,
  projectContextId: string,
  { pending, applied, rejected }: OneOfEach,
): Promise<Change[]> {
  const limit = { maxRows: 10 }
  const failed = { projectContextId, status: 'failed' } as const
  return [
    { what: 'approve a rejected one', outcome: await refusal(() => modifications.approve(rejected, reviewer)) },
    { what: 'apply one twice', outcome: await refusal(() => modifications.apply(applied)) },
    { what: 'apply a pending one', outcome: await refusal(() => modifications.apply(pending)) },
    {
      what: 'change an applied one',
      outcome: await refusal(() => modifications.update(applied, { request: 'other' })),
    },
    {
      what: 'delete all, at most 10',
      outcome: await refusal(() => modifications.deleteMany({ projectContextId }, limit)),
    },
    { what: 'delete those that failed', outcome: `${await modifications.deleteMany(failed, limit)} deleted` },
  ]
}

async function cascade({ projectContexts, modifications }: Database, projectContextId: string): Promise<Change> {
  const before = await modifications.count({ projectContextId })
  await projectContexts.delete(projectContextId)
  const after = await modifications.count({ projectContextId })
  return { what: 'delete the context', outcome: `${before} modifications before, ${after} after: they go with it` }
}

function requests(projectContextId: string): NewModification[] {
  return Array.from({ length: REQUESTS }, (_, index) => ({
    projectContextId,
    request: `request ${index + 1} of the tour`,
    requestedBy: 'tour',
    impactAnalysis: {
      risk: risks[index % risks.length] ?? 'low',
      affectedComponents: ['engine'],
      estimate: { minutes: 30 },
    },
    affectedFiles: ['src/index.ts', `src/part-${index % 7}.ts`],
  }))
}

function listed(byStatus: Readonly<Record<string, number>>): string {
  return Object.entries(byStatus)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
}

function ms(value: number | null): string {
  return value === null ? 'never' : `${value.toFixed(1)} ms on average`
}

function percent(share: number | null): string {
  return share === null ? 'none' : `${(share * 100).toFixed(0)} %`
}
