import fc from 'fast-check'
import t from 'tap'
import type { ModificationListOptions } from '../../src/agent/modification-list.js'
import type { Modification } from '../../src/agent/modification-row.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newModification } from '../fixtures/modification.js'
import { newProjectContext } from '../fixtures/project-context.js'
import { compareWithReference } from './fixtures/reference-list.js'

const ROWS = 2_000

const db = await connectTestDatabase(t)
const { modifications, projectContexts } = db

const statuses = ['pending', 'approved', 'applied', 'failed', 'rejected'] as const
const risks = ['low', 'medium', 'high', 'critical'] as const
const files = ['README.md', 'src/a.ts', 'src/b.ts', 'src/c.ts', 'test/a.ts'] as const
const people = ['ada', 'grace', 'hedy'] as const
const time = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute))
const contextIds = (
  await projectContexts.createMany([newProjectContext(), newProjectContext(), newProjectContext()])
).map(({ projectContextId }) => projectContextId)

/** Rows whose values repeat and miss often enough that filters overlap and sorts have ties. */
const someRows = fc.sample(
  fc.record({
    projectContextId: fc.constantFrom(...contextIds),
    requestedBy: fc.constantFrom(...people),
    impactAnalysis: fc.option(fc.record({ risk: fc.constantFrom(...risks) })),
    affectedFiles: fc.subarray([...files]),
  }),
  ROWS,
)
await modifications.createMany(someRows.map((row) => newModification(row.projectContextId, row)))
// The triggers would refuse the statuses and put the times back.
await db.query('ALTER TABLE agent.modification DISABLE TRIGGER USER')
await db.query(
  `UPDATE agent.modification AS modification
   SET
     created_at = drawn.created_at,
     updated_at = $1::timestamptz + floor(random() * 300) * interval '1 minute',
     status = drawn.status,
     decided_by = CASE WHEN drawn.status <> 'pending' THEN 'linus' END,
     decided_at = CASE WHEN drawn.status <> 'pending' THEN drawn.decided_at END,
     applied_at = CASE WHEN drawn.status = 'applied' THEN drawn.decided_at END,
     failed_at = CASE WHEN drawn.status = 'failed' THEN drawn.decided_at END
   FROM (
     SELECT
       modification_id,
       (enum_range(NULL::agent.modification_status))[1 + floor(random() * 5)] AS status,
       $1::timestamptz + floor(random() * 150) * interval '1 minute' AS created_at,
       $1::timestamptz + (150 + floor(random() * 150)) * interval '1 minute' AS decided_at
     FROM agent.modification
   ) AS drawn
   WHERE drawn.modification_id = modification.modification_id`,
  [time(0)],
)
await db.query('ALTER TABLE agent.modification ENABLE TRIGGER USER')

const rows = await db.query<Modification>('SELECT * FROM agent.modification')

t.test('listModifications and countModifications', async (t) => {
  t.test(`give what a naive reference gives, over ${ROWS} rows`, async (t) => {
    t.equal(rows.length, ROWS)
    await compareWithReference<Modification, ModificationListOptions>(t, {
      rows,
      idOf: (row) => row.modificationId,
      list: modifications.list,
      count: modifications.count,
      filters: {
        projectContextId: {
          values: fc.constantFrom(...contextIds),
          matches: (row, id: string) => row.projectContextId === id,
        },
        status: {
          values: fc.oneof(fc.constantFrom(...statuses), fc.subarray([...statuses], { minLength: 1 })),
          matches: (row, status: string | string[]) => [status].flat().includes(row.status),
        },
        affectedFile: {
          values: fc.oneof(fc.constantFrom(...files), fc.subarray([...files, 'none'], { minLength: 1 })),
          matches: (row, paths: string | string[]) => [paths].flat().some((path) => row.affectedFiles.includes(path)),
        },
        requestedBy: {
          values: fc.constantFrom(...people, 'nobody'),
          matches: (row, person: string) => row.requestedBy === person,
        },
        risk: {
          values: fc.oneof(fc.constantFrom(...risks), fc.subarray([...risks], { minLength: 1 })),
          matches: (row, risk: string | string[]) => [risk].flat().includes(String(row.impactAnalysis?.risk)),
        },
        createdAfter: {
          values: fc.integer({ min: 0, max: 150 }).map(time),
          matches: (row, after: Date) => row.createdAt > after,
        },
        createdBefore: {
          values: fc.integer({ min: 0, max: 150 }).map(time),
          matches: (row, before: Date) => row.createdAt < before,
        },
        decidedAfter: {
          values: fc.integer({ min: 150, max: 300 }).map(time),
          matches: (row, after: Date) => row.decidedAt !== null && row.decidedAt > after,
        },
        decidedBefore: {
          values: fc.integer({ min: 150, max: 300 }).map(time),
          matches: (row, before: Date) => row.decidedAt !== null && row.decidedAt < before,
        },
      },
      sorts: {
        newest: { keyOf: (row) => row.createdAt.getTime(), isDescending: true },
        updated: { keyOf: (row) => row.updatedAt.getTime(), isDescending: true },
        risk: {
          keyOf: (row) => (row.impactAnalysis ? risks.indexOf(row.impactAnalysis.risk) : -1),
          isDescending: true,
        },
      },
    })
  })
})
