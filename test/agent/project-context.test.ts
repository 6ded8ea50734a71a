import t from 'tap'
import type { ProjectContext } from '../../src/agent/project-context-row.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newProjectContext } from '../fixtures/project-context.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
const { projectContexts } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'

t.test('createProjectContext', async (t) => {
  t.test('stores every field and gives the row with id and times', async (t) => {
    const given = newProjectContext()
    const { projectContextId, createdAt, updatedAt, iteration, ...stored } = await projectContexts.create(given)
    t.same(stored, given)
    t.match(projectContextId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/, 'a UUIDv7')
    t.same([iteration, createdAt], [0, updatedAt])
    t.ok(Math.abs(Date.now() - createdAt.getTime()) < 60_000)
  })

  t.test('needs no more than owner and name', async (t) => {
    t.match(await projectContexts.create({ owner: 'ada', name: 'bare' }), {
      description: null,
      status: 'active',
      language: null,
      framework: null,
      codebase: {},
      configuration: {},
      techStack: [],
      dependencies: [],
      testCoverage: null,
      securityScore: null,
      performanceScore: null,
    })
  })

  t.test('gives ids that sort by time', async (t) => {
    const first = await projectContexts.create(newProjectContext())
    await new Promise((resolve) => setTimeout(resolve, 2))
    const second = await projectContexts.create(newProjectContext())
    t.ok(first.projectContextId < second.projectContextId)
  })

  t.test("refuses an owner's second context of one name, and takes another owner's", async (t) => {
    const given = newProjectContext()
    await projectContexts.create(given)
    await t.rejects(projectContexts.create(given), {
      name: 'UniqueViolationError',
      constraint: 'project_context_owner_name_key',
      table: 'agent.project_context',
      query: 'createProjectContext',
    })
    await t.resolves(projectContexts.create({ ...given, owner: 'grace' }))
  })

  const refused: readonly [string, object, string][] = [
    ['an empty owner', { owner: '' }, 'owner: Too small: expected string to have >=1 characters'],
    ['a name of 201 characters', { name: 'é'.repeat(201) }, 'name: must have at most 200 characters'],
    ['an unknown status', { status: 'done' }, 'status: Invalid option: expected one of "active"|"paused"|"archived"'],
    ['a score of 101', { securityScore: 101 }, 'securityScore: Too big: expected number to be <=100'],
    ['a score below 0', { testCoverage: -1 }, 'testCoverage: Too small: expected number to be >=0'],
    ['NUL in a text', { description: 'a\0b' }, 'description: must not contain a NUL character or a lone surrogate'],
    [
      'NUL deep in JSONB',
      { codebase: { notes: [{ text: 'a\0' }] } },
      'codebase.notes[0].text: must not contain a NUL character or a lone surrogate',
    ],
    [
      'a wrong type in JSONB',
      { codebase: { files: 'many' } },
      'codebase.files: Invalid input: expected number, received string',
    ],
    ['what is not JSON in JSONB', { configuration: { at: new Date(0) } }, 'configuration.at: must be a JSON value'],
    [
      'JSONB nested too deep',
      { configuration: { deep: JSON.parse('['.repeat(102) + ']'.repeat(102)) } },
      'configuration.deep: must not be nested deeper than 100',
    ],
    ['an unknown field', { titel: 'x' }, 'Unrecognized key: "titel"'],
  ]
  for (const [what, overrides, message] of refused) {
    t.test(`refuses ${what} by name, before anything is sent`, async (t) => {
      const { statements } = db.stats().pool
      await t.rejects(projectContexts.create({ ...newProjectContext(), ...overrides }), {
        name: 'ValidationError',
        message: `createProjectContext: ${message}`,
      })
      t.equal(db.stats().pool.statements, statements)
    })
  }

  t.test('counts characters as PostgreSQL does', async (t) => {
    const name = '🧱'.repeat(200)
    t.equal((await projectContexts.create(newProjectContext({ name }))).name, name)
  })

  t.test('takes read-only arrays, and empty texts where the table does', async (t) => {
    const given = {
      techStack: ['a', 'b'],
      dependencies: [],
      description: '',
      configuration: { scripts: { test: '' } },
    } as const
    t.match(await projectContexts.create({ ...newProjectContext(), ...given }), given)
  })

  t.test('keeps JSONB of any shape beside the known keys', async (t) => {
    const codebase = { files: 1, extra: { nested: [1, 'two', null, true] } }
    t.same((await projectContexts.create(newProjectContext({ codebase }))).codebase, codebase)
  })
})

t.test('createProjectContexts', async (t) => {
  t.test('creates all and gives them in order', async (t) => {
    const given = Array.from({ length: 50 }, () => newProjectContext()).reverse()
    const created = await projectContexts.createMany(given)
    t.same(
      created.map(({ name }) => name),
      given.map(({ name }) => name),
    )
    const { projectContextId, createdAt, updatedAt, iteration, ...stored } = created[7] as ProjectContext
    t.same(stored, given[7])
  })

  t.test('takes none', async (t) => {
    t.same(await projectContexts.createMany([]), [])
  })

  t.test('creates none when one is refused by the database', async (t) => {
    const taken = await projectContexts.create(newProjectContext())
    const fresh = newProjectContext()
    await t.rejects(projectContexts.createMany([fresh, newProjectContext({ name: taken.name })]), {
      name: 'UniqueViolationError',
    })
    t.equal(await projectContexts.findByName('ada', fresh.name), null)
  })

  t.test('names the place of what is malformed', async (t) => {
    const given = [newProjectContext(), newProjectContext({ testCoverage: 101 })]
    await t.rejects(projectContexts.createMany(given), { message: /\[1\]\.testCoverage: Too big/ })
  })

  t.test('takes 10,000 at the most', async (t) => {
    const many = Array.from({ length: 10_001 }, (_, index) => ({ owner: 'many', name: `${index}` }))
    await t.rejects(projectContexts.createMany(many), {
      message: 'createProjectContexts: Too big: expected array to have <=10000 items',
    })
    t.equal((await projectContexts.createMany(many.slice(1))).length, 10_000)
  })

  t.test('refuses two of one owner and name', async (t) => {
    const given = newProjectContext()
    await t.rejects(projectContexts.createMany([given, newProjectContext(), given]), {
      message: 'createProjectContexts: [2]: has the owner and name of [0]',
    })
  })
})

t.test('upsertProjectContexts', async (t) => {
  t.test('gives the id of the row that is there when another transaction replaces one meanwhile', async (t) => {
    const [kept, replaced, late] = [newProjectContext(), newProjectContext(), newProjectContext()]
    await projectContexts.upsertMany([kept, replaced])
    const old = await projectContexts.findByName(replaced.owner, replaced.name)
    const done = await db.transaction(async (tx) => {
      await tx.projectContexts.delete(String(old?.projectContextId))
      await tx.projectContexts.upsertMany([replaced, late])
      // Waits for what this transaction has not committed yet.
      const upsert = projectContexts.upsertMany([kept, replaced, late])
      await until(async () => {
        const [row] = await tx.query<{ waiting: number }>(
          'SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())',
        )
        return row?.waiting === 1
      })
      return { upsert }
    })
    const results = await done.upsert
    t.same(
      results.map(({ outcome }) => outcome),
      ['unchanged', 'unchanged', 'unchanged'],
    )
    const expected = await Promise.all([
      projectContexts.findByName(kept.owner, kept.name),
      projectContexts.findByName(replaced.owner, replaced.name),
      projectContexts.findByName(late.owner, late.name),
    ])
    t.same(
      results.map(({ projectContextId }) => projectContextId),
      expected.map((row) => row?.projectContextId),
    )
    t.not(expected[1]?.projectContextId, old?.projectContextId)
  })

  t.test('creates, updates or leaves each, in order', async (t) => {
    const kept = newProjectContext()
    const changed = newProjectContext()
    const [before, old] = await projectContexts.createMany([kept, changed])
    const results = await projectContexts.upsertMany([{ ...changed, status: 'paused' }, newProjectContext(), kept])
    t.same(
      results.map(({ outcome }) => outcome),
      ['updated', 'created', 'unchanged'],
    )
    t.equal(results[0]?.projectContextId, old?.projectContextId)
    t.equal((await projectContexts.get(String(results[0]?.projectContextId))).status, 'paused')
    t.same(await projectContexts.get(String(results[2]?.projectContextId)), before)
  })

  t.test('sees a difference in every field', async (t) => {
    const given = newProjectContext()
    await projectContexts.create(given)
    const changes: Partial<ProjectContext> = {
      description: 'other',
      status: 'archived',
      language: null,
      framework: 'koa',
      codebase: { files: 13 },
      configuration: {},
      techStack: [],
      dependencies: ['pg'],
      testCoverage: null,
      securityScore: 1,
      performanceScore: 2,
    }
    for (const [field, value] of Object.entries(changes)) {
      const [result] = await projectContexts.upsertMany([{ ...given, [field]: value }])
      t.equal(result?.outcome, 'updated', field)
      const stored = await projectContexts.get(String(result?.projectContextId))
      t.same(stored[field as keyof ProjectContext], value)
      await projectContexts.upsertMany([given])
    }
  })

  t.test('keeps the iteration', async (t) => {
    const given = newProjectContext()
    const { projectContextId } = await projectContexts.create(given)
    await projectContexts.recordMetrics(projectContextId, { testCoverage: 10 })
    await projectContexts.upsertMany([given])
    t.match(await projectContexts.get(projectContextId), { iteration: 1, testCoverage: 91.5 })
  })

  t.test('gives the id also of a context that another transaction committed meanwhile', async (t) => {
    const given = newProjectContext()
    let upserting: Promise<{ projectContextId: string; outcome: string }[]> | undefined
    const { projectContextId } = await db.transaction(async (tx) => {
      const created = await tx.projectContexts.create(given)
      upserting = projectContexts.upsertMany([given])
      await until(async () => {
        const [row] = await db.query<{ waiting: number }>(
          "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        return row?.waiting === 1
      })
      return created
    })
    t.same(await upserting, [{ projectContextId, outcome: 'unchanged' }])
  })

  t.test('does not deadlock with another one of the same contexts in another order', async (t) => {
    const given = Array.from({ length: 1_000 }, () => newProjectContext({ owner: 'crossed' }))
    const rounds = [given, given.toReversed(), given, given.toReversed()].map((contexts, round) =>
      projectContexts.upsertMany(contexts.map((context) => ({ ...context, description: `round ${round}` }))),
    )
    t.equal((await Promise.all(rounds)).flat().length, 4_000)
  })

  t.test('takes none', async (t) => {
    t.same(await projectContexts.upsertMany([]), [])
  })
})

t.test('findProjectContext', async (t) => {
  t.test('gives the context, or null', async (t) => {
    const created = await projectContexts.create(newProjectContext())
    t.same(await projectContexts.find(created.projectContextId), created)
    t.same(await projectContexts.get(created.projectContextId), created)
    t.equal(await projectContexts.find(UNKNOWN_ID), null)
  })

  t.test('is an error from get when there is none', async (t) => {
    await t.rejects(projectContexts.get(UNKNOWN_ID), {
      name: 'NotFoundError',
      code: 'ASHLAR_NOT_FOUND',
      entity: 'agent.project_context',
      message: 'findProjectContext: no such row in agent.project_context',
    })
  })

  t.test('refuses what is no UUID', async (t) => {
    await t.rejects(projectContexts.find('42'), { message: 'findProjectContext: projectContextId: must be a UUID' })
  })
})

t.test('findProjectContexts', async (t) => {
  t.test('gives for each id, in their order, the context or null', async (t) => {
    const one = await projectContexts.create(newProjectContext())
    const other = await projectContexts.create(newProjectContext())
    await projectContexts.create(newProjectContext())
    const ids = [other, one, other].map(({ projectContextId }) => projectContextId)
    const { statements } = db.stats().pool
    const found = await projectContexts.findMany([UNKNOWN_ID, ...ids, one.projectContextId.toUpperCase()])
    t.same(found, [null, other, one, other, one])
    t.not(found[1], found[3])
    t.equal(db.stats().pool.statements, statements + 1)
    t.same(await projectContexts.findMany([]), [])
  })

  t.test('gives what find gives, to lookups that are coalesced', async (t) => {
    const one = await projectContexts.create(newProjectContext())
    const other = await projectContexts.create(newProjectContext())
    const coalesced = db.with({ coalesce: true }).projectContexts
    const { statements } = db.stats().pool
    const ids = [one.projectContextId, UNKNOWN_ID, other.projectContextId, one.projectContextId.toUpperCase()]
    t.same(await Promise.all(ids.map((id) => coalesced.find(id))), [one, null, other, one])
    t.equal(db.stats().pool.statements, statements + 1)
    await t.rejects(Promise.all([coalesced.get(one.projectContextId), coalesced.get(UNKNOWN_ID)]), {
      name: 'NotFoundError',
      query: 'findProjectContext',
    })
  })

  t.test('takes 10,000 ids, no more, and only UUIDs', async (t) => {
    const ids = new Array<string>(10_000).fill(UNKNOWN_ID)
    t.equal((await projectContexts.findMany(ids)).length, 10_000)
    await t.rejects(projectContexts.findMany([...ids, UNKNOWN_ID]), { name: 'ValidationError' })
    await t.rejects(projectContexts.findMany([UNKNOWN_ID, '42']), {
      message: 'findProjectContexts: projectContextIds[1]: must be a UUID',
    })
  })
})

t.test('findProjectContextByName', async (t) => {
  t.test("gives the owner's context of that name, or null", async (t) => {
    const created = await projectContexts.create(newProjectContext())
    t.same(await projectContexts.findByName('ada', created.name), created)
    t.equal(await projectContexts.findByName('grace', created.name), null)
  })
})

t.test('existsProjectContext', async (t) => {
  t.test('tells whether there is such a context', async (t) => {
    const { projectContextId } = await projectContexts.create(newProjectContext())
    t.equal(await projectContexts.exists(projectContextId), true)
    t.equal(await projectContexts.exists(UNKNOWN_ID), false)
  })
})

t.test('updateProjectContext', async (t) => {
  t.test('changes only what is given, for every field', async (t) => {
    const before = await projectContexts.create(newProjectContext())
    const changes: Partial<ProjectContext> = {
      owner: 'grace',
      name: 'another name',
      description: 'other',
      status: 'archived',
      language: 'Rust',
      framework: 'koa',
      codebase: { files: 13 },
      configuration: { licence: 'ISC' },
      techStack: ['rust'],
      dependencies: [],
      testCoverage: 1,
      securityScore: 2,
      performanceScore: 3,
    }
    let expected = before
    for (const [field, value] of Object.entries(changes)) {
      expected = { ...expected, [field]: value }
      const { updatedAt, ...after } = await projectContexts.update(before.projectContextId, { [field]: value })
      t.same({ ...after, updatedAt: before.updatedAt }, expected, field)
    }
  })

  t.test('clears what is null', async (t) => {
    const { projectContextId } = await projectContexts.create(newProjectContext())
    const cleared = { description: null, language: null, framework: null, testCoverage: null }
    t.match(await projectContexts.update(projectContextId, cleared), cleared)
  })

  t.test('moves updatedAt, and never createdAt', async (t) => {
    const before = await projectContexts.create(newProjectContext())
    await new Promise((resolve) => setTimeout(resolve, 5))
    const after = await projectContexts.update(before.projectContextId, { status: 'paused' })
    t.same(after.createdAt, before.createdAt)
    t.ok(after.updatedAt > before.updatedAt)
  })

  t.test('never moves updatedAt back, also in a transaction that began before the last update', async (t) => {
    const { projectContextId } = await projectContexts.create(newProjectContext())
    await db.transaction(async (tx) => {
      await tx.query('SELECT now()')
      await new Promise((resolve) => setTimeout(resolve, 20))
      const { updatedAt } = await projectContexts.update(projectContextId, { status: 'paused' })
      const later = await tx.projectContexts.update(projectContextId, { status: 'active' })
      t.ok(later.updatedAt >= updatedAt)
    })
  })

  t.test('leaves the row as it is when nothing, or nothing new, is given', async (t) => {
    const before = await projectContexts.create(newProjectContext())
    t.same(await projectContexts.update(before.projectContextId, {}), before)
    t.same(
      await projectContexts.update(before.projectContextId, { status: 'active', codebase: before.codebase }),
      before,
    )
  })

  t.test('refuses to clear what must be there', async (t) => {
    const { projectContextId } = await projectContexts.create(newProjectContext())
    await t.rejects(projectContexts.update(projectContextId, { owner: null as never }), {
      message: /owner: Invalid input: expected string/,
    })
  })

  t.test('refuses a name that is taken', async (t) => {
    const [first, second] = await projectContexts.createMany([newProjectContext(), newProjectContext()])
    const work = projectContexts.update(String(first?.projectContextId), { name: String(second?.name) })
    await t.rejects(work, { name: 'UniqueViolationError', query: 'updateProjectContext' })
  })

  t.test('is an error when there is no such context', async (t) => {
    await t.rejects(projectContexts.update(UNKNOWN_ID, { status: 'paused' }), {
      name: 'NotFoundError',
      query: 'updateProjectContext',
    })
  })
})

t.test('recordProjectContextMetrics', async (t) => {
  t.test('changes the given measurements and counts an iteration', async (t) => {
    const before = await projectContexts.create(newProjectContext())
    const once = await projectContexts.recordMetrics(before.projectContextId, { testCoverage: 50, securityScore: null })
    t.match(once, { iteration: 1, testCoverage: 50, securityScore: null, performanceScore: null })
    const twice = await projectContexts.recordMetrics(before.projectContextId, { performanceScore: 99.5 })
    t.match(twice, { iteration: 2, testCoverage: 50, performanceScore: 99.5 })
  })

  t.test('loses no iteration when many record at once', async (t) => {
    const { projectContextId } = await projectContexts.create(newProjectContext())
    await Promise.all(Array.from({ length: 20 }, () => projectContexts.recordMetrics(projectContextId, {})))
    t.equal((await projectContexts.get(projectContextId)).iteration, 20)
  })

  t.test('is an error when there is no such context', async (t) => {
    await t.rejects(projectContexts.recordMetrics(UNKNOWN_ID, {}), { name: 'NotFoundError' })
  })
})

t.test('deleteProjectContext', async (t) => {
  t.test('removes the context, and tells whether there was one', async (t) => {
    const { projectContextId } = await projectContexts.create(newProjectContext())
    t.equal(await projectContexts.delete(projectContextId), true)
    t.equal(await projectContexts.find(projectContextId), null)
    t.equal(await projectContexts.delete(projectContextId), false)
  })
})
