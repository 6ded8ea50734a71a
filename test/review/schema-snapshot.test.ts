import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keepFiles, snapshotSchema } from '../../src/review/schema-snapshot.js'
import { writeFiles } from '../cli/fixtures/files.js'

const SHOP = `-- Up Migration
CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
CREATE SCHEMA shop;
CREATE TYPE shop.size AS ENUM ('s', 'm|l');
CREATE TABLE shop."Odd ""Name" (
  "the id" uuid NOT NULL DEFAULT uuid_generate_v4(),
  many bigint[],
  service_id uuid NOT NULL,
  parent_id uuid,
  CONSTRAINT odd_pkey PRIMARY KEY ("the id"),
  CONSTRAINT odd_service_id_key UNIQUE (service_id),
  CONSTRAINT odd_service_id_fkey FOREIGN KEY (service_id) REFERENCES registry.service (service_id) ON DELETE CASCADE,
  CONSTRAINT odd_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES shop."Odd ""Name" ("the id") ON DELETE SET NULL
);
COMMENT ON TABLE shop."Odd ""Name" IS 'Odd, and so | on.';
CREATE TABLE shop.sale (sold_at timestamptz(3) NOT NULL, CONSTRAINT sale_pkey PRIMARY KEY (sold_at)) PARTITION BY RANGE (sold_at);
CREATE TABLE shop.sale_default PARTITION OF shop.sale DEFAULT;
-- Down Migration
DROP SCHEMA shop CASCADE;
`

const STEP = `export const up = (pgm) => {
  pgm.noTransaction()
  pgm.sql('CREATE INDEX CONCURRENTLY odd_many_idx ON shop."Odd ""Name" (many)')
}
export const down = (pgm) => {
  pgm.noTransaction()
  pgm.sql('DROP INDEX CONCURRENTLY shop.odd_many_idx')
}
`

t.test("snapshotSchema writes an application's own schemas, and none of ashlar's", async (t) => {
  const project = t.testdir({})
  writeFiles(project, { 'migrations/0001_shop.sql': SHOP, 'migrations/0002_index.mjs': STEP })
  t.same(await snapshotSchema(project, { check: false }), [
    { path: 'schema.sql', isCurrent: false },
    { path: 'docs/schema.md', isCurrent: false },
  ])
  const dump = readFileSync(join(project, 'schema.sql'), 'utf8')
  t.same(
    [...dump.matchAll(/^CREATE (?:SCHEMA|EXTENSION|TYPE|TABLE|INDEX|FUNCTION)[^(;]*/gm)].map(([made]) => made.trim()),
    [
      'CREATE SCHEMA shop',
      'CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public',
      'CREATE TYPE shop.size AS ENUM',
      'CREATE TABLE shop.sale',
      'CREATE TABLE shop."Odd ""Name"',
      'CREATE TABLE shop.sale_default',
      'CREATE INDEX odd_many_idx ON shop."Odd ""Name" USING btree',
    ].sort((one, other) => dump.indexOf(one) - dump.indexOf(other)),
  )
  t.match(dump, /^-- .* Written by `ashlar schema`; do not edit\.\n/)
  t.equal(
    readFileSync(join(project, 'docs/schema.md'), 'utf8').slice(-DOCUMENT.length),
    DOCUMENT,
    'the page ends in the diagram of shop',
  )
})

const DOCUMENT = `
## shop

\`\`\`mermaid
erDiagram
  "Odd 'Name" {
    uuid the_id PK "the id"
    bigint[] many "null"
    uuid service_id FK, UK
    uuid parent_id FK "null"
  }
  "sale" {
    timestamptz(3) sold_at PK
  }
  "Odd 'Name" |o--o{ "Odd 'Name" : "parent_id"
  "registry.service" ||--o| "Odd 'Name" : "service_id"
\`\`\`

| table | what a row is |
|---|---|
| \`Odd "Name\` | Odd, and so \\| on. |
| \`sale\` |  |

| enum type | values | what it tells |
|---|---|---|
| \`size\` | \`s\`, \`m\\|l\` |  |
`

t.test('snapshotSchema names an extension that PGlite does not have', async (t) => {
  const project = t.testdir({})
  const text = '-- Up Migration\nCREATE EXTENSION plv8;\n-- Down Migration\nDROP EXTENSION plv8;\n'
  writeFiles(project, { 'migrations/0001_plv8.sql': text })
  await t.rejects(snapshotSchema(project, { check: true }), /runs in PGlite, which has no extension plv8: create it/)
})

t.test('keepFiles', async (t) => {
  const project = t.testdir({})
  const contents = { 'schema.sql': 'one\n', 'docs/schema.md': 'two\n' }

  t.test('with check writes nothing, and tells which file differs', async (t) => {
    await keepFiles(project, contents, false)
    writeFileSync(join(project, 'schema.sql'), 'other\n')
    t.same(await keepFiles(project, contents, true), [
      { path: 'schema.sql', isCurrent: false },
      { path: 'docs/schema.md', isCurrent: true },
    ])
    t.equal(readFileSync(join(project, 'schema.sql'), 'utf8'), 'other\n')
  })

  t.test('takes other line ends for the same, as git makes them', async (t) => {
    writeFileSync(join(project, 'schema.sql'), 'one\r\n')
    t.same(
      (await keepFiles(project, contents, true)).map(({ isCurrent }) => isCurrent),
      [true, true],
    )
  })
})
