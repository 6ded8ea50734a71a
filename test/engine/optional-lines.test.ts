import t from 'tap'
import { type Condition, choicesOf, holds, MarkError, parseLines } from '../../src/engine/optional-lines.js'

t.test('parseLines', async (t) => {
  t.test('gives each line with its conditions, marks and comment lines left out', async (t) => {
    const statement = '-- how many\nSELECT a\nWHERE TRUE\n  AND a = :a   -- @if a\n  AND b > :b -- @if b & sort=up'
    const lines = parseLines(statement).map(({ start, end, conditions }) => ({
      text: statement.slice(start, end),
      conditions,
    }))
    t.same(lines, [
      { text: 'SELECT a', conditions: [] },
      { text: 'WHERE TRUE', conditions: [] },
      { text: '  AND a = :a', conditions: [{ parameter: 'a', choice: null }] },
      {
        text: '  AND b > :b',
        conditions: [
          { parameter: 'b', choice: null },
          { parameter: 'sort', choice: 'up' },
        ],
      },
    ])
  })

  t.test('leaves a statement without marks as it stands, texts over several lines too', async (t) => {
    const statement = "SELECT 'one  \n\n-- two\nthree'"
    t.same(parseLines(statement), [{ start: 0, end: statement.length, conditions: [] }])
  })

  t.test('reads marks in a file with CRLF ends', async (t) => {
    const lines = parseLines('SELECT 1\r\n, 2 -- @if a\r\n')
    t.same(lines[1]?.conditions, [{ parameter: 'a', choice: null }])
  })

  t.test('keeps a comment that is no mark', async (t) => {
    const [line] = parseLines('SELECT 1 -- one')
    t.equal(line?.end, 'SELECT 1 -- one'.length)
  })

  const malformed = {
    'SELECT 1\n-- @if a': 'the mark stands on a line without SQL',
    'SELECT 1 -- @iff a': 'unknown mark @iff; known: @if',
    'SELECT 1 -- @if': '@if takes `name` or `name=value`, several joined by `&`',
    'SELECT 1 -- @if a b': '@if takes `name` or `name=value`, several joined by `&`',
    'SELECT 1 -- @if !a': '@if takes `name` or `name=value`, several joined by `&`',
    'SELECT 1 -- @if a=': '@if takes `name` or `name=value`, several joined by `&`',
  }
  for (const [statement, message] of Object.entries(malformed)) {
    t.test(`refuses ${JSON.stringify(statement)}`, async (t) => {
      const line = statement.split('\n').length
      t.throws(() => parseLines(statement), new MarkError(line, message))
    })
  }
})

t.test('choicesOf', async (t) => {
  t.test('collects the values of each choice in order, and no plain parameter', async (t) => {
    const lines = parseLines('x -- @if sort=name\ny -- @if sort=age & a\nz -- @if sort=name & way=up')
    t.same(
      [...choicesOf(lines)],
      [
        ['sort', ['name', 'age']],
        ['way', ['up']],
      ],
    )
  })
})

t.test('holds', async (t) => {
  const a: readonly Condition[] = [{ parameter: 'a', choice: null }]
  const sort: readonly Condition[] = [{ parameter: 'sort', choice: 'name' }]
  const cases: readonly [string, readonly Condition[], Record<string, unknown>, boolean][] = [
    ['is off for a parameter that is left out', a, {}, false],
    ['is off for undefined', a, { a: undefined }, false],
    ['is on for null, which is a value', a, { a: null }, true],
    ['is on for false and 0', a, { a: 0 }, true],
    ['is on for the chosen value', sort, { sort: 'name' }, true],
    ['is off for another value', sort, { sort: 'age' }, false],
    ['needs all conditions', [...a, ...sort], { a: 1 }, false],
    ['is on without conditions', [], {}, true],
    ['knows no inherited property', [{ parameter: 'constructor', choice: null }], {}, false],
  ]
  for (const [name, conditions, params, expected] of cases) {
    t.test(name, async (t) => {
      t.equal(holds(conditions, params), expected)
    })
  }
})
