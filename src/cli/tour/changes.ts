/** What a user would do to imported packages, and what ashlar refuses. */

import type { Database } from '../../database.js'
import { NotFoundError } from '../../errors.js'
import { TOUR_OWNER } from './package-context.js'
import { refusal } from './refusal.js'

/** A change and how it ended. */
export interface Change {
  readonly what: string
  readonly outcome: string
}

/** The context that the tour changes; made for that, so that the imported ones stay as they are. */
const SCRATCH = { owner: TOUR_OWNER, name: 'tour scratch', description: 'made by the tour', techStack: ['demo'] }

/** Makes all changes in order, and removes its own traces. */
export async function makeChanges(db: Database): Promise<Change[]> {
  const { projectContexts } = db
  const leftover = await projectContexts.findByName(SCRATCH.owner, SCRATCH.name)
  if (leftover !== null) await projectContexts.delete(leftover.projectContextId)
  const { projectContextId } = await projectContexts.create(SCRATCH)
  try {
    return [
      { what: 'update of two fields', outcome: await updatePartly(db, projectContextId) },
      { what: 'metrics recorded twice', outcome: await recordTwice(db, projectContextId) },
      { what: 'transaction rolled back', outcome: await rollBack(db, projectContextId) },
      { what: 'same name again', outcome: await refusal(() => projectContexts.create(SCRATCH)) },
      {
        what: 'score of 101',
        outcome: await refusal(() => projectContexts.recordMetrics(projectContextId, { testCoverage: 101 })),
      },
    ]
  } finally {
    await projectContexts.delete(projectContextId)
  }
}

async function updatePartly({ projectContexts }: Database, projectContextId: string): Promise<string> {
  const before = await projectContexts.get(projectContextId)
  const after = await projectContexts.update(projectContextId, { description: null, language: 'SQL' })
  const changed = (Object.keys(after) as (keyof typeof after)[]).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  )
  return `changed ${changed.join(', ')}; all else as before`
}

async function recordTwice({ projectContexts }: Database, projectContextId: string): Promise<string> {
  await projectContexts.recordMetrics(projectContextId, { testCoverage: 81.5, securityScore: 90 })
  const { iteration, testCoverage } = await projectContexts.recordMetrics(projectContextId, { testCoverage: 84 })
  return `iteration ${iteration}, test coverage ${testCoverage}`
}

async function rollBack(db: Database, projectContextId: string): Promise<string> {
  const thrown = await refusal(() =>
    db.transaction(async (tx) => {
      await tx.projectContexts.delete(projectContextId)
      await tx.projectContexts.get(projectContextId)
    }),
  )
  const isThere = await db.projectContexts.exists(projectContextId)
  if (!isThere) throw new NotFoundError('tour', 'agent.project_context')
  return `${thrown}; the deleted context is back`
}
