import { cpSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { readNotNull, readQualifiedNames, readTypeNames } from '../../src/generate/catalogue.js'
import { describe } from '../../src/generate/describe.js'
import { manifestColumns, manifestText } from '../../src/generate/manifest.js'
import { readOwnManifest, readProjectManifest } from '../../src/generate/manifest-file.js'
import { writeFiles } from '../cli/fixtures/files.js'
import { createTestDatabase } from '../fixtures/database.js'
import { queryOf } from './fixtures/queries.js'

t.test('what the catalogue says', async (t) => {
  const client = new pg.Client(await createTestDatabase(t, null))
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`
    CREATE SCHEMA "order";
    CREATE TYPE "order"."Mood" AS ENUM ('fair');
    CREATE TABLE "order".item (id int8 PRIMARY KEY, mood "order"."Mood", moods "order"."Mood"[] NOT NULL);
    CREATE TABLE plate (id int8);
    CREATE VIEW pile AS SELECT id FROM plate`)

  t.test('gives columns their types, and NULL where the table or a hint allows it', async (t) => {
    const { columns } = await describe(
      client,
      `SELECT id, id AS "other_id?", mood, mood AS "sure!", moods, count(*) OVER () AS number FROM "order".item`,
    )
    const catalogue = { typeName: await readTypeNames(client), isNotNull: await readNotNull(client) }
    t.same(manifestColumns(columns, catalogue), [
      { name: 'id', type: 'int8', isNullable: false },
      { name: 'otherId', type: 'int8', isNullable: true },
      { name: 'mood', type: '"order"."Mood"', isNullable: true },
      { name: 'sure', type: '"order"."Mood"', isNullable: false },
      { name: 'moods', type: '"order"."Mood"[]', isNullable: false },
      { name: 'number', type: 'int8', isNullable: true },
    ])
  })

  t.test('gives tables and views their schemas, as the search path finds them', async (t) => {
    const qualify = await readQualifiedNames(client)
    t.same(
      [qualify('plate', null), qualify('pile', null), qualify('item', null), qualify('item', 'order')],
      ['public.plate', 'public.pile', 'item', 'order.item'],
    )
  })
})

t.test('manifestText', async (t) => {
  t.test('is JSON, a line for each query', async (t) => {
    const facts = { isRead: true, parameterTypes: { a: 'int4' }, tables: { read: ['x'], written: [] }, columns: [] }
    const source = queryOf('SELECT :a::int AS a')
    const release = { release: '1.2.3', migrations: { ashlar: '0001_a' }, schema: { tables: {}, enums: {} } }
    const text = manifestText(
      [
        { ...facts, source },
        { ...facts, source: { ...source, name: 'other' } },
      ],
      release,
    )
    t.equal(text.split('\n').length, 5)
    const { format, queries, ...head } = JSON.parse(text)
    t.same(head, release)
    t.same([format, queries.length, queries[1].name], [1, 2, 'other'])
    const { source: _, ...kept } = { ...facts, source }
    t.same(queries[0], { name: 'listItems', file: source.file, ...kept, ir: source.ir })
  })
})

t.test('readProjectManifest', async (t) => {
  t.test("reads ashlar's own as that of any project", async (t) => {
    t.same(await readProjectManifest(process.cwd()), await readOwnManifest())
  })

  const config = join(process.cwd(), 'pgtyped.config.json')
  const cases: Readonly<Record<string, string>> = {
    '{"format":2}': 'src/generated/queries.json: is of another release of ashlar; run `npx ashlar generate`',
    '{': 'src/generated/queries.json: is not JSON',
  }
  for (const [text, message] of Object.entries(cases)) {
    t.test(`refuses ${text}`, async (t) => {
      const folder = t.testdir({})
      cpSync(config, join(folder, 'pgtyped.config.json'))
      await t.rejects(readProjectManifest(folder), {
        message: 'src/generated/queries.json: is missing; run `npx ashlar generate`',
      })
      writeFiles(folder, { 'src/generated/queries.json': text })
      await t.rejects(readProjectManifest(folder), { name: 'GenerateError', message })
    })
  }

  t.test('refuses a folder that is no project, and one without output', async (t) => {
    const folder = t.testdir({})
    await t.rejects(readProjectManifest(folder), { message: /^pgtyped\.config\.json: is missing in / })
    writeFiles(folder, { 'pgtyped.config.json': { transforms: [{ mode: 'ts' }] } })
    await t.rejects(readProjectManifest(folder), { message: /has no transform of mode "sql"/ })
  })
})
