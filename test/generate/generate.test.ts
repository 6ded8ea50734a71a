import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { generate as generateOn } from '../../src/generate/generate.js'
import { readProjectManifest } from '../../src/generate/manifest-file.js'
import { GenerateError } from '../../src/generate/problem.js'
import { createTestDatabase } from '../fixtures/database.js'
import { target } from '../fixtures/template.js'

const MIGRATION = `-- Up Migration
CREATE SCHEMA shop;
CREATE TYPE shop.color AS ENUM ('red', 'blue');
CREATE DOMAIN shop.cents AS int8 CHECK (value >= 0);
CREATE TABLE shop.item (
  item_id uuid PRIMARY KEY,
  name text NOT NULL,
  color shop.color NOT NULL,
  price shop.cents
);
CREATE VIEW shop.gift AS SELECT item_id FROM shop.item WHERE price < 500;
CREATE FUNCTION shop.next_number() RETURNS int LANGUAGE sql RETURN 1;
COMMENT ON COLUMN shop.item.price IS 'In cents; NULL: not for sale.';
-- Down Migration
DROP SCHEMA shop CASCADE;
`
const SQL = `/* @name listItems */
-- Zero to :limit rows.
SELECT
  item_id,
  name,
  price
FROM shop.item
WHERE
  TRUE
  AND color = ANY(:colors)                          -- @if colors
  AND (name, item_id) > (:cursorName, :cursorId)    -- @if order=name & cursorName
ORDER BY
  name,                                             -- @if order=name
  price DESC,                                       -- @if order=dearest
  item_id
LIMIT :limit!;

/* @name createItem */
-- One row.
INSERT INTO shop.item (item_id, name, color, price)
VALUES (gen_random_uuid(), :name!, :color!, :price)
RETURNING
  item_id;

/* @name listGifts */
-- Not marked as a read: a view may hide a volatile function.
SELECT item_id FROM shop.gift;

/* @name nextNumber */
-- Not marked as a read: a function is volatile unless it says otherwise.
SELECT shop.next_number() AS "number!";

/* @name deleteItem */
DELETE FROM shop.item
WHERE item_id = :itemId!;
`
const CONFIG = {
  transforms: [{ mode: 'sql', include: '**/*.sql', emitTemplate: 'src/generated/{{dir_base}}/{{name}}.queries.ts' }],
  srcDir: 'sql',
  camelCaseColumnNames: true,
  hungarianNotation: false,
  typesOverrides: { int8: 'number', cents: 'number' },
}
const GENERATED = 'src/generated/shop/item.queries.ts'
const MANIFEST = 'src/generated/queries.json'

/** Outside of the repository, so that its Biome does not format what is generated. */
const folders: string[] = []

async function makeProject(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-project-'))
  folders.push(folder)
  await change(folder, {
    'pgtyped.config.json': JSON.stringify(CONFIG),
    'migrations/0001_shop.sql': MIGRATION,
    'sql/shop/item.sql': SQL,
    ...files,
  })
  return folder
}

async function change(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(folder, file, '..'), { recursive: true })
    await writeFile(join(folder, file), text)
  }
}

/** Generates on a database of the tests' server: a server for each run would take most of the time. */
async function generate(options: { readonly project: string; readonly check: boolean }) {
  const access = await createTestDatabase(t)
  return generateOn({
    ...options,
    open: async () => ({ server: target(access, access.database), close: async () => {} }),
  })
}

async function problemsOf(project: string, check: boolean): Promise<readonly string[]> {
  const error = await generate({ project, check }).catch((caught: unknown) => caught)
  if (error instanceof GenerateError) return error.message.split('\n')
  throw error instanceof Error ? error : new Error('generating succeeded')
}

t.teardown(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

t.test('generate', async (t) => {
  t.test('writes typed queries, and finds them up to date after', async (t) => {
    const project = await makeProject({})
    const report = { files: 1, queries: 5, reads: 1 }
    t.match(await generate({ project, check: false }), { ...report, changed: [GENERATED, MANIFEST] })
    const text = await readFile(join(project, GENERATED), 'utf8')
    t.match(text, "import { Query, type QueryIR } from 'ashlar';")
    t.match(text, "order?: 'name' | 'dearest' | undefined;")
    t.match(text, '/** In cents; NULL: not for sale. */')
    t.match(
      text,
      '{ read: true, parameterTypes: {"colors":"shop.color[]","cursorName":"text","cursorId":"uuid","limit":"int8"} }',
    )
    t.match(text, '{ parameterTypes: {"name":"text","color":"shop.color","price":"int8"} }')
    const manifest = await readProjectManifest(project)
    t.match(manifest.queries, [
      {
        name: 'listItems',
        file: 'sql/shop/item.sql',
        isRead: true,
        tables: { read: ['shop.item'], written: [] },
        columns: [
          { name: 'itemId', type: 'uuid', isNullable: false },
          { name: 'name', type: 'text', isNullable: false },
          { name: 'price', type: 'int8', isNullable: true },
        ],
      },
      { name: 'createItem', isRead: false, tables: { read: [], written: ['shop.item'] } },
      { name: 'listGifts', tables: { read: ['shop.gift'], written: [] } },
      { name: 'nextNumber', tables: { read: [], written: [] }, columns: [{ name: 'number', isNullable: false }] },
      { name: 'deleteItem', tables: { read: [], written: ['shop.item'] }, columns: [] },
    ])
    t.match(manifest, {
      release: null,
      migrations: { ashlar: /^\d{4}_\w+$/, project: '0001_shop' },
      schema: {
        tables: { 'shop.item': { columns: { name: { type: 'text' } } }, 'shop.gift': {} },
        enums: { 'shop.color': Array },
      },
    })
    // A new version alone makes nothing wrong.
    await change(project, { 'package.json': '{"name":"shop","version":"2.0.0"}' })
    t.match(await generate({ project, check: true }), { ...report, changed: [] })
    await rm(join(project, 'package.json'))

    await t.test('refuses an edited file and an orphan, and leaves both as they are', async (t) => {
      const edited = text.replace('name?: string', 'name?: number')
      await change(project, { [GENERATED]: `${edited}// edited\n`, 'src/generated/shop/gone.queries.ts': text })
      await rm(join(project, MANIFEST))
      t.same(await problemsOf(project, true), [
        `${GENERATED}: is not what the SQL yields; run \`npx ashlar generate\``,
        `${MANIFEST}: is missing; run \`npx ashlar generate\``,
        'src/generated/shop/gone.queries.ts: has no .sql file any more; run `npx ashlar generate`',
      ])
      t.match(await readFile(join(project, GENERATED), 'utf8'), /\/\/ edited/)
      t.same((await readdir(join(project, 'src/generated/shop'))).sort(), ['gone.queries.ts', 'item.queries.ts'])
    })

    await t.test('mends them, and leaves what it did not generate', async (t) => {
      await change(project, { 'src/generated/shop/own.queries.ts': '// written by hand\n' })
      await generate({ project, check: false })
      t.equal(await readFile(join(project, GENERATED), 'utf8'), text)
      t.same(await readProjectManifest(project), manifest)
      t.same((await readdir(join(project, 'src/generated/shop'))).sort(), ['item.queries.ts', 'own.queries.ts'])
    })

    await t.test('keeps what is there when the SQL is wrong', async (t) => {
      const renamed = MIGRATION.replace('name text', 'title text')
      await change(project, { 'migrations/0001_shop.sql': renamed })
      const problems = await problemsOf(project, false)
      t.match(problems, [
        'sql/shop/item.sql:5: listItems: column "name" does not exist',
        'sql/shop/item.sql:20: createItem: column "name" of relation "item" does not exist',
      ])
      t.equal(await readFile(join(project, GENERATED), 'utf8'), text)
    })
  })

  t.test('refuses what the server refuses, in any variant, with its line', async (t) => {
    const project = await makeProject({
      'sql/shop/broken.sql': `/* @name syntaxError */
SELECT name
FORM shop.item;

/* @name leadingComma */
SELECT item_id
FROM shop.item
ORDER BY
  name     -- @if by=name
  , price  -- @if by=name
  , item_id;

/* @name needsAnother */
SELECT item_id
FROM shop.item
WHERE
  name = :key     -- @if key
  OR color = :color -- @if color
  OR price IS NULL;

/* @name typeDiffers */
SELECT item_id
FROM shop.item
WHERE
  TRUE
  AND 1.5::float8 < :number   -- @if number & compare=price
  AND 2 < :number             -- @if number
;

/* @name noName */
SELECT 1
LIMIT :limit;
`,
    })
    const problems = await problemsOf(project, true)
    t.match(
      problems,
      [
        /^sql\/shop\/broken.sql:3: syntaxError: syntax error at or near "shop"$/,
        /^sql\/shop\/broken.sql:11: leadingComma: syntax error at or near "," \(when no optional line is sent\)$/,
        /^sql\/shop\/broken.sql:19: needsAnother: syntax error at or near "OR" \(when no optional line is sent\)$/,
        /^sql\/shop\/broken.sql:18: needsAnother: syntax error at or near "OR" \(when only this is given: color\)$/,
        /^sql\/shop\/broken.sql:26: typeDiffers: :number has another type than in the whole .* given: number\)$/,
        /^sql\/shop\/broken.sql:31: noName: a column has no name; give it an alias$/,
      ],
      problems.join('\n'),
    )
  })

  t.test('refuses what is wrong with marks before it starts a server', async (t) => {
    const project = await makeProject({
      'migrations/0001_shop.sql': 'no migration at all',
      'sql/shop/item.sql': SQL.replace('-- @if colors', '-- @if colours').replace(':cursorName', ':cursorName!'),
    })
    t.match(await problemsOf(project, true), [
      /^sql\/shop\/item.sql:10: listItems: @if colours: the query has no parameter/,
      /^sql\/shop\/item.sql:10: listItems: :colors may be missing when the line is sent/,
      /^sql\/shop\/item.sql:11: listItems: @if cursorName: :cursorName! is required/,
    ])
  })

  t.test('refuses a type that pgtyped cannot name', async (t) => {
    const { cents: _, ...typesOverrides } = CONFIG.typesOverrides
    const project = await makeProject({ 'pgtyped.config.json': JSON.stringify({ ...CONFIG, typesOverrides }) })
    t.match(await problemsOf(project, false), [/^pgtyped.config.json: a query uses the type cents, which has no/])
    t.notOk((await readdir(project)).includes('src'))
  })
})
