import fc from 'fast-check'
import t from 'tap'
import type { TemplateListOptions } from '../../src/agent/template-list.js'
import type { TemplateSummary } from '../../src/agent/template-row.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newTemplate } from '../fixtures/template-row.js'
import { compareWithReference } from './fixtures/reference-list.js'

const ROWS = 2_000

const db = await connectTestDatabase(t)
const { templates } = db

const categories = ['backend', 'cli', 'frontend', 'library'] as const
const complexities = ['simple', 'moderate', 'complex'] as const
const tags = ['api', 'auth', 'cli', 'docs', 'realtime', 'rest'] as const
const tools = ['docker', 'fastify', 'node', 'postgresql', 'react', 'vue'] as const
const NOT_KNOWN = Number.MAX_SAFE_INTEGER
const time = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute))

/** Rows whose values repeat and miss often enough that filters overlap and sorts have ties. */
const someRows = fc.sample(
  fc.record({
    category: fc.constantFrom(...categories),
    complexity: fc.constantFrom(...complexities),
    tags: fc.subarray([...tags]),
    techStack: fc.subarray([...tools]),
    estimatedSetupMinutes: fc.option(fc.integer({ min: 0, max: 60 })),
    description: fc.constant(null),
  }),
  ROWS,
)
await templates.upsertMany(someRows.map((row) => newTemplate(row)))
// The triggers would put the times back.
await db.query('ALTER TABLE agent.template DISABLE TRIGGER USER')
await db.query(
  `UPDATE agent.template SET
  usage_count = floor(random() * 20),
  created_at = $1::timestamptz + floor(random() * 300) * interval '1 minute',
  updated_at = $1::timestamptz + floor(random() * 300) * interval '1 minute'`,
  [time(0)],
)
await db.query('ALTER TABLE agent.template ENABLE TRIGGER USER')

const rows = await db.query<TemplateSummary>('SELECT * FROM agent.template')
const namesOf = <T>(all: readonly T[]) => fc.subarray([...all], { minLength: 1, maxLength: 3 })

t.test('listTemplates and countTemplates', async (t) => {
  t.test(`give what a naive reference gives, over ${ROWS} rows`, async (t) => {
    t.equal(rows.length, ROWS)
    await compareWithReference<TemplateSummary, TemplateListOptions>(t, {
      rows,
      idOf: (row) => row.templateId,
      list: templates.list,
      count: templates.count,
      filters: {
        category: {
          values: fc.constantFrom(...categories, 'none'),
          matches: (row, category: string) => row.category === category,
        },
        tagsAny: {
          values: namesOf([...tags, 'none']),
          matches: (row, names: string[]) => names.some((name) => row.tags.includes(name)),
        },
        tagsAll: {
          values: namesOf(tags),
          matches: (row, names: string[]) => names.every((name) => row.tags.includes(name)),
        },
        tagsNone: {
          values: namesOf([...tags, 'none']),
          matches: (row, names: string[]) => !names.some((name) => row.tags.includes(name)),
        },
        techAny: {
          values: namesOf([...tools, 'none']),
          matches: (row, names: string[]) => names.some((name) => row.techStack.includes(name)),
        },
        techAll: {
          values: namesOf(tools),
          matches: (row, names: string[]) => names.every((name) => row.techStack.includes(name)),
        },
        complexity: {
          values: fc.oneof(fc.constantFrom(...complexities), namesOf(complexities)),
          matches: (row, complexity: string | string[]) => [complexity].flat().includes(row.complexity),
        },
        setupMinutesTo: {
          values: fc.integer({ min: 0, max: 70 }),
          matches: (row, to: number) => (row.estimatedSetupMinutes ?? NOT_KNOWN) <= to,
        },
        updatedAfter: {
          values: fc.integer({ min: 0, max: 300 }).map(time),
          matches: (row, after: Date) => row.updatedAt > after,
        },
        updatedBefore: {
          values: fc.integer({ min: 0, max: 300 }).map(time),
          matches: (row, before: Date) => row.updatedAt < before,
        },
        text: {
          values: fc.constantFrom(...tags),
          matches: (row, tag: string) => row.tags.includes(tag),
        },
      },
      sorts: {
        name: { keyOf: (row) => row.name, isDescending: false },
        newest: { keyOf: (row) => row.createdAt.getTime(), isDescending: true },
        used: { keyOf: (row) => row.usageCount, isDescending: true },
        quickest: { keyOf: (row) => row.estimatedSetupMinutes ?? NOT_KNOWN, isDescending: false },
      },
    })
  })
})
