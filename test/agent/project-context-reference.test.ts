import fc from 'fast-check'
import t from 'tap'
import type { ProjectContextListOptions } from '../../src/agent/project-context-list.js'
import type { ProjectContext } from '../../src/agent/project-context-row.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newProjectContext } from '../fixtures/project-context.js'
import { compareWithReference } from './fixtures/reference-list.js'

const ROWS = 2_000

const db = await connectTestDatabase(t)
const { projectContexts } = db

const statuses = ['active', 'paused', 'archived'] as const
const languages = ['Go', 'Rust', 'SQL', 'TypeScript'] as const
const tools = ['api', 'cli', 'docker', 'graphql', 'node', 'postgresql'] as const
const packages = ['fastify', 'pg', 'tap', 'zod'] as const
const moduleKinds = ['esm', 'commonjs'] as const
const time = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute))

/** Rows whose values repeat and miss often enough that filters overlap and sorts have ties. */
const someRows = fc.sample(
  fc.record({
    owner: fc.constantFrom('ada', 'grace', 'hedy'),
    status: fc.constantFrom(...statuses),
    language: fc.option(fc.constantFrom(...languages)),
    codebase: fc.record({
      bytes: fc.integer({ min: 0, max: 50 }).map((hundreds) => hundreds * 100),
      moduleKind: fc.constantFrom(...moduleKinds),
    }),
    configuration: fc.record({ uses: fc.subarray([...packages]) }),
    techStack: fc.subarray([...tools]),
    dependencies: fc.subarray([...packages]),
    testCoverage: fc.option(fc.integer({ min: 0, max: 200 }).map((halves) => halves / 2)),
  }),
  ROWS,
)
await projectContexts.createMany(someRows.map((row) => newProjectContext(row)))
// The trigger would put the times back.
await db.query('ALTER TABLE agent.project_context DISABLE TRIGGER USER')
await db.query(
  `UPDATE agent.project_context SET
  created_at = $1::timestamptz + floor(random() * 300) * interval '1 minute',
  updated_at = $1::timestamptz + floor(random() * 300) * interval '1 minute'`,
  [time(0)],
)
await db.query('ALTER TABLE agent.project_context ENABLE TRIGGER USER')

const rows = await db.query<ProjectContext>('SELECT * FROM agent.project_context')

t.test('listProjectContexts and countProjectContexts', async (t) => {
  t.test(`give what a naive reference gives, over ${ROWS} rows`, async (t) => {
    t.equal(rows.length, ROWS)
    await compareWithReference<ProjectContext, ProjectContextListOptions>(t, {
      rows,
      idOf: (row) => row.projectContextId,
      list: projectContexts.list,
      count: projectContexts.count,
      filters: {
        owner: {
          values: fc.constantFrom('ada', 'grace', 'hedy', 'nobody'),
          matches: (row, owner: string) => row.owner === owner,
        },
        status: {
          values: fc.oneof(fc.constantFrom(...statuses), fc.subarray([...statuses], { minLength: 1 })),
          matches: (row, status: string | string[]) => [status].flat().includes(row.status),
        },
        language: {
          values: fc.constantFrom(...languages),
          matches: (row, language: string) => row.language === language,
        },
        codebase: {
          values: fc.record({ moduleKind: fc.constantFrom(...moduleKinds) }),
          matches: (row, { moduleKind }: { moduleKind: string }) => row.codebase.moduleKind === moduleKind,
        },
        configuration: {
          values: fc.record({ uses: fc.subarray([...packages], { minLength: 1 }) }),
          matches: (row, { uses }: { uses: string[] }) =>
            uses.every((name) => (row.configuration as { readonly uses: string[] }).uses.includes(name)),
        },
        techAny: {
          values: fc.subarray([...tools, 'none'], { minLength: 1 }),
          matches: (row, names: string[]) => names.some((name) => row.techStack.includes(name)),
        },
        techAll: {
          values: fc.subarray([...tools], { minLength: 1, maxLength: 3 }),
          matches: (row, names: string[]) => names.every((name) => row.techStack.includes(name)),
        },
        dependsOn: {
          values: fc.oneof(fc.constantFrom(...packages), fc.subarray([...packages], { minLength: 1 })),
          matches: (row, names: string | string[]) => [names].flat().every((name) => row.dependencies.includes(name)),
        },
        coverageFrom: {
          values: fc.integer({ min: 0, max: 100 }),
          matches: (row, from: number) => row.testCoverage !== null && row.testCoverage >= from,
        },
        coverageTo: {
          values: fc.integer({ min: 0, max: 100 }),
          matches: (row, to: number) => row.testCoverage !== null && row.testCoverage <= to,
        },
        updatedAfter: {
          values: fc.integer({ min: 0, max: 300 }).map(time),
          matches: (row, after: Date) => row.updatedAt > after,
        },
        updatedBefore: {
          values: fc.integer({ min: 0, max: 300 }).map(time),
          matches: (row, before: Date) => row.updatedAt < before,
        },
      },
      sorts: {
        newest: { keyOf: (row) => row.createdAt.getTime(), isDescending: true },
        name: { keyOf: (row) => row.name, isDescending: false },
        coverage: { keyOf: (row) => row.testCoverage ?? -1, isDescending: true },
        largest: { keyOf: (row) => row.codebase.bytes ?? 0, isDescending: true },
      },
    })
  })
})
