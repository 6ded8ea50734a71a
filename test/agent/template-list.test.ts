import t from 'tap'
import { explain, type PlanNode, planNodes } from '../../src/engine/explain.js'
import type { Page } from '../../src/engine/page.js'
import type { AnyQuery } from '../../src/engine/query.js'
import {
  type CountTemplatesParams,
  countTemplates,
  type ListTemplatesParams,
  listTemplates,
  searchTemplates,
} from '../../src/generated/agent/template.queries.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newTemplate } from '../fixtures/template-row.js'

const db = await connectTestDatabase(t)
const { templates } = db

const { templateId, ...rest } = await templates.create(newTemplate({ name: 'summary' }))
await templates.upsertMany(
  Array.from({ length: 59 }, (_, index) =>
    newTemplate({
      name: `${index % 2 === 0 ? 'even' : 'odd'}-${String((index * 7) % 59).padStart(2, '0')}`,
      category: index % 3 === 0 ? 'cli' : 'library',
      estimatedSetupMinutes: index % 4 === 0 ? null : (index * 13) % 20,
    }),
  ),
)

t.test('listTemplates', async (t) => {
  t.test('gives templates without their files, and how many there are', async (t) => {
    const { items } = await templates.list({ category: 'backend' })
    const { files, ...summary } = { templateId, ...rest }
    t.same(items, [summary])
    t.equal(summary.fileCount, 2)
  })

  t.test('goes by name, 50 rows, unless told otherwise, and gives the total when asked', async (t) => {
    const page = await templates.list({ withTotal: true })
    t.match([page.items.length, page.total, page.previous], [50, 60, null])
    const names = page.items.map(({ name }) => name)
    t.same(names, names.toSorted())
    t.notOk('total' in (await templates.list()))
  })

  for (const sort of ['name', 'newest', 'used', 'quickest'] as const) {
    t.test(`walks the pages by ${sort} back as it came`, async (t) => {
      const forward: Page<{ name: string }>[] = [await templates.list({ sort, limit: 11 })]
      for (let cursor = forward[0]?.next; cursor; cursor = forward.at(-1)?.next) {
        forward.push(await templates.list({ sort, limit: 11, cursor }))
      }
      const back = forward.slice(-1)
      for (let cursor = back[0]?.previous; cursor; cursor = back[0]?.previous) {
        back.unshift(await templates.list({ sort, limit: 11, cursor }))
      }
      const names = (pages: typeof back) => pages.map(({ items }) => items.map(({ name }) => name))
      t.equal(new Set(names(forward).flat()).size, 60)
      t.same(names(back).flat(), names(forward).flat())
    })
  }

  t.test('puts last what has no known setup time, and leaves it out below a limit', async (t) => {
    const { items } = await templates.list({ sort: 'quickest', limit: 500 })
    const known = items.flatMap(({ estimatedSetupMinutes }) => estimatedSetupMinutes ?? [])
    t.ok(known.length > 0 && known.length < items.length)
    t.same(
      items.map(({ estimatedSetupMinutes }) => estimatedSetupMinutes),
      [...known.toSorted((a, b) => a - b), ...new Array(items.length - known.length).fill(null)],
    )
    const most = await templates.list({ setupMinutesTo: 1_000_000, limit: 500 })
    t.equal(most.items.length, known.length)
  })

  const refused: readonly [string, object, RegExp][] = [
    ['an unknown sort', { sort: 'age' }, /sort: Invalid option/],
    ['a limit of 501', { limit: 501 }, /limit: Too big/],
    ['an unknown filter', { tags: ['a'] }, /Unrecognized key: "tags"/],
    ['any of none', { tagsAny: [] }, /tagsAny: Too small/],
    ['none of none', { tagsNone: [] }, /tagsNone: Too small/],
    [
      'an unknown complexity',
      { complexity: ['hard'] },
      /complexity: Invalid option: expected one or several of simple/,
    ],
    ['half a minute', { setupMinutesTo: 0.5 }, /setupMinutesTo: Invalid input/],
    ['a text of 1,001 characters', { text: 'x'.repeat(1_001) }, /text: must have at most 1000 characters/],
    ['what is no cursor', { cursor: 'x' }, /cursor: is not a cursor that a page gave/],
  ]
  for (const [what, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(templates.list(options), { name: 'ValidationError', message })
    })
  }

  t.test('refuses a cursor of another sort, and a forged one', async (t) => {
    const { next } = await templates.list({ limit: 1 })
    await t.rejects(templates.list({ sort: 'used', cursor: next }), { message: /cursor: belongs to the same list/ })
    const forged = { list: 'listTemplates', sort: 'used', direction: 'after', key: 'x', id: templateId }
    const cursor = Buffer.from(JSON.stringify(forged)).toString('base64url')
    await t.rejects(templates.list({ sort: 'used', cursor }), { name: 'ValidationError' })
  })
})

t.test('countTemplates', async (t) => {
  t.test('counts all without a filter, and what a filter finds', async (t) => {
    t.equal(await templates.count(), 60)
    t.equal(await templates.count({ category: 'cli' }), 20)
    t.equal(await templates.count({ text: 'even -summary' }), 30)
  })

  t.test('refuses a malformed filter', async (t) => {
    await t.rejects(templates.count({ setupMinutesTo: -1 }), { message: /^countTemplates: setupMinutesTo: Too small/ })
  })
})

/** A node of a plan, with what this test reads. */
type Node = PlanNode & { readonly 'Node Type': string; readonly 'Index Cond'?: string }

async function planOf<P>(query: AnyQuery<P, unknown>, params: P): Promise<readonly Node[]> {
  const plan = await explain(db, query as AnyQuery<never, unknown>, params as never, { isIndexed: true })
  return planNodes(plan) as readonly Node[]
}

t.test('indexes', async (t) => {
  const names = ['a']
  const filters: readonly [CountTemplatesParams, string, string][] = [
    [{ category: 'cli' }, 'template_category_idx', 'category'],
    [{ tagsAny: names }, 'template_tags_idx', '&&'],
    [{ tagsAll: names }, 'template_tags_idx', '@>'],
    [{ techAny: names }, 'template_tech_stack_idx', '&&'],
    [{ techAll: names }, 'template_tech_stack_idx', '@>'],
    [{ complexities: ['simple'] }, 'template_complexity_idx', 'complexity'],
    [{ setupMinutesTo: 5 }, 'template_estimated_setup_minutes_idx', '<='],
    [{ updatedAfter: new Date() }, 'template_updated_at_idx', '>'],
    [{ updatedBefore: new Date() }, 'template_updated_at_idx', '<'],
    [{ text: 'even' }, 'template_search_idx', '@@'],
  ]
  for (const [filter, index, condition] of filters) {
    t.test(`${index} serves ${JSON.stringify(Object.keys(filter))}`, async (t) => {
      const nodes = await planOf(countTemplates, filter)
      t.ok(
        nodes.some((node) => node['Index Name'] === index && node['Index Cond']?.includes(condition)),
        JSON.stringify(nodes),
      )
    })
  }

  type Order = NonNullable<ListTemplatesParams['order']>
  const sorts: Readonly<Record<Order, string>> = {
    name: 'template_name_key',
    'name-down': 'template_name_key',
    newest: 'template_created_at_idx',
    oldest: 'template_created_at_idx',
    used: 'template_usage_count_idx',
    'used-up': 'template_usage_count_idx',
    quickest: 'template_estimated_setup_minutes_idx',
    slowest: 'template_estimated_setup_minutes_idx',
  }
  const cursors = { cursorName: 'a', cursorCreatedAt: new Date(), cursorUsageCount: 1, cursorMinutes: 1 }
  for (const [order, index] of Object.entries(sorts) as [Order, string][]) {
    t.test(`${index} is walked by ${order}, from a cursor too`, async (t) => {
      const params = { order, limit: 10, cursorId: templateId }
      const first = await planOf(listTemplates, params)
      t.ok(first.some((node) => node['Index Name'] === index))
      t.notOk(first.some((node) => node['Node Type'] === 'Sort'))
      const next = await planOf(listTemplates, { ...params, ...cursors })
      t.ok(next.some((node) => node['Index Name'] === index && node['Index Cond'] !== undefined))
      t.notOk(next.some((node) => node['Node Type'] === 'Sort'))
    })
  }

  t.test('template_search_idx serves the search', async (t) => {
    const nodes = await planOf(searchTemplates, { text: 'even', query: 'even', order: 'best', limit: 10 })
    t.ok(nodes.some((node) => node['Index Name'] === 'template_search_idx'))
  })
})
