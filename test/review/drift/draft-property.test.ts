import fc from 'fast-check'
import t from 'tap'
import { applyDraft, driftCase } from './fixtures/drift-case.js'

/** Each can follow any other, once: none takes away what another needs. */
const CHANGES = [
  'CREATE TABLE public.one (id int PRIMARY KEY, "Two" text)',
  'ALTER TABLE agent.template ADD COLUMN "a.b" int NOT NULL DEFAULT 3',
  'ALTER TABLE core.operation DROP COLUMN result',
  `ALTER TABLE agent.project_context ALTER COLUMN name SET DEFAULT 'it''s'`,
  'ALTER TABLE registry.service ALTER COLUMN name DROP NOT NULL',
  'DROP INDEX agent.modification_affected_files_idx',
  'CREATE INDEX drift_idx ON registry.service (upper(name))',
  'ALTER TABLE registry.service DROP CONSTRAINT service_port_range',
  'ALTER TABLE agent.template ADD CONSTRAINT drift CHECK (name <> category) NOT VALID',
  `ALTER TYPE agent.modification_status ADD VALUE 'first' BEFORE 'pending'`,
  `CREATE TYPE public.mood AS ENUM ('fair', 'foul')`,
  `COMMENT ON COLUMN registry.service.name IS E'a\\\\b'`,
  'COMMENT ON FUNCTION core.new_id() IS NULL',
  'ALTER TABLE core.change_log DISABLE TRIGGER change_log_refuse_update',
  'ALTER FUNCTION core.new_id() COST 7',
  'CREATE VIEW public.names AS SELECT name FROM registry.service',
  'CREATE SEQUENCE public.numbers INCREMENT 3 CYCLE',
  'ALTER TABLE agent.template ENABLE ROW LEVEL SECURITY',
  `ALTER TABLE core.operation ALTER COLUMN operation_id SET STATISTICS 7`,
] as const

t.test('a draft', async (t) => {
  t.test('is of nothing where nothing was changed', async (t) => {
    t.same((await driftCase(t, '')).differences, [])
  })

  t.test('makes a migrated database equal, whatever was changed, and its Down takes back what can be', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...CHANGES], { minLength: 1 }), async (changes) => {
        const { live, lines, draft } = await driftCase(t, changes.join(';\n'))
        const { sql, uncovered, uncoveredDown } = await draft()
        const left = await applyDraft(t, live, sql, 'up')
        // What nothing can take back is told.
        const isTold = uncoveredDown.every((line) => /order of columns$|a value cannot be taken/.test(line))
        return lines.length > 0 && left.length === 0 && uncovered.length === 0 && isTold
      }),
      { numRuns: 2 },
    )
  })
})
