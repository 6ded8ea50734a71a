import pg from 'pg'
import t from 'tap'
import { connect } from '../../src/database.js'
import { readOwnManifest } from '../../src/generate/manifest-file.js'
import { createTemplate, listTemplates } from '../../src/generated/agent/template.queries.js'
import { psqlText } from '../../src/review/psql-text.js'
import { createTestDatabase } from '../fixtures/database.js'
import { manifestQuery } from './fixtures/manifest-query.js'

/** The text without its first line, which names the query. */
function textOf(...args: Parameters<typeof psqlText>): string {
  return psqlText(...args).replace(/^-- listItems, sql\/shop\/item\.sql\n/, '')
}

const LIST = `-- Zero to :limit rows. It's by item_pkey.
SELECT id, ':limit' AS text
FROM item
WHERE
  TRUE
  -- The owner's :owner.
  AND owner = :owner        -- @if owner
  AND (a, b) > (:a, :b)     -- @if order=a & a
ORDER BY
  a,                        -- @if order=a
  id
LIMIT :limit!`
const types = { owner: 'text', a: 'int8', b: 'int8', limit: 'int8' }

t.test('psqlText', async (t) => {
  t.test('has the lines that are on, with values, comments and a semicolon, and no mark', async (t) => {
    t.equal(
      textOf(manifestQuery(LIST, types), { owner: "o'", limit: 3 }),
      `-- Zero to :limit rows. It's by item_pkey.
SELECT id, ':limit' AS text
FROM item
WHERE
  TRUE
  -- The owner's :owner.
  AND owner = 'o'''::text
ORDER BY
  id
LIMIT 3::int8;`,
    )
    const sought = textOf(manifestQuery(LIST, types), { order: 'a', a: -1, b: 2, limit: 3 })
    t.match(sought, "\n  AND (a, b) > ('-1'::int8, 2::int8)\nORDER BY\n  a,\n  id\n")
    t.notMatch(sought, /@if|owner = /)
  })

  t.test('leaves a statement without marks as it stands, and sends NULL for what may be left out', async (t) => {
    const query = manifestQuery("SELECT 'one\n\n  two' AS text, :a AS a -- last", { a: 'int8' })
    t.equal(textOf(query, {}), "SELECT 'one\n\n  two' AS text, NULL::int8 AS a -- last\n;")
  })

  t.test('puts a value in parentheses before a subscript', async (t) => {
    t.equal(
      textOf(manifestQuery('SELECT :a![1] AS a', { a: 'text[]' }), { a: ['x'] }),
      `SELECT ('{"x"}'::text[])[1] AS a;`,
    )
  })

  t.test('drops the mark of slow queries', async (t) => {
    const slow = ['-- @slow\nSELECT 1 AS a', 'SELECT 1 AS a -- @slow']
    for (const statement of slow) t.equal(textOf(manifestQuery(statement), {}), 'SELECT 1 AS a;', statement)
  })

  t.test('refuses a parameter that is missing, of another type, or of a value that no line knows', async (t) => {
    const query = manifestQuery(LIST, types)
    t.throws(() => psqlText(query, {}), { name: 'ValidationError', message: 'listItems: limit: is missing' })
    t.throws(() => psqlText(query, { order: 'a', a: 1, limit: 1 }), { message: 'listItems: b: is missing' })
    t.throws(() => psqlText(query, { limit: 'x' }), { message: /^listItems: limit: must be an integer/ })
    t.throws(() => psqlText(query, { limit: 1, order: 'x' }), { message: 'listItems: order: must be one of a' })
  })
})

t.test('the text of a query', async (t) => {
  const access = await createTestDatabase(t)
  const db = await connect({ ...access, pool: { min: 0, max: 2 } })
  t.teardown(() => db.close())
  const client = new pg.Client(access)
  await client.connect()
  t.teardown(() => client.end())
  const { queries } = await readOwnManifest()
  const named = (name: string) => {
    const query = queries.find((each) => each.name === name)
    if (query === undefined) throw new Error(`no ${name}`)
    return query
  }
  const hostile = [
    "'; DROP TABLE agent.template; --",
    ':\'name\' :name :"name"',
    '\\q\n\\! ls\n\\',
    '$1 $$ $x$',
    'ä\t😀\u202e',
  ]
  const rowOf = (name: string, index: number) => ({
    name,
    version: '1',
    category: hostile[0] as string,
    files: { 'a.ts': name },
    requiredVariables: [],
    optionalVariables: [name.replaceAll(/\W/g, 'x')],
    techStack: hostile.map((text) => text.trim()),
    tags: [name],
    complexity: 'simple' as const,
    estimatedSetupMinutes: index === 0 ? null : index,
  })

  t.test('stores what the library stores, hostile values too', async (t) => {
    for (const [index, name] of hostile.entries()) {
      const params = rowOf(name, index)
      const [row] = (await client.query(psqlText(named('createTemplate'), params))).rows
      await client.query('DELETE FROM agent.template')
      const stored = await db.one(createTemplate, params)
      for (const column of ['name', 'category', 'files', 'tags', 'tech_stack', 'complexity'])
        t.same(row[column], stored[column.replace('_s', 'S') as keyof typeof stored], column)
      await client.query('DELETE FROM agent.template')
    }
  })

  t.test('gives the rows that the library gives', async (t) => {
    for (const [index, name] of hostile.entries()) await db.run(createTemplate, rowOf(name, index))
    const variants = [
      { limit: 3 },
      { limit: 3, order: 'name' },
      { limit: 10, order: 'slowest', cursorMinutes: 3, cursorId: '00000000-0000-0000-0000-000000000000' },
      { limit: 10, category: hostile[0], tagsAny: hostile.slice(1, 3), complexities: ['simple'] },
      { limit: 10, techAll: hostile.map((text) => text.trim()), updatedAfter: new Date(0), setupMinutesTo: 3 },
    ] as const
    for (const params of variants) {
      const { rows } = await client.query(psqlText(named('listTemplates'), params))
      const listed = await db.run(listTemplates, params as never)
      t.ok(listed.length > 0, JSON.stringify(Object.keys(params)))
      t.same(
        rows.map((row) => [row.template_id, row.name, row.tags]),
        listed.map((row) => [row.templateId, row.name, row.tags]),
      )
    }
  })
})
