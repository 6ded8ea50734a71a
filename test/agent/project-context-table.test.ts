import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { newProjectContext } from '../fixtures/project-context.js'

/** What only plain SQL can try: the repository refuses it before. */
const db = await connectTestDatabase(t)
const { projectContextId } = await db.projectContexts.create(newProjectContext({ owner: 'table', name: 'one' }))

const refused: Readonly<Record<string, string>> = {
  project_context_owner_length: "owner = ''",
  project_context_name_length: "name = repeat('x', 201)",
  project_context_description_length: "description = repeat('x', 10001)",
  project_context_language_length: "language = ''",
  project_context_framework_length: "framework = repeat('x', 101)",
  project_context_codebase_object: "codebase = '[]'",
  project_context_codebase_bytes: `codebase = '{"bytes": "many"}'`,
  project_context_configuration_object: "configuration = '5'",
  project_context_tech_stack_elements: "tech_stack = '{a,NULL}'",
  project_context_dependencies_elements: 'dependencies = ARRAY[NULL]::text[]',
  project_context_iteration_range: 'iteration = -1',
  project_context_test_coverage_range: 'test_coverage = 101',
  project_context_security_score_range: 'security_score = -0.1',
  project_context_performance_score_range: "performance_score = 'NaN'",
}

t.test('every check of agent.project_context', async (t) => {
  t.test('is tried here', async (t) => {
    const rows = await db.query<{ conname: string }>(
      "SELECT conname FROM pg_constraint WHERE conrelid = 'agent.project_context'::regclass AND contype = 'c' ORDER BY 1",
    )
    t.same(
      rows.map(({ conname }) => conname),
      Object.keys(refused).sort(),
    )
  })

  for (const [constraint, assignment] of Object.entries(refused)) {
    t.test(`${constraint} refuses ${assignment}`, async (t) => {
      await t.rejects(db.query(`UPDATE agent.project_context SET ${assignment}`), {
        name: 'CheckViolationError',
        constraint,
      })
    })
  }
})

t.test('every column that must be there', async (t) => {
  const rows = await db.query<{ column: string }>(
    "SELECT attname AS column FROM pg_attribute WHERE attrelid = 'agent.project_context'::regclass AND attnum > 0 AND attnotnull",
  )
  for (const { column } of rows) {
    // The trigger puts back both times, whatever an update says.
    if (column === 'created_at' || column === 'updated_at') continue
    t.test(`${column} refuses NULL`, async (t) => {
      await t.rejects(db.query(`UPDATE agent.project_context SET ${column} = NULL`), {
        name: 'NotNullViolationError',
        column,
      })
    })
  }
})

t.test('times', async (t) => {
  t.test('cannot be changed by hand', async (t) => {
    const before = await db.projectContexts.get(projectContextId)
    await db.query("UPDATE agent.project_context SET created_at = '2000-01-01', updated_at = '2000-01-01'")
    t.same(await db.projectContexts.get(projectContextId), before)
  })

  t.test('hold milliseconds, as a Date does', async (t) => {
    const [row] = await db.query<{ exact: boolean }>(
      "SELECT created_at = date_trunc('milliseconds', created_at) AS exact FROM agent.project_context",
    )
    t.equal(row?.exact, true)
  })
})
