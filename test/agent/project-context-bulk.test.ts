import t from 'tap'
import type { ProjectContextFilter } from '../../src/agent/project-context-filter.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newProjectContext } from '../fixtures/project-context.js'

const db = await connectTestDatabase(t)
const { projectContexts } = db

/** Makes contexts of an owner of their own: 6, of which 2 are paused. */
async function someContexts(owner: string): Promise<void> {
  await projectContexts.createMany(
    Array.from({ length: 6 }, (_, index) =>
      newProjectContext({ owner, status: index < 2 ? 'paused' : 'active', language: index % 2 === 0 ? 'Rust' : null }),
    ),
  )
}

/** Filters that find the 6 of `owner`, 3 of them, or none, among all that other tests made. */
const filters = (owner: string): readonly [ProjectContextFilter, number][] => [
  [{ owner }, 6],
  [{ owner, status: 'paused' }, 2],
  [{ owner, status: ['active', 'archived'] }, 4],
  [{ owner, language: 'Rust' }, 3],
  [{ owner, codebase: { moduleKind: 'esm' } }, 6],
  [{ owner, codebase: { moduleKind: 'commonjs' } }, 0],
  [{ owner, configuration: { scripts: { absent: '' } } }, 0],
  [{ owner, techAny: ['node', 'deno'] }, 6],
  [{ owner, techAll: ['node', 'deno'] }, 0],
  [{ owner, dependsOn: 'pg' }, 6],
  [{ owner, coverageFrom: 92 }, 0],
  [{ owner, coverageTo: 92 }, 6],
  [{ owner, updatedAfter: new Date(0) }, 6],
  [{ owner, updatedBefore: new Date(0) }, 0],
]

t.test('updateProjectContexts', async (t) => {
  t.test('changes what the filter finds, and only the given fields', async (t) => {
    for (const [index, [filter, expected]] of filters('').entries()) {
      const owner = `update ${index}`
      await someContexts(owner)
      const before = (await projectContexts.list({ owner, limit: 500 })).items
      const hit = new Set((await projectContexts.list({ ...filter, owner, limit: 500 })).items.map(({ name }) => name))
      t.equal(hit.size, expected, 'the list finds as many')
      const changes = { framework: null, testCoverage: 50 }
      t.equal(await projectContexts.updateMany({ ...filter, owner }, changes, { maxRows: 6 }), expected)
      const after = (await projectContexts.list({ owner, limit: 500 })).items
      t.same(
        after.map(({ updatedAt, ...row }) => row),
        before.map(({ updatedAt, ...row }) => (hit.has(row.name) ? { ...row, ...changes } : row)),
      )
    }
  })

  t.test('sets every column but the name', async (t) => {
    await someContexts('whole')
    const { name, ...changes } = newProjectContext({
      owner: 'whole 2',
      description: 'new',
      status: 'archived',
      language: 'Go',
      framework: 'none',
      codebase: { files: 1 },
      configuration: { licence: 'ISC' },
      techStack: ['go'],
      dependencies: [],
      testCoverage: 1,
      securityScore: 2,
      performanceScore: 3,
    })
    t.equal(await projectContexts.updateMany({ owner: 'whole' }, changes, { maxRows: 'unlimited' }), 6)
    const { items } = await projectContexts.list({ owner: 'whole 2' })
    t.equal(items.length, 6)
    for (const item of items) t.match(item, changes)
  })

  t.test('changes nothing when there are more rows than allowed, and says so', async (t) => {
    await someContexts('limit')
    const refused = projectContexts.updateMany({ owner: 'limit' }, { language: 'C' }, { maxRows: 5 })
    await t.rejects(refused, {
      name: 'RowLimitError',
      code: 'ASHLAR_ROW_LIMIT',
      maxRows: 5,
      query: 'updateProjectContexts',
      message: 'updateProjectContexts: the filter finds more than 5 rows; nothing was changed',
    })
    t.equal(await projectContexts.count({ owner: 'limit', language: 'C' }), 0)
    t.equal(
      await projectContexts.updateMany({ owner: 'limit' }, { language: 'C' }, { maxRows: 6 }),
      6,
      'the limit itself',
    )
  })

  t.test('leaves a transaction usable after a refusal', async (t) => {
    await someContexts('usable')
    await db.transaction(async (tx) => {
      await t.rejects(tx.projectContexts.updateMany({ owner: 'usable' }, { language: 'C' }, { maxRows: 1 }))
      await tx.projectContexts.updateMany({ owner: 'usable', status: 'paused' }, { language: 'C' }, { maxRows: 2 })
    })
    t.equal(await projectContexts.count({ owner: 'usable', language: 'C' }), 2)
  })

  t.test('keeps the unique names, all or none', async (t) => {
    const [first] = await projectContexts.createMany([
      newProjectContext({ owner: 'from' }),
      newProjectContext({ owner: 'from' }),
    ])
    await projectContexts.create(newProjectContext({ owner: 'to', name: String(first?.name) }))
    await t.rejects(projectContexts.updateMany({ owner: 'from' }, { owner: 'to' }, { maxRows: 2 }), {
      name: 'UniqueViolationError',
    })
    t.equal(await projectContexts.count({ owner: 'from' }), 2)
  })

  t.test('does not deadlock with others over the same rows', async (t) => {
    await someContexts('crowd')
    const updates = Array.from({ length: 20 }, (_, index) =>
      projectContexts.updateMany(
        index % 2 === 0 ? { owner: 'crowd' } : { owner: 'crowd', techAny: ['node'] },
        { testCoverage: index },
        { maxRows: 6 },
      ),
    )
    t.same(await Promise.all(updates), new Array(20).fill(6))
  })

  const refused: readonly [string, ProjectContextFilter, object, unknown, RegExp][] = [
    ['no limit', {}, { language: 'C' }, undefined, /Invalid input: expected object/],
    [
      'an empty limit',
      {},
      { language: 'C' },
      {},
      /maxRows: must be given: an integer from 1 to 1000000000, or 'unlimited'/,
    ],
    ['a limit of 0', {}, { language: 'C' }, { maxRows: 0 }, /maxRows: Too small/],
    ['no changes', {}, {}, { maxRows: 1 }, /must change at least one field/],
    ['nothing but undefined', {}, { language: undefined }, { maxRows: 1 }, /must change at least one field/],
    ['a name for many', {}, { name: 'x' }, { maxRows: 1 }, /Unrecognized key: "name"/],
    [
      'a filter that is undefined',
      { owner: undefined },
      { language: 'C' },
      { maxRows: 1 },
      /owner: is undefined; leave/,
    ],
    ['a filter that is null', null as never, { language: 'C' }, { maxRows: 1 }, /Invalid input: expected object/],
    ['a score of 101', {}, { testCoverage: 101 }, { maxRows: 1 }, /testCoverage: Too big/],
    ['an unknown filter', { ownr: 'x' } as object, { language: 'C' }, { maxRows: 1 }, /Unrecognized key: "ownr"/],
  ]
  for (const [what, filter, changes, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(projectContexts.updateMany(filter, changes, options as never), {
        name: 'ValidationError',
        message,
      })
    })
  }
})

t.test('deleteProjectContexts', async (t) => {
  t.test('deletes what the filter finds, and nothing else', async (t) => {
    for (const [index, [filter, expected]] of filters('').entries()) {
      const owner = `delete ${index}`
      await someContexts(owner)
      const hit = new Set((await projectContexts.list({ ...filter, owner, limit: 500 })).items.map(({ name }) => name))
      const all = (await projectContexts.list({ owner, limit: 500 })).items.map(({ name }) => name)
      t.equal(await projectContexts.deleteMany({ ...filter, owner }, { maxRows: 6 }), expected)
      const left = (await projectContexts.list({ owner, limit: 500 })).items.map(({ name }) => name)
      t.same(
        left,
        all.filter((name) => !hit.has(name)),
      )
    }
  })

  t.test('deletes nothing when there are more rows than allowed; all when the limit is waived', async (t) => {
    await someContexts('all')
    await t.rejects(projectContexts.deleteMany({ owner: 'all' }, { maxRows: 5 }), { name: 'RowLimitError', maxRows: 5 })
    t.equal(await projectContexts.count({ owner: 'all' }), 6)
    t.equal(await projectContexts.deleteMany({ owner: 'all' }, { maxRows: 'unlimited' }), 6)
  })

  t.test('refuses a filter that is undefined: it would hit every row', async (t) => {
    await t.rejects(projectContexts.deleteMany({ owner: undefined }, { maxRows: 'unlimited' }), {
      name: 'ValidationError',
      message: 'deleteProjectContexts: owner: is undefined; leave the filter out to do without it',
    })
  })

  t.test('refuses a call without limit', async (t) => {
    await t.rejects(projectContexts.deleteMany({}, {} as never), {
      name: 'ValidationError',
      message: /maxRows: must be/,
    })
  })
})
