import t from 'tap'
import { sharedNames } from '../../src/generate/source-query.js'
import { FILE, queryOf, readText, shown } from './fixtures/queries.js'

t.test('readQueries', async (t) => {
  t.test('knows the line on which each statement begins', async (t) => {
    const { queries, problems } = readText(
      '/* @name one */\nSELECT 1 AS a;\n\n/* @name two */\n-- One row.\nSELECT :x AS b;\n',
    )
    t.same(problems, [])
    t.same(
      queries.map(({ name, line, ir }) => [name, line, ir.statement]),
      [
        ['one', 2, 'SELECT 1 AS a'],
        ['two', 5, '-- One row.\nSELECT :x AS b'],
      ],
    )
  })

  t.test('names the line of what pgtyped cannot parse', async (t) => {
    const [problem] = readText('/* @name one */\nSELECT 1 AS a;\nSELECT 2 AS b;\n').problems
    t.equal(problem?.file, FILE)
    t.equal(problem?.line, 3)
    t.match(problem?.message, /Parse error/)
  })

  t.test('refuses a query whose predecessor has its semicolon in a comment', async (t) => {
    const text = '/* @name one */\nSELECT 1 AS a -- last;\n\n/* @name two */\nSELECT 2 AS b;\n'
    t.match(readText(text).problems.map(shown), [/^sql\/shop\/item.sql:4: two is not seen as a query/])
  })

  t.test('refuses a file without a query', async (t) => {
    t.match(readText('').problems, [{ file: FILE }])
  })

  t.test('refuses a character that pgtyped counts differently before a parameter', async (t) => {
    const { problems } = readText("/* @name one */\nSELECT\n  '\u{1f600}' AS a,\n  :x::text AS b;\n")
    t.match(problems.map(shown), [/^sql\/shop\/item.sql:3: one: a character beyond U\+FFFF/])
  })
})

t.test('sharedNames', async (t) => {
  t.test('refuses a name that is taken, also when only the spelling differs', async (t) => {
    const query = queryOf('SELECT 1 AS a')
    t.same(sharedNames([query, { ...query, name: 'other' }]), [])
    t.match(sharedNames([query, { ...query, name: 'list_items', line: 9 }]).map(shown), [
      'sql/shop/item.sql:9: list_items: the name is taken by listItems in sql/shop/item.sql:2',
    ])
  })
})
