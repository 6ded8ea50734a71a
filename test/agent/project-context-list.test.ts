import t from 'tap'
import type { ProjectContextListOptions } from '../../src/agent/project-context-list.js'
import type { ProjectContext } from '../../src/agent/project-context-row.js'
import type { Page } from '../../src/engine/page.js'
import { countProjectContexts, listProjectContexts } from '../../src/generated/agent/project_context.queries.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newProjectContext } from '../fixtures/project-context.js'

const db = await connectTestDatabase(t)
const { projectContexts } = db

const rows: ProjectContext[] = []
for (let index = 0; index < 40; index += 1) {
  const created = await projectContexts.create({
    owner: index % 4 === 0 ? 'grace' : 'ada',
    name: `project ${String((index * 7) % 40).padStart(2, '0')}`,
    status: (['active', 'paused', 'archived'] as const)[index % 3] ?? 'active',
    language: index % 5 === 0 ? null : ['TypeScript', 'Rust'][index % 2],
    codebase: {
      bytes: ((index * 13) % 10) * 100,
      moduleKind: index % 2 === 0 ? 'esm' : 'commonjs',
      features: index % 3 === 0 ? ['types'] : [],
    },
    configuration: index % 5 === 0 ? { scripts: { test: 'tap', build: 'tsc' } } : {},
    techStack: [`t${index % 3}`, `u${index % 4}`],
    dependencies: index % 2 === 0 ? ['pg', 'zod'] : ['zod'],
    testCoverage: index % 4 === 3 ? null : (index * 11) % 8,
  })
  rows.push(created)
}
// Times a millisecond apart would follow the clock; set, they are known. Pairs share a time, so that ids break ties.
await db.query('ALTER TABLE agent.project_context DISABLE TRIGGER USER')
for (const [index, row] of rows.entries()) {
  const createdAt = new Date(Date.UTC(2026, 0, 1 + Math.floor(index / 2)))
  const updatedAt = new Date(Date.UTC(2026, 1, 1 + index))
  await db.query('UPDATE agent.project_context SET created_at = $2, updated_at = $3 WHERE project_context_id = $1', [
    row.projectContextId,
    createdAt,
    updatedAt,
  ])
  Object.assign(row, { createdAt, updatedAt })
}
await db.query('ALTER TABLE agent.project_context ENABLE TRIGGER USER')

const compare = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
const byId = (a: ProjectContext, b: ProjectContext) => compare(a.projectContextId, b.projectContextId)

/** What each filter means, in plain JavaScript. */
const filters: readonly [Partial<ProjectContextListOptions>, (row: ProjectContext) => boolean][] = [
  [{}, () => true],
  [{ owner: 'grace' }, (row) => row.owner === 'grace'],
  [{ status: 'paused' }, (row) => row.status === 'paused'],
  [{ status: ['paused', 'archived'] }, (row) => row.status !== 'active'],
  [{ language: 'Rust' }, (row) => row.language === 'Rust'],
  [
    { codebase: { moduleKind: 'esm', features: ['types'] } },
    (row) => row.codebase.moduleKind === 'esm' && row.codebase.features?.[0] === 'types',
  ],
  [
    { configuration: { scripts: { test: 'tap' } } },
    (row) => (row.configuration as { readonly scripts?: { readonly test?: string } }).scripts?.test === 'tap',
  ],
  [{ techAny: ['t0', 'u1'] }, (row) => row.techStack.includes('t0') || row.techStack.includes('u1')],
  [{ techAll: ['t0', 'u1'] }, (row) => row.techStack.includes('t0') && row.techStack.includes('u1')],
  [{ dependsOn: 'pg' }, (row) => row.dependencies.includes('pg')],
  [{ dependsOn: ['pg', 'zod'] }, (row) => row.dependencies.length === 2],
  [{ coverageFrom: 4 }, (row) => row.testCoverage !== null && row.testCoverage >= 4],
  [{ coverageTo: 3 }, (row) => row.testCoverage !== null && row.testCoverage <= 3],
  [{ coverageFrom: 0 }, (row) => row.testCoverage !== null],
  [{ updatedAfter: new Date(Date.UTC(2026, 1, 11)) }, (row) => row.updatedAt > new Date(Date.UTC(2026, 1, 11))],
  [{ updatedBefore: new Date(Date.UTC(2026, 1, 11)) }, (row) => row.updatedAt < new Date(Date.UTC(2026, 1, 11))],
  [
    { owner: 'ada', status: 'active', dependsOn: 'zod', coverageTo: 6 },
    (row) => row.owner === 'ada' && row.status === 'active' && row.testCoverage !== null && row.testCoverage <= 6,
  ],
]

/** What each sort means. */
const sorts: Readonly<
  Record<NonNullable<ProjectContextListOptions['sort']>, (a: ProjectContext, b: ProjectContext) => number>
> = {
  newest: (a, b) => -(compare(a.createdAt, b.createdAt) || byId(a, b)),
  name: (a, b) => compare(a.name, b.name) || byId(a, b),
  coverage: (a, b) => -(compare(a.testCoverage ?? -1, b.testCoverage ?? -1) || byId(a, b)),
  largest: (a, b) => -(compare(a.codebase.bytes ?? 0, b.codebase.bytes ?? 0) || byId(a, b)),
}

t.test('listProjectContexts', async (t) => {
  for (const [filter, matches] of filters) {
    t.test(`finds what it should by ${JSON.stringify(filter)}`, async (t) => {
      const expected = rows.filter(matches).sort(sorts.newest)
      t.ok(expected.length > 0, 'the reference finds some')
      t.same((await projectContexts.list({ ...filter, limit: 500 })).items, expected)
    })
  }

  for (const [sort, order] of Object.entries(sorts) as [keyof typeof sorts, (typeof sorts)['name']][]) {
    t.test(`walks all pages by ${sort}, forward and back`, async (t) => {
      const expected = rows.toSorted(order).map(({ name }) => name)
      const first = await projectContexts.list({ sort, limit: 7 })
      t.equal(first.previous, null)
      const forward: Page<ProjectContext>[] = [first]
      for (let page = first; page.next !== null; ) {
        page = await projectContexts.list({ sort, limit: 7, cursor: page.next })
        forward.push(page)
      }
      t.same(
        forward.flatMap(({ items }) => items.map(({ name }) => name)),
        expected,
      )
      const back: Page<ProjectContext>[] = forward.slice(-1)
      for (let page = forward.at(-1); page?.previous; ) {
        page = await projectContexts.list({ sort, limit: 7, cursor: page.previous })
        back.unshift(page)
      }
      t.same(
        back.flatMap(({ items }) => items.map(({ name }) => name)),
        expected,
      )
    })
  }

  t.test('gives 50 rows unless told otherwise, and the total when asked', async (t) => {
    await projectContexts.createMany(Array.from({ length: 20 }, () => newProjectContext({ owner: 'total' })))
    const page = await projectContexts.list({ withTotal: true })
    t.match([page.items.length, page.total], [50, 60])
    t.notOk('total' in (await projectContexts.list()))
    t.equal((await projectContexts.list({ owner: 'total', limit: 1, withTotal: true })).total, 20)
  })

  const refused: readonly [string, object, RegExp][] = [
    ['an unknown sort', { sort: 'age' }, /sort: Invalid option/],
    ['a limit of 0', { limit: 0 }, /limit: Too small/],
    ['a limit of 501', { limit: 501 }, /limit: Too big/],
    ['an unknown filter', { ownr: 'ada' }, /Unrecognized key: "ownr"/],
    ['any of none', { techAny: [] }, /techAny: Too small/],
    [
      'an unknown status',
      { status: ['active', 'gone'] },
      /status: Invalid option: expected one or several of active, paused, archived/,
    ],
    ['an invalid instant', { updatedAfter: new Date(Number.NaN) }, /updatedAfter: Invalid/],
    ['a coverage above 100', { coverageFrom: 101 }, /coverageFrom: Too big/],
    ['what is no cursor', { cursor: 'x' }, /cursor: is not a cursor that a page gave/],
  ]
  for (const [what, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(projectContexts.list(options), { name: 'ValidationError', message })
    })
  }

  t.test('takes null for the first page', async (t) => {
    t.same(await projectContexts.list({ cursor: null }), await projectContexts.list())
  })

  t.test('refuses a cursor of another sort', async (t) => {
    const { next } = await projectContexts.list({ sort: 'name', limit: 1 })
    await t.rejects(projectContexts.list({ sort: 'newest', cursor: String(next) }), {
      message: /cursor: belongs to the same list in another sort, name/,
    })
  })

  t.test('refuses a forged cursor without harm', async (t) => {
    const forge = (key: unknown, sort: string) =>
      Buffer.from(
        JSON.stringify({ list: 'listProjectContexts', sort, direction: 'after', key, id: rows[0]?.projectContextId }),
      ).toString('base64url')
    for (const [sort, key] of [
      ['newest', 'x'],
      ['coverage', 'x'],
      ['largest', 'x; DROP TABLE'],
    ] as const) {
      await t.rejects(projectContexts.list({ sort, cursor: forge(key, sort) }), { name: 'ValidationError' }, sort)
    }
  })
})

t.test('countProjectContexts', async (t) => {
  for (const [filter, matches] of filters.slice(1)) {
    t.test(`counts what list finds by ${JSON.stringify(filter)}`, async (t) => {
      const { owner: _, ...rest } = filter
      const owned = { ...rest, owner: filter.owner ?? 'ada' } as Parameters<typeof projectContexts.count>[0]
      t.equal(
        await projectContexts.count(owned),
        rows.filter((row) => matches(row) && row.owner === owned?.owner).length,
      )
    })
  }

  t.test('has the filters of the list, word for word', async (t) => {
    const linesOf = (statement: string) => statement.split('\n').filter((line) => line.includes('-- @if '))
    const listed = linesOf(listProjectContexts.ir.statement)
    const counted = linesOf(countProjectContexts.ir.statement)
    t.equal(counted.length, 12)
    t.same(listed.slice(0, 12), counted)
  })

  t.test('counts all without a filter', async (t) => {
    t.equal(await projectContexts.count(), (await projectContexts.list({ withTotal: true })).total)
  })

  t.test('refuses a malformed filter', async (t) => {
    await t.rejects(projectContexts.count({ coverageTo: -1 }), {
      name: 'ValidationError',
      message: /^countProjectContexts: coverageTo/,
    })
  })
})
