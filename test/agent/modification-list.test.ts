import t from 'tap'
import type { ModificationFilter } from '../../src/agent/modification-filter.js'
import type { ModificationListOptions } from '../../src/agent/modification-list.js'
import type { Modification } from '../../src/agent/modification-row.js'
import { explain, planNodes } from '../../src/engine/explain.js'
import type { Page } from '../../src/engine/page.js'
import type { Query } from '../../src/engine/query.js'
import {
  countModifications,
  listModifications,
  modificationStatistics,
  pendingModificationCounts,
} from '../../src/generated/agent/modification.queries.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { modificationIn, newModification } from '../fixtures/modification.js'
import { newProjectContext } from '../fixtures/project-context.js'

const db = await connectTestDatabase(t)
const { modifications, projectContexts } = db

const contexts = await projectContexts.createMany([newProjectContext(), newProjectContext(), newProjectContext()])
const contextId = (index: number): string => String(contexts[index % contexts.length]?.projectContextId)
const statuses = ['pending', 'approved', 'applied', 'failed', 'rejected'] as const
const risks = ['low', 'medium', 'high', 'critical'] as const
const day = (index: number): Date => new Date(Date.UTC(2026, 0, 1 + index))

const rows: Modification[] = []
for (let index = 0; index < 40; index += 1) {
  const risk = risks[(index * 7) % 6]
  const given = newModification(contextId(index), {
    requestedBy: index % 4 === 0 ? 'grace' : 'ada',
    impactAnalysis: risk === undefined ? null : { risk, affectedComponents: [], estimate: {} },
    affectedFiles: [`src/${index % 5}.ts`, `test/${index % 3}.ts`],
  })
  rows.push(await modificationIn(db, statuses[index % 5] ?? 'pending', given))
}
// Times a millisecond apart would follow the clock; set, they are known. Pairs share a time, so that ids break ties.
await db.query('ALTER TABLE agent.modification DISABLE TRIGGER USER')
for (const [index, row] of rows.entries()) {
  const createdAt = day(Math.floor(index / 2))
  const decidedAt = row.decidedAt && new Date(createdAt.getTime() + (index + 1) * 3_600_000)
  const carriedOutAt = decidedAt && new Date(decidedAt.getTime() + (40 - index) * 1_001)
  const times = {
    createdAt,
    updatedAt: day(100 + ((index * 13) % 20)),
    decidedAt,
    appliedAt: row.appliedAt && carriedOutAt,
    failedAt: row.failedAt && carriedOutAt,
  }
  await db.query(
    `UPDATE agent.modification
     SET created_at = $2, updated_at = $3, decided_at = $4, applied_at = $5, failed_at = $6
     WHERE modification_id = $1`,
    [row.modificationId, ...Object.values(times)],
  )
  Object.assign(row, times)
}
await db.query('ALTER TABLE agent.modification ENABLE TRIGGER USER')

const compare = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
const byId = (a: Modification, b: Modification) => compare(a.modificationId, b.modificationId)
const rankOf = ({ impactAnalysis }: Modification) => (impactAnalysis ? risks.indexOf(impactAnalysis.risk) : -1)

/** What each filter means, in plain JavaScript. */
const filters: readonly [ModificationFilter, (row: Modification) => boolean][] = [
  [{}, () => true],
  [{ projectContextId: contextId(1) }, (row) => row.projectContextId === contextId(1)],
  [{ status: 'pending' }, (row) => row.status === 'pending'],
  [{ status: ['applied', 'failed'] }, (row) => row.status === 'applied' || row.status === 'failed'],
  [{ affectedFile: 'src/2.ts' }, (row) => row.affectedFiles.includes('src/2.ts')],
  [
    { affectedFile: ['src/2.ts', 'test/0.ts', 'none'] },
    (row) => row.affectedFiles.includes('src/2.ts') || row.affectedFiles.includes('test/0.ts'),
  ],
  [{ requestedBy: 'grace' }, (row) => row.requestedBy === 'grace'],
  [{ risk: 'high' }, (row) => row.impactAnalysis?.risk === 'high'],
  [{ risk: ['low', 'critical'] }, (row) => ['low', 'critical'].includes(String(row.impactAnalysis?.risk))],
  [{ createdAfter: day(11) }, (row) => row.createdAt > day(11)],
  [{ createdBefore: day(11) }, (row) => row.createdAt < day(11)],
  [{ decidedAfter: day(11) }, (row) => row.decidedAt !== null && row.decidedAt > day(11)],
  [{ decidedBefore: day(11) }, (row) => row.decidedAt !== null && row.decidedAt < day(11)],
  [
    { projectContextId: contextId(0), status: ['approved', 'pending'], requestedBy: 'ada', createdAfter: day(3) },
    (row) =>
      row.projectContextId === contextId(0) &&
      ['approved', 'pending'].includes(row.status) &&
      row.requestedBy === 'ada' &&
      row.createdAt > day(3),
  ],
]

/** What each sort means, and the index it walks. */
const sorts: Readonly<
  Record<NonNullable<ModificationListOptions['sort']>, [(a: Modification, b: Modification) => number, string]>
> = {
  newest: [(a, b) => -(compare(a.createdAt, b.createdAt) || byId(a, b)), 'modification_created_at_idx'],
  updated: [(a, b) => -(compare(a.updatedAt, b.updatedAt) || byId(a, b)), 'modification_updated_at_idx'],
  risk: [(a, b) => -(rankOf(a) - rankOf(b) || byId(a, b)), 'modification_risk_idx'],
}

/** Each filter's parameter, and the index that serves it. */
const served: readonly [object, string][] = [
  [{ projectContextId: contextId(0) }, 'modification_project_context_id_idx'],
  [{ statuses: ['pending', 'failed'] }, 'modification_status_idx'],
  [{ affectedFiles: ['src/2.ts', 'src/3.ts'] }, 'modification_affected_files_idx'],
  [{ requestedBy: 'ada' }, 'modification_requested_by_idx'],
  [{ riskRanks: [1, 4] }, 'modification_risk_idx'],
  [{ createdAfter: day(1) }, 'modification_created_at_idx'],
  [{ createdBefore: day(1) }, 'modification_created_at_idx'],
  [{ decidedAfter: day(1) }, 'modification_decided_at_idx'],
  [{ decidedBefore: day(1) }, 'modification_decided_at_idx'],
]

interface Node {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
}

/** The plan for a table so large that it is neither read as a whole nor sorted. */
async function planOf(query: Query<never, unknown>, params: object): Promise<readonly Node[]> {
  return db.transaction(async (tx) => {
    await tx.query('SET LOCAL enable_sort = off')
    return planNodes(await explain(tx, query, { ...params }, { isIndexed: true })) as unknown as readonly Node[]
  })
}

async function isServedBy(index: string, query: Query<never, unknown>, params: object): Promise<boolean> {
  const nodes = await planOf(query, params)
  return nodes.some((node) => node['Index Name'] === index && node['Index Cond'] !== undefined)
}

t.test('listModifications', async (t) => {
  for (const [filter, matches] of filters) {
    t.test(`finds what it should by ${JSON.stringify(filter)}`, async (t) => {
      const expected = rows.filter(matches).sort(sorts.newest[0])
      t.ok(expected.length > 0, 'the reference finds some')
      t.same((await modifications.list({ ...filter, limit: 500 })).items, expected)
    })
  }

  for (const [sort, [order, index]] of Object.entries(sorts) as [keyof typeof sorts, (typeof sorts)['risk']][]) {
    t.test(`walks all pages by ${sort}, forward and back`, async (t) => {
      const expected = rows.toSorted(order).map(({ modificationId }) => modificationId)
      const first = await modifications.list({ sort, limit: 7 })
      t.equal(first.previous, null)
      const forward: Page<Modification>[] = [first]
      for (let page = first; page.next !== null; ) {
        page = await modifications.list({ sort, limit: 7, cursor: page.next })
        forward.push(page)
      }
      t.same(
        forward.flatMap(({ items }) => items.map(({ modificationId }) => modificationId)),
        expected,
      )
      const back: Page<Modification>[] = forward.slice(-1)
      for (let page = forward.at(-1); page?.previous; ) {
        page = await modifications.list({ sort, limit: 7, cursor: page.previous })
        back.unshift(page)
      }
      t.same(
        back.flatMap(({ items }) => items.map(({ modificationId }) => modificationId)),
        expected,
      )
    })

    t.test(`walks ${index} by ${sort}`, async (t) => {
      const opposite = { newest: 'oldest', updated: 'updated-up', risk: 'risk-up' }[sort]
      const cursorId = rows[20]?.modificationId
      const cursor = { cursorId, cursorCreatedAt: day(9), cursorUpdatedAt: day(109), cursorRiskRank: 2 }
      for (const params of [{ order: sort }, { order: sort, ...cursor }, { order: opposite, ...cursor }]) {
        const nodes = await planOf(listModifications as never, { ...params, limit: 51 })
        t.same(
          nodes.map((node) => [node['Node Type'].replace(' Backward', ''), node['Index Name']]),
          [
            ['Limit', undefined],
            ['Index Scan', index],
          ],
        )
        t.equal(nodes[1]?.['Index Cond'] !== undefined, 'cursorId' in params, 'seeks the cursor in the index')
      }
    })
  }

  t.test('gives 50 rows unless told otherwise, and the total when asked', async (t) => {
    await modifications.createMany(
      Array.from({ length: 20 }, () => newModification(contextId(2), { requestedBy: 'total' })),
    )
    const page = await modifications.list({ withTotal: true })
    t.match([page.items.length, page.total], [50, 60])
    t.notOk('total' in (await modifications.list()))
    t.equal((await modifications.list({ requestedBy: 'total', limit: 1, withTotal: true })).total, 20)
    await modifications.deleteMany({ requestedBy: 'total' }, { maxRows: 20 })
  })

  const refused: readonly [string, object, RegExp][] = [
    ['an unknown sort', { sort: 'age' }, /sort: Invalid option/],
    ['a limit of 0', { limit: 0 }, /limit: Too small/],
    ['a limit of 501', { limit: 501 }, /limit: Too big/],
    ['an unknown filter', { state: 'pending' }, /Unrecognized key: "state"/],
    ['any of no files', { affectedFile: [] }, /affectedFile: /],
    [
      'an unknown status',
      { status: ['pending', 'gone'] },
      /status: Invalid option: expected one or several of pending, approved, applied, failed, rejected/,
    ],
    [
      'an unknown risk',
      { risk: 'none' },
      /risk: Invalid option: expected one or several of low, medium, high, critical/,
    ],
    ['an invalid instant', { decidedAfter: new Date(Number.NaN) }, /decidedAfter: Invalid/],
    ['what is no cursor', { cursor: 'x' }, /cursor: is not a cursor that a page gave/],
  ]
  for (const [what, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(modifications.list(options), { name: 'ValidationError', message })
    })
  }

  t.test('refuses a cursor of another sort', async (t) => {
    const { next } = await modifications.list({ sort: 'risk', limit: 1 })
    await t.rejects(modifications.list({ sort: 'newest', cursor: String(next) }), {
      message: /cursor: belongs to the same list in another sort, risk/,
    })
  })

  t.test('refuses a forged cursor without harm', async (t) => {
    const forge = (key: unknown, sort: string) =>
      Buffer.from(
        JSON.stringify({ list: 'listModifications', sort, direction: 'after', key, id: rows[0]?.modificationId }),
      ).toString('base64url')
    for (const [sort, key] of [
      ['newest', 'x'],
      ['updated', 1e300],
      ['risk', 'high'],
      ['risk', 1.5],
      ['risk', 2 ** 40],
    ] as const) {
      await t.rejects(modifications.list({ sort, cursor: forge(key, sort) }), { name: 'ValidationError' }, sort)
    }
  })
})

t.test('countModifications', async (t) => {
  for (const [filter, matches] of filters) {
    t.test(`counts what list finds by ${JSON.stringify(filter)}`, async (t) => {
      t.equal(await modifications.count(filter), rows.filter(matches).length)
    })
  }

  for (const [params, index] of served) {
    t.test(`is served by ${index} for ${Object.keys(params)}`, async (t) => {
      t.ok(await isServedBy(index, countModifications as never, params))
    })
  }

  t.test('refuses a malformed filter', async (t) => {
    await t.rejects(modifications.count({ requestedBy: '' }), {
      name: 'ValidationError',
      message: /^countModifications: requestedBy/,
    })
  })
})

t.test('modificationStatistics', async (t) => {
  const mean = (values: readonly number[]): number | null =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
  const isClose = (a: number | null, b: number | null): boolean =>
    a === b || (a !== null && b !== null && Math.abs(a - b) < 1e-3)

  for (const [filter, matches] of filters) {
    t.test(`sums up what list finds by ${JSON.stringify(filter)}`, async (t) => {
      const found = rows.filter(matches)
      const counts = Object.fromEntries(
        statuses.map((status) => [status, found.filter((row) => row.status === status).length]),
      )
      const { total, byStatus, meanDecisionMs, meanExecutionMs, failureShare } = await modifications.statistics(filter)
      t.equal(total, found.length)
      t.same(byStatus, counts)
      const decided = found.flatMap((row) => (row.decidedAt ? [Number(row.decidedAt) - Number(row.createdAt)] : []))
      t.ok(isClose(meanDecisionMs, mean(decided)), 'the mean time to the decision')
      const carriedOut = found.flatMap((row) => {
        const at = row.appliedAt ?? row.failedAt
        return at === null ? [] : [Number(at) - Number(row.decidedAt)]
      })
      t.ok(isClose(meanExecutionMs, mean(carriedOut)), 'the mean time to the outcome')
      const failed = found.filter((row) => row.status === 'failed').length
      t.ok(isClose(failureShare, carriedOut.length === 0 ? null : failed / carriedOut.length), 'the share of failures')
    })
  }

  t.test('gives counts of 0, and null for what is a mean or a share of nothing', async (t) => {
    t.same(await modifications.statistics({ requestedBy: 'nobody' }), {
      total: 0,
      byStatus: { pending: 0, approved: 0, applied: 0, failed: 0, rejected: 0 },
      meanDecisionMs: null,
      meanExecutionMs: null,
      failureShare: null,
    })
  })

  for (const [params, index] of served) {
    t.test(`is served by ${index} for ${Object.keys(params)}`, async (t) => {
      t.ok(await isServedBy(index, modificationStatistics as never, params))
    })
  }

  t.test('refuses a malformed filter', async (t) => {
    await t.rejects(modifications.statistics({ risk: [] }), {
      message: /^modificationStatistics: risk: Too small/,
    })
  })
})

t.test('pendingModificationCounts', async (t) => {
  const [many, few, alike, none] = await projectContexts.createMany(
    ['many', 'few', 'alike', 'none'].map((name) => newProjectContext({ owner: 'pending', name })),
  )
  const idOf = (context: typeof many) => String(context?.projectContextId)
  const some = (context: typeof many, length: number) => Array.from({ length }, () => newModification(idOf(context)))
  await modifications.createMany([...some(few, 20), ...some(many, 21), ...some(alike, 20)])
  for (const context of [none, few]) await modificationIn(db, 'approved', newModification(idOf(context)))
  const ofOwn = [
    { projectContextId: idOf(many), contextName: 'many', pending: 21 },
    ...[
      { projectContextId: idOf(few), contextName: 'few', pending: 20 },
      { projectContextId: idOf(alike), contextName: 'alike', pending: 20 },
    ].sort((a, b) => compare(a.projectContextId, b.projectContextId)),
  ]

  t.test('counts the pending ones of each context, most first, then by id', async (t) => {
    const others = contexts
      .map(({ projectContextId, name: contextName }) => ({
        projectContextId,
        contextName,
        pending: rows.filter((row) => row.projectContextId === projectContextId && row.status === 'pending').length,
      }))
      .sort((a, b) => b.pending - a.pending || compare(a.projectContextId, b.projectContextId))
    t.same(await modifications.pendingCounts(), [...ofOwn, ...others])
  })

  t.test('counts those of the given contexts only, and leaves out who has none', async (t) => {
    const projectContextIds = [idOf(none), idOf(many), idOf(few)]
    t.same(
      await modifications.pendingCounts({ projectContextIds }),
      ofOwn.filter((one) => projectContextIds.includes(one.projectContextId)),
    )
    t.same(await modifications.pendingCounts({ projectContextIds: [] }), [])
  })

  t.test('gives at most as many as it is told', async (t) => {
    t.same(await modifications.pendingCounts({ limit: 2 }), ofOwn.slice(0, 2))
  })

  t.test('is served by modification_status_idx', async (t) => {
    for (const params of [{}, { projectContextIds: [idOf(many)] }]) {
      const index = 'modification_status_idx'
      t.ok(await isServedBy(index, pendingModificationCounts as never, { ...params, limit: 50 }))
    }
  })

  t.test('refuses a limit of 501 and what is no UUID', async (t) => {
    await t.rejects(modifications.pendingCounts({ limit: 501 }), { message: /limit: Too big/ })
    await t.rejects(modifications.pendingCounts({ projectContextIds: ['42'] }), {
      message: /^pendingModificationCounts: projectContextIds\[0\]: must be a UUID/,
    })
  })
})
