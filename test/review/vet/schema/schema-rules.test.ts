import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { SchemaRule } from '../../../../src/review/vet/rule.js'
import { duplicateIndex } from '../../../../src/review/vet/schema/duplicate-index.js'
import { foreignKeyIndex } from '../../../../src/review/vet/schema/foreign-key-index.js'
import { unusedIndex } from '../../../../src/review/vet/schema/unused-index.js'
import { createTestDatabase } from '../../../fixtures/database.js'
import { planSchema } from '../fixtures/planned-schema.js'

const database = await createTestDatabase(t, null)

const TABLES = `
DROP SCHEMA IF EXISTS team CASCADE;
CREATE SCHEMA team;
CREATE TABLE team.member (member_id int8 PRIMARY KEY, name text NOT NULL UNIQUE, city text, born_at date);
CREATE TABLE team.task (
  task_id int8 PRIMARY KEY,
  owner_id int8 REFERENCES team.member,
  giver_id int8 CONSTRAINT task_giver_fkey REFERENCES team.member,
  title text,
  tags text[]
);
CREATE TABLE team.entry (entry_id int8, day date, member_id int8 REFERENCES team.member, PRIMARY KEY (day, entry_id))
  PARTITION BY RANGE (day);
CREATE TABLE team.entry_1 PARTITION OF team.entry FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE team.entry_2 PARTITION OF team.entry FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
`

interface Case {
  readonly schema?: string
  readonly queries?: readonly string[]
  readonly finds: readonly string[]
}

const INDEXED =
  'CREATE INDEX task_owner_id_idx ON team.task (owner_id); CREATE INDEX task_giver_id_idx ON team.task (giver_id);'
const ENTRY = 'CREATE INDEX entry_member_id_idx ON team.entry (member_id, day);'
const BY_CITY = 'SELECT member_id FROM team.member WHERE city = :city!'

const cases: readonly [rule: SchemaRule, what: string, expected: Case][] = [
  [
    foreignKeyIndex,
    'each foreign key without an index, of a partitioned table once',
    {
      finds: ['team.entry entry_member_id_fkey', 'team.task task_giver_fkey', 'team.task task_owner_id_fkey'],
    },
  ],
  [foreignKeyIndex, 'none that has one', { schema: INDEXED + ENTRY, finds: [] }],
  [
    foreignKeyIndex,
    'one whose index begins with another column, or holds but some rows; not one without NULLs',
    {
      schema: `${ENTRY}
        CREATE INDEX task_title_idx ON team.task (title, owner_id);
        CREATE INDEX task_some_idx ON team.task (owner_id) WHERE title IS NULL;
        CREATE INDEX task_giver_id_idx ON team.task (giver_id) WHERE giver_id IS NOT NULL;`,
      finds: ['team.task task_owner_id_fkey'],
    },
  ],
  [
    foreignKeyIndex,
    'none whose comment says why not',
    {
      schema: `${INDEXED}
        COMMENT ON CONSTRAINT entry_member_id_fkey ON team.entry IS '@vet-off foreign-key-index: members are never deleted';`,
      finds: [],
    },
  ],
  [
    unusedIndex,
    'what no query uses',
    { schema: 'CREATE INDEX member_city_idx ON team.member (city);', finds: ['team.member_city_idx'] },
  ],
  [
    unusedIndex,
    'none that keeps rows apart',
    { schema: 'CREATE UNIQUE INDEX member_city_key ON team.member (city);', finds: [] },
  ],
  [
    unusedIndex,
    'none that a query finds rows by, or whose order it walks',
    {
      schema:
        'CREATE INDEX member_city_idx ON team.member (city); CREATE INDEX member_born_at_idx ON team.member (born_at);',
      queries: [BY_CITY, 'SELECT member_id FROM team.member ORDER BY born_at LIMIT :limit!'],
      finds: [],
    },
  ],
  [
    unusedIndex,
    'one that a plan reads as a whole only because it must read something',
    {
      schema: 'CREATE INDEX member_born_at_idx ON team.member (born_at);',
      queries: ['SELECT count(*) AS "count!" FROM team.member'],
      finds: ['team.member_born_at_idx'],
    },
  ],
  [unusedIndex, 'none of a foreign key, nor of a partition', { schema: INDEXED + ENTRY, finds: [] }],
  [
    unusedIndex,
    'one of a partitioned table once, and not if a query uses it',
    {
      schema:
        'CREATE INDEX entry_entry_id_idx ON team.entry (entry_id); CREATE INDEX entry_day_idx ON team.entry (day);',
      queries: ['SELECT day FROM team.entry WHERE entry_id = :id!'],
      finds: ['team.entry_day_idx'],
    },
  ],
  [
    unusedIndex,
    'none whose comment says what it is for',
    {
      schema: `CREATE INDEX member_city_idx ON team.member (city);
        COMMENT ON INDEX team.member_city_idx IS 'By city. @vet-off unused-index: the reports, which are not ours, ask so';`,
      finds: [],
    },
  ],
  [
    duplicateIndex,
    'of two unique ones that which lets pass several NULLs',
    {
      schema: `
        CREATE UNIQUE INDEX member_city_2_key ON team.member (city);
        CREATE UNIQUE INDEX member_city_key ON team.member (city) NULLS NOT DISTINCT;`,
      finds: ['team.member_city_2_key'],
    },
  ],
  [
    duplicateIndex,
    'what another index begins with, and the later of two equal ones',
    {
      schema: `
        CREATE INDEX member_city_idx ON team.member (city);
        CREATE INDEX member_city_born_at_idx ON team.member (city, born_at);
        CREATE INDEX member_name_idx ON team.member (name);
        CREATE INDEX task_tags_1_idx ON team.task USING gin (tags);
        CREATE INDEX task_tags_2_idx ON team.task USING gin (tags);`,
      finds: ['team.member_city_idx', 'team.member_name_idx', 'team.task_tags_2_idx'],
    },
  ],
  [
    duplicateIndex,
    'none that differs in order, condition, kind, operators, what it holds beside or what it enforces',
    {
      schema: `
        CREATE INDEX a_idx ON team.member (city, born_at);
        CREATE INDEX b_idx ON team.member (city DESC);
        CREATE INDEX c_idx ON team.member (city) WHERE born_at IS NULL;
        CREATE INDEX d_idx ON team.member USING hash (city);
        CREATE INDEX e_idx ON team.member (city text_pattern_ops);
        CREATE INDEX f_idx ON team.member (city) INCLUDE (member_id);
        CREATE UNIQUE INDEX g_idx ON team.member (city, name);
        CREATE INDEX h_idx ON team.member (lower(city));`,
      finds: [],
    },
  ],
]

for (const [rule, what, { schema = '', queries = [], finds }] of cases) {
  t.test(`${rule.name} finds ${what}`, async (t) => {
    const planned = await planSchema(t, TABLES + schema, database)
    const findings = await planned.checkSchema(rule, queries)
    t.same(findings.map(({ subject }) => subject).sort(), finds)
  })
}

t.test('names the line of the migration that makes it', async (t) => {
  const folder = t.testdir({})
  await mkdir(join(folder, 'migrations'))
  const indexes =
    'CREATE INDEX member_city_idx ON team.member (city);\nCREATE INDEX member_city_2_idx\n  ON team.member (city);\n'
  await writeFile(join(folder, 'migrations', '0001_team.sql'), `-- Up Migration\n${TABLES}`)
  await writeFile(
    join(folder, 'migrations', '0002_city.sql'),
    `-- Up Migration\n\n${indexes}-- Down Migration\n${indexes}`,
  )
  const planned = await planSchema(t, TABLES + indexes, database)
  const places = async (rule: SchemaRule, queries: readonly string[] = []) =>
    (await planned.checkSchema(rule, queries, folder))
      .map(({ file, line, subject }) => `${subject} ${file}:${line}`)
      .sort()
  t.same(await places(duplicateIndex), ['team.member_city_2_idx migrations/0002_city.sql:4'])
  t.same(await places(unusedIndex), [
    'team.member_city_2_idx migrations/0002_city.sql:4',
    'team.member_city_idx migrations/0002_city.sql:3',
  ])
  t.same(await places(foreignKeyIndex), [
    'team.entry entry_member_id_fkey migrations/0001_team.sql:13',
    'team.task task_giver_fkey migrations/0001_team.sql:9',
    'team.task task_owner_id_fkey migrations/0001_team.sql:6',
  ])
})
