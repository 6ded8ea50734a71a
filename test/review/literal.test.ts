import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import { encoderOf } from '../../src/engine/value-types.js'
import { literal } from '../../src/review/literal.js'
import { text, values } from '../fixtures/arbitrary-values.js'
import { createTestDatabase } from '../fixtures/database.js'

const client = new pg.Client(await createTestDatabase(t))
await client.connect()
t.teardown(() => client.end())

/** Tells whether the server takes a literal for what the library sends: the same text and type. */
async function isSame(sent: ReturnType<ReturnType<typeof encoderOf>>, type: string): Promise<boolean> {
  const written = literal(sent, type)
  const given = await client.query(`SELECT $1::${type}::text AS text, pg_typeof($1::${type})::text AS type`, [sent])
  const read = await client.query(`SELECT (${written})::text AS text, pg_typeof(${written})::text AS type`)
  return JSON.stringify(read.rows) === JSON.stringify(given.rows)
}

t.test('a literal is what the library sends', async (t) => {
  for (const [type, value] of Object.entries(values)) {
    t.test(`as ${type} and ${type}[]`, async () => {
      const property = fc.asyncProperty(
        fc.option(value),
        fc.array(fc.option(value), { maxLength: 4 }),
        async (one, many) =>
          (await isSame(one === null ? null : encoderOf(type)(one), type)) &&
          (await isSame(encoderOf(`${type}[]`)(many), `${type}[]`)),
      )
      await fc.assert(property, { numRuns: 12 })
    })
  }

  t.test('under either meaning of the backslash', async (t) => {
    await client.query('SET standard_conforming_strings = off')
    for (const value of ['\\', "\\'", '\\n', "a'b", "\\''; --", 'plain']) {
      t.ok(await isSame(value, 'text'), value)
      t.ok(await isSame(encoderOf('text[]')([value]), 'text[]'), value)
    }
    t.ok(await isSame(Buffer.from([0, 92, 39]), 'bytea'))
    await client.query('RESET standard_conforming_strings')
  })

  t.test('of a type of the database, however it is called', async (t) => {
    await client.query('CREATE SCHEMA "order"; CREATE TYPE "order"."Mood ""x" AS ENUM (\'fair\', \'it\'\'s\')')
    const type = '"order"."Mood ""x"'
    t.ok(await isSame("it's", type))
    t.ok(await isSame(encoderOf(`${type}[]`)(["it's", null]), `${type}[]`))
  })

  t.test('of a type that SQL calls by another name', async (t) => {
    const cases = { char: 'xy', bit: '101', point: '(1,2)', 'bit[]': '{101}' }
    const shown = await client.query(
      `SELECT ${Object.entries(cases).map(([type, value], index) => `${literal(value, type)}::text AS c${index}`)}`,
    )
    t.same(Object.values(shown.rows[0]), ['x', '101', '(1,2)', '{101}'])
  })
})

t.test('a literal', async (t) => {
  t.test('stands in one line, in signs that show', async (t) => {
    fc.assert(fc.property(text, (value) => !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(literal(value, 'text'))))
    t.equal(literal('a\tb\n\u202e\u{e0041}\u0001é', 'text'), "E'a\\tb\\n\\u202e\\U000e0041\\u0001é'::text")
  })

  const cases: readonly (readonly [string | Buffer | null, string | undefined, string])[] = [
    ['node', 'text', "'node'::text"],
    ["it's", 'text', "'it''s'::text"],
    ['3', 'int8', '3::int8'],
    ['-3', 'int8', "'-3'::int8"],
    ['1.5', 'float8', "'1.5'::float8"],
    ['t', 'bool', 'true::bool'],
    ['f', 'bool', 'false::bool'],
    [null, 'shop.color', 'NULL::shop.color'],
    ['{"a":1}', 'jsonb', '\'{"a":1}\'::jsonb'],
    ['{"a","b c"}', 'text[]', '\'{"a","b c"}\'::text[]'],
    [Buffer.from([0, 255]), 'bytea', "E'\\\\x00ff'::bytea"],
    ['x', 'char', "'x'::pg_catalog.char"],
    ['x', undefined, "'x'"],
    ['x', 'unknown', "'x'"],
  ]
  for (const [value, type, expected] of cases) {
    t.test(`is ${expected}`, async (t) => {
      t.equal(literal(value, type), expected)
    })
  }
})
