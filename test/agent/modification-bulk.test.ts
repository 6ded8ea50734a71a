import t from 'tap'
import type { ModificationFilter } from '../../src/agent/modification-filter.js'
import type { Modification } from '../../src/agent/modification-row.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { modificationIn, newModification } from '../fixtures/modification.js'
import { newProjectContext } from '../fixtures/project-context.js'

const db = await connectTestDatabase(t)
const { modifications, projectContexts } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'
const other = await projectContexts.create(newProjectContext())

/** Makes modifications of a context of their own: 6 that are pending, asked for by two, of three risks. */
async function someModifications(): Promise<string> {
  const { projectContextId } = await projectContexts.create(newProjectContext())
  const risks = ['low', 'high', undefined] as const
  await modifications.createMany(
    Array.from({ length: 6 }, (_, index) => {
      const risk = risks[index % 3]
      return newModification(projectContextId, {
        requestedBy: index < 2 ? 'grace' : 'ada',
        impactAnalysis: risk === undefined ? null : { risk },
        affectedFiles: [`src/${index}.ts`],
      })
    }),
  )
  return projectContextId
}

async function allOf(projectContextId: string): Promise<Modification[]> {
  return (await modifications.list({ projectContextId, limit: 500 })).items
}

/** Filters that find all 6 of a context, some of them, or none, among all that other tests made. */
const pendingFilters: readonly [ModificationFilter, number][] = [
  [{}, 6],
  [{ status: 'pending' }, 6],
  [{ status: ['approved', 'failed'] }, 0],
  [{ affectedFile: 'src/1.ts' }, 1],
  [{ affectedFile: ['src/1.ts', 'src/5.ts', 'none'] }, 2],
  [{ requestedBy: 'grace' }, 2],
  [{ risk: 'high' }, 2],
  [{ risk: ['low', 'high'] }, 4],
  [{ createdAfter: new Date(0) }, 6],
  [{ createdBefore: new Date(0) }, 0],
  [{ decidedAfter: new Date(0) }, 0],
  [{ decidedBefore: new Date(8.64e15) }, 0],
]

t.test('updateModifications', async (t) => {
  t.test('changes what the filter finds, and only the given fields', async (t) => {
    for (const [filter, expected] of pendingFilters) {
      const projectContextId = await someModifications()
      const before = await allOf(projectContextId)
      const hit = new Set(
        (await modifications.list({ ...filter, projectContextId })).items.map((row) => row.modificationId),
      )
      t.equal(hit.size, expected, 'the list finds as many')
      const changes = { impactAnalysis: null, request: 'another one' }
      t.equal(await modifications.updateMany({ ...filter, projectContextId }, changes, { maxRows: 6 }), expected)
      t.same(
        (await allOf(projectContextId)).map(({ updatedAt, ...row }) => row),
        before.map(({ updatedAt, ...row }) => (hit.has(row.modificationId) ? { ...row, ...changes } : row)),
      )
    }
  })

  t.test('sets every field that is not fixed yet', async (t) => {
    const projectContextId = await someModifications()
    const { projectContextId: target } = await projectContexts.create(newProjectContext())
    const changes = {
      projectContextId: target,
      request: 'new',
      requestedBy: 'hedy',
      impactAnalysis: { risk: 'critical', affectedComponents: ['x'], estimate: { minutes: 1 } },
      affectedFiles: [],
    } as const
    t.equal(await modifications.updateMany({ projectContextId }, changes, { maxRows: 'unlimited' }), 6)
    const moved = await allOf(target)
    t.equal(moved.length, 6)
    for (const row of moved) t.match(row, changes)
  })

  t.test('changes nothing when there are more rows than allowed, and says so', async (t) => {
    const projectContextId = await someModifications()
    const before = await allOf(projectContextId)
    const changes = { requestedBy: 'hedy' }
    await t.rejects(modifications.updateMany({ projectContextId }, changes, { maxRows: 5 }), {
      name: 'RowLimitError',
      maxRows: 5,
      message: 'updateModifications: the filter finds more than 5 rows; nothing was changed',
    })
    t.same(await allOf(projectContextId), before)
    t.equal(await modifications.updateMany({ projectContextId }, changes, { maxRows: 6 }), 6, 'the limit itself')
  })

  t.test('changes nothing when one is not pending, unless the filter leaves it out', async (t) => {
    const projectContextId = await someModifications()
    const approved = await modificationIn(db, 'approved', newModification(projectContextId))
    const before = await allOf(projectContextId)
    const changes = { requestedBy: 'hedy' }
    await t.rejects(modifications.updateMany({ projectContextId }, changes, { maxRows: 7 }), {
      name: 'CheckViolationError',
      constraint: 'modification_pending_update',
      query: 'updateModifications',
    })
    t.same(await allOf(projectContextId), before)
    t.equal(await modifications.updateMany({ projectContextId, status: 'pending' }, changes, { maxRows: 7 }), 6)
    t.same(await modifications.get(approved.modificationId), approved)
  })

  t.test('changes nothing when there is no such new context', async (t) => {
    const projectContextId = await someModifications()
    const work = modifications.updateMany({ projectContextId }, { projectContextId: UNKNOWN_ID }, { maxRows: 6 })
    await t.rejects(work, { name: 'ForeignKeyViolationError' })
    t.equal(await modifications.count({ projectContextId }), 6)
  })

  t.test('does not deadlock with others over the same rows', async (t) => {
    const projectContextId = await someModifications()
    const updates = Array.from({ length: 20 }, (_, index) =>
      modifications.updateMany(
        index % 2 === 0 ? { projectContextId } : { projectContextId, createdAfter: new Date(0) },
        { request: `round ${index}` },
        { maxRows: 6 },
      ),
    )
    t.same(await Promise.all(updates), new Array(20).fill(6))
  })

  const refused: readonly [string, ModificationFilter, object, unknown, RegExp][] = [
    ['no limit', {}, { request: 'x' }, undefined, /Invalid input: expected object/],
    ['a limit of 0', {}, { request: 'x' }, { maxRows: 0 }, /maxRows: Too small/],
    ['no changes', {}, {}, { maxRows: 1 }, /must change at least one field/],
    ['a status', {}, { status: 'approved' }, { maxRows: 1 }, /Unrecognized key: "status"/],
    ['an empty request', {}, { request: '' }, { maxRows: 1 }, /request: Too small/],
    ['an unknown filter', { state: 'x' } as object, { request: 'x' }, { maxRows: 1 }, /Unrecognized key: "state"/],
  ]
  for (const [what, filter, changes, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(modifications.updateMany(filter, changes, options as never), { name: 'ValidationError', message })
    })
  }
})

t.test('deleteModifications', async (t) => {
  t.test('deletes what the filter finds, and nothing else', async (t) => {
    const rest = await modifications.create(newModification(other.projectContextId))
    for (const [filter, expected] of pendingFilters) {
      const projectContextId = await someModifications()
      const hit = new Set(
        (await modifications.list({ ...filter, projectContextId })).items.map((row) => row.modificationId),
      )
      const before = await allOf(projectContextId)
      t.equal(await modifications.deleteMany({ ...filter, projectContextId }, { maxRows: 6 }), expected)
      t.same(
        await allOf(projectContextId),
        before.filter((row) => !hit.has(row.modificationId)),
      )
    }
    t.ok(await modifications.exists(rest.modificationId))
  })

  t.test('deletes what is decided, by the time of the decision too', async (t) => {
    const projectContextId = await someModifications()
    for (const status of ['approved', 'applied', 'failed', 'rejected'] as const) {
      await modificationIn(db, status, newModification(projectContextId))
    }
    t.equal(await modifications.deleteMany({ projectContextId, status: 'applied' }, { maxRows: 1 }), 1)
    t.equal(await modifications.deleteMany({ projectContextId, decidedAfter: new Date(0) }, { maxRows: 3 }), 3)
    t.equal(await modifications.count({ projectContextId }), 6)
  })

  t.test('deletes nothing when there are more rows than allowed; all when the limit is waived', async (t) => {
    const projectContextId = await someModifications()
    await t.rejects(modifications.deleteMany({ projectContextId }, { maxRows: 5 }), {
      name: 'RowLimitError',
      maxRows: 5,
    })
    t.equal(await modifications.count({ projectContextId }), 6)
    t.equal(await modifications.deleteMany({ projectContextId }, { maxRows: 'unlimited' }), 6)
  })

  t.test('refuses a call without limit', async (t) => {
    await t.rejects(modifications.deleteMany({}, {} as never), { name: 'ValidationError', message: /maxRows: must be/ })
  })
})
