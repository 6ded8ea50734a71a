import t from 'tap'
import type { TemplateFilter } from '../../src/agent/template-filter.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newTemplate } from '../fixtures/template-row.js'

const db = await connectTestDatabase(t)
const { templates } = db

/** Makes templates of a category of their own: 6, of which 2 are complex and 3 have the tag `odd`. */
async function someTemplates(category: string): Promise<void> {
  await templates.upsertMany(
    Array.from({ length: 6 }, (_, index) =>
      newTemplate({
        category,
        complexity: index < 2 ? 'complex' : 'simple',
        tags: index % 2 === 0 ? ['even'] : ['odd'],
        techStack: index === 0 ? ['deno'] : ['node'],
        estimatedSetupMinutes: index === 5 ? null : index,
      }),
    ),
  )
}

/** Filters, and how many of the 6 each finds. */
const filters: readonly [TemplateFilter, number][] = [
  [{}, 6],
  [{ tagsAny: ['odd', 'none'] }, 3],
  [{ tagsAll: ['odd', 'none'] }, 0],
  [{ tagsAll: ['even'] }, 3],
  [{ tagsNone: ['odd'] }, 3],
  [{ techAny: ['deno'] }, 1],
  [{ techAll: ['node'] }, 5],
  [{ complexity: 'complex' }, 2],
  [{ complexity: ['simple', 'moderate'] }, 4],
  [{ setupMinutesTo: 3 }, 4],
  [{ updatedAfter: new Date(0) }, 6],
  [{ updatedBefore: new Date(0) }, 0],
  [{ text: 'odd' }, 3],
  [{ text: '' }, 0],
]

t.test('updateTemplates', async (t) => {
  t.test('changes what the filter finds, and only the given fields', async (t) => {
    for (const [index, [filter, expected]] of filters.entries()) {
      const category = `update ${index}`
      await someTemplates(category)
      const before = (await templates.list({ category })).items
      const hit = new Set((await templates.list({ ...filter, category })).items.map(({ name }) => name))
      const changes = { version: '2.0.0', description: null }
      const changed = await templates.updateMany({ ...filter, category }, changes, { maxRows: 6 })
      t.same([hit.size, changed], [expected, expected], JSON.stringify(filter))
      t.same(
        (await templates.list({ category })).items.map(({ updatedAt, ...row }) => row),
        before.map(({ updatedAt, ...row }) => (hit.has(row.name) ? { ...row, ...changes } : row)),
      )
    }
  })

  t.test('sets every column but the name', async (t) => {
    await someTemplates('whole')
    const { name, ...changes } = newTemplate({
      version: '3',
      description: 'new',
      category: 'whole 2',
      files: { only: 'this' },
      requiredVariables: ['r'],
      optionalVariables: ['o'],
      techStack: ['go'],
      tags: [],
      complexity: 'moderate',
      estimatedSetupMinutes: null,
    })
    t.equal(await templates.updateMany({ category: 'whole' }, changes, { maxRows: 'unlimited' }), 6)
    const { items } = await templates.list({ category: 'whole 2' })
    t.equal(items.length, 6)
    for (const item of items) t.match(await templates.get(item.templateId), changes)
  })

  t.test('changes nothing when there are more rows than allowed, and says so', async (t) => {
    await someTemplates('limit')
    await t.rejects(templates.updateMany({ category: 'limit' }, { version: '2' }, { maxRows: 5 }), {
      name: 'RowLimitError',
      maxRows: 5,
      query: 'updateTemplates',
    })
    const { items } = await templates.list({ category: 'limit' })
    t.ok(items.every(({ version }) => version !== '2'))
    t.equal(await templates.updateMany({ category: 'limit' }, { version: '2' }, { maxRows: 6 }), 6, 'the limit itself')
  })

  t.test('changes nothing when one row would break a constraint', async (t) => {
    await someTemplates('overlap')
    const [first] = (await templates.list({ category: 'overlap' })).items
    await templates.update(String(first?.templateId), { optionalVariables: ['host'] })
    const changes = { version: '2', requiredVariables: ['host'] }
    await t.rejects(templates.updateMany({ category: 'overlap' }, changes, { maxRows: 6 }), {
      name: 'CheckViolationError',
      constraint: 'template_variables_overlap',
    })
    t.ok((await templates.list({ category: 'overlap' })).items.every(({ version }) => version !== '2'))
  })

  t.test('does not deadlock with others over the same rows', async (t) => {
    await someTemplates('crowd')
    const updates = Array.from({ length: 20 }, (_, index) =>
      templates.updateMany(
        index % 2 === 0 ? { category: 'crowd' } : { tagsAny: ['even', 'odd'], category: 'crowd' },
        { estimatedSetupMinutes: index },
        { maxRows: 6 },
      ),
    )
    t.same(await Promise.all(updates), new Array(20).fill(6))
  })

  const refused: readonly [string, object, object, unknown, RegExp][] = [
    ['no limit', {}, { version: '2' }, {}, /maxRows: must be given/],
    ['no changes', {}, {}, { maxRows: 1 }, /must change at least one field/],
    ['a name for many', {}, { name: 'x' }, { maxRows: 1 }, /Unrecognized key: "name"/],
    [
      'a path that leads out',
      {},
      { files: { '../a': '' } },
      { maxRows: 1 },
      /files\["\.\.\/a"\]: is no path that is relative/,
    ],
    [
      'a variable that is both required and optional',
      {},
      { requiredVariables: ['a'], optionalVariables: ['a'] },
      { maxRows: 1 },
      /optionalVariables: must not name a required variable/,
    ],
    ['an unknown filter', { categories: 'x' }, { version: '2' }, { maxRows: 1 }, /Unrecognized key: "categories"/],
  ]
  for (const [what, filter, changes, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(templates.updateMany(filter, changes, options as never), { name: 'ValidationError', message })
    })
  }
})

t.test('deleteTemplates', async (t) => {
  t.test('deletes what the filter finds, and nothing else', async (t) => {
    for (const [index, [filter, expected]] of filters.entries()) {
      const category = `delete ${index}`
      await someTemplates(category)
      const all = (await templates.list({ category })).items.map(({ name }) => name)
      const hit = new Set((await templates.list({ ...filter, category })).items.map(({ name }) => name))
      t.equal(await templates.deleteMany({ ...filter, category }, { maxRows: 6 }), expected, JSON.stringify(filter))
      t.same(
        (await templates.list({ category })).items.map(({ name }) => name),
        all.filter((name) => !hit.has(name)),
      )
    }
  })

  t.test('deletes nothing when there are more rows than allowed; all when the limit is waived', async (t) => {
    await someTemplates('all')
    await t.rejects(templates.deleteMany({ category: 'all' }, { maxRows: 5 }), { name: 'RowLimitError', maxRows: 5 })
    t.equal(await templates.count({ category: 'all' }), 6)
    t.equal(await templates.deleteMany({ category: 'all' }, { maxRows: 'unlimited' }), 6)
    await t.rejects(templates.deleteMany({}, {} as never), {
      name: 'ValidationError',
      message: /maxRows: must be given/,
    })
  })
})
