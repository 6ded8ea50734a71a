import t from 'tap'
import type { Modification } from '../../src/agent/modification-row.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { modificationIn, newModification } from '../fixtures/modification.js'
import { newProjectContext } from '../fixtures/project-context.js'

const db = await connectTestDatabase(t)
const { modifications, projectContexts } = db
const { projectContextId } = await projectContexts.create(newProjectContext())
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'
const undecided = {
  status: 'pending',
  result: null,
  decidedBy: null,
  decisionNote: null,
  decidedAt: null,
  appliedAt: null,
  failedAt: null,
}

t.test('createModification', async (t) => {
  t.test('stores every field and gives the row, pending, with id and times', async (t) => {
    const given = newModification(projectContextId)
    const { modificationId, createdAt, updatedAt, ...stored } = await modifications.create(given)
    t.same(stored, { ...given, ...undecided })
    t.match(modificationId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/, 'a UUIDv7')
    t.same(createdAt, updatedAt)
    t.ok(Math.abs(Date.now() - createdAt.getTime()) < 60_000)
  })

  t.test('needs no more than context, request and who asks', async (t) => {
    t.match(await modifications.create({ projectContextId, request: 'x', requestedBy: 'ada' }), {
      impactAnalysis: null,
      affectedFiles: [],
    })
  })

  t.test('refuses an unknown context', async (t) => {
    await t.rejects(modifications.create(newModification(UNKNOWN_ID)), {
      name: 'ForeignKeyViolationError',
      constraint: 'modification_project_context_id_fkey',
      table: 'agent.modification',
      query: 'createModification',
    })
  })

  const refused: readonly [string, object, string][] = [
    ['an empty request', { request: '' }, 'request: Too small: expected string to have >=1 characters'],
    ['a request of 20,001 characters', { request: 'é'.repeat(20_001) }, 'request: must have at most 20000 characters'],
    ['an empty requester', { requestedBy: '' }, 'requestedBy: Too small: expected string to have >=1 characters'],
    ['a requester of 201', { requestedBy: 'x'.repeat(201) }, 'requestedBy: must have at most 200 characters'],
    ['a context that is no UUID', { projectContextId: '42' }, 'projectContextId: must be a UUID'],
    [
      'an analysis without risk',
      { impactAnalysis: {} },
      'impactAnalysis.risk: Invalid option: expected one of "low"|"medium"|"high"|"critical"',
    ],
    [
      'a confidence above 1',
      { impactAnalysis: { risk: 'low', estimate: { confidence: 1.1 } } },
      'impactAnalysis.estimate.confidence: Too big: expected number to be <=1',
    ],
    [
      'negative minutes',
      { impactAnalysis: { risk: 'low', estimate: { minutes: -1 } } },
      'impactAnalysis.estimate.minutes: Too small: expected number to be >=0',
    ],
    [
      'NUL in further keys of an analysis',
      { impactAnalysis: { risk: 'low', more: ['a\0'] } },
      'impactAnalysis.more[0]: must not contain a NUL character or a lone surrogate',
    ],
    [
      'an empty path',
      { affectedFiles: ['a', ''] },
      'affectedFiles[1]: Too small: expected string to have >=1 characters',
    ],
    [
      'a path of 1,001 characters',
      { affectedFiles: ['x'.repeat(1_001)] },
      'affectedFiles[0]: must have at most 1000 characters',
    ],
    [
      'a path that the index cannot hold',
      { affectedFiles: ['🧱'.repeat(626)] },
      'affectedFiles[0]: must have at most 2500 bytes',
    ],
    ['a status', { status: 'approved' }, 'Unrecognized key: "status"'],
  ]
  for (const [what, overrides, message] of refused) {
    t.test(`refuses ${what} by name, before anything is sent`, async (t) => {
      const { statements } = db.stats().pool
      await t.rejects(modifications.create({ ...newModification(projectContextId), ...overrides }), {
        name: 'ValidationError',
        message: `createModification: ${message}`,
      })
      t.equal(db.stats().pool.statements, statements)
    })
  }

  t.test('takes texts and paths of the greatest length', async (t) => {
    // No two alike, so that nothing compresses.
    const path = Array.from({ length: 625 }, (_, index) => String.fromCodePoint(0x20000 + index * 31)).join('')
    const given = {
      request: '🧱'.repeat(20_000),
      requestedBy: '🧱'.repeat(200),
      affectedFiles: [path, 'x'.repeat(1_000)],
    }
    t.match(await modifications.create(newModification(projectContextId, given)), given)
  })

  t.test('keeps JSON of any shape beside the known keys', async (t) => {
    const impactAnalysis = {
      risk: 'high',
      affectedComponents: [],
      estimate: { unit: 'h' },
      extra: { a: [1, null] },
    } as const
    t.same(
      (await modifications.create(newModification(projectContextId, { impactAnalysis }))).impactAnalysis,
      impactAnalysis,
    )
  })
})

t.test('createModifications', async (t) => {
  t.test('creates all and gives them in order, also those of several contexts', async (t) => {
    const other = await projectContexts.create(newProjectContext())
    const given = Array.from({ length: 50 }, (_, index) =>
      newModification(index % 3 === 0 ? projectContextId : other.projectContextId, {
        impactAnalysis: index % 2 === 0 ? null : { risk: 'low', affectedComponents: [], estimate: {} },
        affectedFiles: [`src/${index}.ts`],
      }),
    ).reverse()
    const created = await modifications.createMany(given)
    t.same(
      created.map(({ modificationId, createdAt, updatedAt, ...stored }) => stored),
      given.map((modification) => ({ ...modification, ...undecided })),
    )
    t.same(await modifications.get(String(created[7]?.modificationId)), created[7])
  })

  t.test('takes none', async (t) => {
    t.same(await modifications.createMany([]), [])
  })

  t.test('creates none when one is refused by the database', async (t) => {
    const before = await modifications.count()
    const given = [newModification(projectContextId), newModification(UNKNOWN_ID)]
    await t.rejects(modifications.createMany(given), { name: 'ForeignKeyViolationError' })
    t.equal(await modifications.count(), before)
  })

  t.test('names the place of what is malformed', async (t) => {
    const given = [newModification(projectContextId), newModification(projectContextId, { request: '' })]
    await t.rejects(modifications.createMany(given), { message: /^createModifications: \[1\]\.request: Too small/ })
  })

  t.test('takes 10,000 at the most', async (t) => {
    const context = await projectContexts.create(newProjectContext())
    const many = Array.from({ length: 10_001 }, (_, index) => ({
      projectContextId: context.projectContextId,
      request: String(index),
      requestedBy: 'many',
    }))
    await t.rejects(modifications.createMany(many), {
      message: 'createModifications: Too big: expected array to have <=10000 items',
    })
    const created = await modifications.createMany(many.slice(1))
    t.same(
      created.map(({ request }) => request),
      many.slice(1).map(({ request }) => request),
    )
  })
})

t.test('findModification', async (t) => {
  t.test('gives the modification, or null', async (t) => {
    const created = await modifications.create(newModification(projectContextId))
    t.same(await modifications.find(created.modificationId), created)
    t.same(await modifications.get(created.modificationId), created)
    t.equal(await modifications.find(UNKNOWN_ID), null)
  })

  t.test('is an error from get when there is none', async (t) => {
    await t.rejects(modifications.get(UNKNOWN_ID), {
      name: 'NotFoundError',
      entity: 'agent.modification',
      message: 'findModification: no such row in agent.modification',
    })
  })

  t.test('refuses what is no UUID', async (t) => {
    await t.rejects(modifications.find('42'), { message: 'findModification: modificationId: must be a UUID' })
  })
})

t.test('findModifications', async (t) => {
  t.test('gives for each id, in their order, the modification or null', async (t) => {
    const one = await modifications.create(newModification(projectContextId))
    const other = await modifications.create(newModification(projectContextId))
    await modifications.create(newModification(projectContextId))
    const ids = [other, one, other].map(({ modificationId }) => modificationId)
    const { statements } = db.stats().pool
    const found = await modifications.findMany([UNKNOWN_ID, ...ids, one.modificationId.toUpperCase()])
    t.same(found, [null, other, one, other, one])
    t.not(found[1], found[3])
    t.equal(db.stats().pool.statements, statements + 1)
    t.same(await modifications.findMany([]), [])
  })

  t.test('gives what find gives, to lookups that are coalesced', async (t) => {
    const one = await modifications.create(newModification(projectContextId))
    const other = await modifications.create(newModification(projectContextId))
    const coalesced = db.with({ coalesce: true }).modifications
    const { statements } = db.stats().pool
    const ids = [one.modificationId, UNKNOWN_ID, other.modificationId, one.modificationId.toUpperCase()]
    t.same(await Promise.all(ids.map((id) => coalesced.find(id))), [one, null, other, one])
    t.equal(db.stats().pool.statements, statements + 1)
    await t.rejects(Promise.all([coalesced.get(one.modificationId), coalesced.get(UNKNOWN_ID)]), {
      name: 'NotFoundError',
      query: 'findModification',
    })
  })

  t.test('takes 10,000 ids, no more, and only UUIDs', async (t) => {
    const ids = new Array<string>(10_000).fill(UNKNOWN_ID)
    t.equal((await modifications.findMany(ids)).length, 10_000)
    await t.rejects(modifications.findMany([...ids, UNKNOWN_ID]), { name: 'ValidationError' })
    await t.rejects(modifications.findMany([UNKNOWN_ID, '42']), {
      message: 'findModifications: modificationIds[1]: must be a UUID',
    })
  })
})

t.test('existsModification', async (t) => {
  t.test('tells whether there is such a modification', async (t) => {
    const { modificationId } = await modifications.create(newModification(projectContextId))
    t.equal(await modifications.exists(modificationId), true)
    t.equal(await modifications.exists(UNKNOWN_ID), false)
  })
})

t.test('updateModification', async (t) => {
  const other = await projectContexts.create(newProjectContext())
  const changes: Partial<Modification> = {
    projectContextId: other.projectContextId,
    request: 'another request',
    requestedBy: 'grace',
    impactAnalysis: { risk: 'critical', affectedComponents: ['all'], estimate: {} },
    affectedFiles: [],
  }

  t.test('changes only what is given, for every field', async (t) => {
    const before = await modifications.create(newModification(projectContextId))
    let expected = before
    for (const [field, value] of Object.entries(changes)) {
      expected = { ...expected, [field]: value }
      const { updatedAt, ...after } = await modifications.update(before.modificationId, { [field]: value })
      t.same({ ...after, updatedAt: before.updatedAt }, expected, field)
    }
  })

  t.test('clears an analysis that is null', async (t) => {
    const { modificationId } = await modifications.create(newModification(projectContextId))
    t.equal((await modifications.update(modificationId, { impactAnalysis: null })).impactAnalysis, null)
  })

  t.test('leaves the row as it is when nothing, or nothing new, is given', async (t) => {
    const before = await modifications.create(newModification(projectContextId))
    t.same(await modifications.update(before.modificationId, {}), before)
    t.same(await modifications.update(before.modificationId, { request: before.request }), before)
  })

  for (const status of ['approved', 'applied', 'failed', 'rejected'] as const) {
    t.test(`refuses every field of one that is ${status}`, async (t) => {
      const before = await modificationIn(db, status, newModification(projectContextId))
      for (const [field, value] of Object.entries(changes)) {
        await t.rejects(modifications.update(before.modificationId, { [field]: value }), {
          name: 'CheckViolationError',
          constraint: 'modification_pending_update',
          table: 'agent.modification',
          message: 'updateModification: only a pending modification can be changed',
        })
      }
      t.same(await modifications.get(before.modificationId), before)
    })
  }

  t.test('refuses an unknown context', async (t) => {
    const { modificationId } = await modifications.create(newModification(projectContextId))
    await t.rejects(modifications.update(modificationId, { projectContextId: UNKNOWN_ID }), {
      name: 'ForeignKeyViolationError',
    })
  })

  t.test('refuses to clear what must be there', async (t) => {
    const { modificationId } = await modifications.create(newModification(projectContextId))
    await t.rejects(modifications.update(modificationId, { request: null as never }), {
      message: 'updateModification: request: Invalid input: expected string, received null',
    })
  })

  t.test('is an error when there is no such modification', async (t) => {
    await t.rejects(modifications.update(UNKNOWN_ID, { request: 'x' }), {
      name: 'NotFoundError',
      query: 'updateModification',
    })
  })
})

t.test('deleteModification', async (t) => {
  t.test('removes the modification, and tells whether there was one', async (t) => {
    const { modificationId } = await modifications.create(newModification(projectContextId))
    t.equal(await modifications.delete(modificationId), true)
    t.equal(await modifications.find(modificationId), null)
    t.equal(await modifications.delete(modificationId), false)
  })

  t.test('is what happens to all of a context that is deleted, and to no other', async (t) => {
    const doomed = await projectContexts.create(newProjectContext())
    const [gone, kept] = await modifications.createMany([
      newModification(doomed.projectContextId),
      newModification(projectContextId),
    ])
    const applied = await modificationIn(db, 'applied', newModification(doomed.projectContextId))
    await projectContexts.delete(doomed.projectContextId)
    t.equal(await modifications.exists(String(gone?.modificationId)), false)
    t.equal(await modifications.exists(applied.modificationId), false)
    t.equal(await modifications.exists(String(kept?.modificationId)), true)
  })
})
