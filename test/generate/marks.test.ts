import t from 'tap'
import { checkLiterals } from '../../src/generate/literals.js'
import { checkMarks } from '../../src/generate/marks.js'
import { queryOf, readText, shown, tools } from './fixtures/queries.js'

function complaints(statement: string): readonly string[] {
  return checkMarks(queryOf(statement)).map(shown)
}

t.test('checkMarks', async (t) => {
  t.test('takes filters, choices and parameters that ride along', async (t) => {
    const statement = `SELECT id
FROM item
WHERE TRUE
  AND owner = :owner -- @if owner
  AND (name, id) > (:cursorName, :cursorId) -- @if order=name & cursorName
ORDER BY
  name, -- @if order=name
  price, -- @if order
  id
LIMIT :limit!`
    t.same(complaints(statement), [])
  })

  t.test('takes a required parameter in an optional line when it is required elsewhere', async (t) => {
    t.same(complaints('SELECT id FROM item WHERE id = :id!\n  OR parent = :id -- @if family=all'), [])
  })

  const refused = {
    'an unknown mark': ['  AND a = :a -- @when a', 4, /unknown mark @when/],
    'a malformed mark': ['  AND a = :a -- @if a=', 4, /@if takes `name` or `name=value`/],
    'a mark on a line without SQL': ['  -- @if a', 4, /without SQL/],
    'a name that the query does not have': ['  AND a = :a -- @if a & b', 4, /@if b: the query has no parameter/],
    'a required parameter in an optional line': ['  AND a = :a! -- @if a', 4, /:a! is required/],
    'a name that is a choice and a parameter': [
      '  AND a = :a -- @if a=x',
      4,
      /a is a choice \(a=x\) and also a parameter/,
    ],
    'a parameter that only a choice switches on': [
      '  AND a = :a -- @if sort=x',
      4,
      /name it in the mark \(@if sort=x & a\)/,
    ],
    'a parameter that another line names': [
      '  AND a = :a -- @if a\n  AND b = :a -- @if c\n  AND c = :c -- @if c',
      5,
      /:a may be missing when the line is sent/,
    ],
  } as const
  for (const [what, [lines, line, message]] of Object.entries(refused)) {
    t.test(`refuses ${what}, with its line`, async (t) => {
      const found = complaints(`SELECT id FROM item\nWHERE TRUE\n${lines}\nORDER BY id`)
      const own = found.filter((text) => text.startsWith(`sql/shop/item.sql:${line}: listItems: `))
      t.ok(
        own.some((text) => message.test(text)),
        found.join('\n'),
      )
    })
  }

  t.test('refuses more marks than the engine can tell apart', async (t) => {
    const line = (index: number) => `  AND a = :p${index} -- @if p${index}`
    const statement = (marks: number) =>
      `SELECT 1 AS a WHERE TRUE\n${Array.from({ length: marks }, (_, i) => line(i)).join('\n')}`
    t.same(complaints(statement(53)), [])
    t.match(complaints(statement(54)), [/item.sql:2: listItems: has 54 different marks; at most 53/])
  })

  t.test('refuses a parameter that pgtyped expands for each call', async (t) => {
    const { queries } = readText('/* @name listItems\n   @param ids -> (...)\n*/\nSELECT 1 AS a WHERE 1 IN :ids;\n')
    t.match(queries.flatMap(checkMarks).map(shown), [
      /item.sql:4: listItems: ids is expanded for each call; write = ANY\(:ids\)/,
    ])
  })
})

t.test('checkLiterals', async (t) => {
  const literals = async (statement: string) => (await checkLiterals(queryOf(statement), tools.serverParser)).map(shown)

  t.test('takes literals of one line and marks in comments', async (t) => {
    t.same(await literals("SELECT 'a -- b' AS \"x!\" -- a 'quoted' word\nWHERE :a = 'é' -- @if a"), [])
  })

  t.test('refuses a string over several lines, with the line it begins on', async (t) => {
    t.match(await literals("SELECT\n  'é' AS a,\n  'one\n\ntwo' AS b"), [
      /item.sql:4: listItems: a literal must not run over/,
    ])
  })

  t.test('refuses a string that looks like a mark', async (t) => {
    t.match(await literals("SELECT '-- @if a' AS a"), [/item.sql:2: listItems: a literal must not hold/])
  })
})
