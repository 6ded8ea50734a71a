import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { connect } from '../../src/database.js'
import { decoderOf, encoderOf, encodeUntyped, valueTypes } from '../../src/engine/value-types.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'

const db = await connectTestDatabase(t)

const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed() && !value.includes('\0'))
const instant = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59Z'),
  noInvalidDate: true,
})
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
const pad = (value: number, digits = 2) => String(value).padStart(digits, '0')
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59))
  .map(([hours, minutes, seconds]) => `${pad(hours)}:${pad(minutes)}:${pad(seconds)}`)
const date = instant.map((value) => value.toISOString().slice(0, 10))

const float4 = fc.integer({ min: -99_999, max: 99_999 }).map((value) => value / 10)
/** jsonb keeps neither -0 nor duplicate keys, and refuses NUL; a JSON null is SQL's NULL on the way in. */
const jsonText = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'))
const json = fc
  .oneof(
    jsonText,
    fc.integer(),
    fc.boolean(),
    fc.array(jsonText),
    fc.dictionary(
      jsonText.map((key) => `k${key}`),
      fc.option(fc.integer()),
      { noNullPrototype: true },
    ),
  )
  .filter((value) => value !== null)

/** Values of each type that come back as they went. */
const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  bytea: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  int2: fc.integer({ min: -32_768, max: 32_767 }),
  int4: fc.integer(),
  int8: fc.maxSafeInteger(),
  float4,
  float8: number,
  numeric: fc.tuple(fc.integer({ min: 1 }), fc.nat(999_999)).map(([whole, part]) => `${whole}.${pad(part, 6)}`),
  text,
  varchar: text,
  bpchar: text,
  name: fc.stringMatching(/^[a-z]{0,63}$/),
  uuid: fc.uuid(),
  inet: fc.ipV4(),
  cidr: fc.ipV4().map((address) => `${address}/32`),
  date,
  time: clock,
  timetz: clock.map((value) => `${value}+00`),
  interval: clock,
  timestamp: fc.tuple(date, clock).map(([day, hour]) => `${day} ${hour}`),
  timestamptz: instant,
  json,
  jsonb: json,
}

t.test('values round trip', async (t) => {
  t.test('for every type of the table', async (t) => {
    t.same(Object.keys(values).sort(), Object.keys(valueTypes).sort())
  })

  for (const [type, value] of Object.entries(values)) {
    t.test(`as ${type} and ${type}[]`, async (t) => {
      const property = fc.asyncProperty(value, fc.array(value, { maxLength: 5 }), async (one, many) => {
        const [row] = await db.query(`SELECT $1::${type} AS one, $2::${type}[] AS many`, [
          encoderOf(type)(one),
          encoderOf(`${type}[]`)(many),
        ])
        t.strictSame(row, { one, many })
      })
      await fc.assert(property, { numRuns: 25 })
    })
  }
})

t.test('encoders refuse values of the wrong kind', async (t) => {
  const wrong: Readonly<Record<string, unknown>> = {
    bool: 'yes',
    bytea: 'bytes',
    int2: 32_768,
    int4: 1.5,
    int8: 2 ** 53,
    float8: '1',
    numeric: 'Infinitye5',
    text: 5,
    timestamptz: new Date(Number.NaN),
    jsonb: undefined,
    'text[]': 'a',
    'int4[]': ['a'],
  }
  for (const [type, value] of Object.entries(wrong)) {
    t.test(type, async (t) => {
      t.throws(() => encoderOf(type)(value), { message: /^must be/ })
    })
  }

  t.test('text with NUL or a lone surrogate', async (t) => {
    t.throws(() => encoderOf('text')('a\0'), { message: /NUL/ })
    t.throws(() => encoderOf('agent.project_context_status')('\ud800'), { message: /surrogate/ })
  })
})

t.test('decoders refuse what the TypeScript type cannot hold', async (t) => {
  t.test('a bigint past 2^53-1', async (t) => {
    await t.rejects(db.query('SELECT 9007199254740993::int8 AS a'), {
      name: 'QueryError',
      message: /^query: the result cannot be given: the bigint lies beyond .*; the statement itself was executed$/,
    })
  })

  t.test('an infinite instant', async (t) => {
    await t.rejects(db.query("SELECT 'infinity'::timestamptz AS a"), { message: /the instant is infinite/ })
  })
})

t.test('encodeUntyped', async (t) => {
  t.test('encodes by what the value is in JavaScript', async (t) => {
    const cases: readonly [unknown, unknown][] = [
      [undefined, null],
      [true, 't'],
      [1.5, '1.5'],
      [10n ** 20n, '100000000000000000000'],
      [{ a: [1] }, '{"a":[1]}'],
      [['a', null, ['b']], '{"a",NULL,{"b"}}'],
      [[new Date(0)], '{"1970-01-01T00:00:00.000Z"}'],
      [Buffer.from('abcd').subarray(1, 3), Buffer.from('bc')],
      [new Uint8Array(Buffer.from('abcd')).subarray(1, 3), Buffer.from('bc')],
    ]
    for (const [value, expected] of cases) t.strictSame(encodeUntyped(value), expected)
  })

  t.test('refuses what cannot be sent, without a word of what it holds', async (t) => {
    const circular: Record<string, unknown> = { secret: 1 }
    circular.self = circular
    const throwing = {
      toJSON() {
        throw new Error('secret')
      },
    }
    for (const value of [circular, throwing, { a: 1n }, () => 1, Symbol('secret'), ['a\ud800b'], [['a\0']]]) {
      t.throws(() => encodeUntyped(value), { message: /^must (be a JSON value|not contain a NUL)/ })
    }
  })
})

t.test('instants', async (t) => {
  for (const iso of [
    '-000001-06-01T00:00:00.000Z',
    '0000-06-01T00:00:00.000Z',
    '0099-06-01T00:00:00.000Z',
    '+012345-06-01T00:00:00.123Z',
  ]) {
    t.test(`of the year ${iso.split('-06')[0]} come back as they went`, async (t) => {
      const [row] = await db.query('SELECT $1::timestamptz AS at', [new Date(iso)])
      t.same(row, { at: new Date(iso) })
    })
  }
})

t.test('a role with settings of its own', async (t) => {
  t.test('changes nothing in how values look', async (t) => {
    const access = await createTestDatabase(t)
    const admin = await connect(access)
    const { database } = access
    await admin.query(`ALTER DATABASE ${database} SET datestyle = 'SQL, DMY'`)
    await admin.query(`ALTER DATABASE ${database} SET intervalstyle = 'iso_8601'`)
    await admin.query(`ALTER DATABASE ${database} SET extra_float_digits = 0`)
    await admin.close()
    const other = await connect(access)
    t.teardown(() => other.close())
    const [row] = await other.query(
      "SELECT timestamptz '2026-04-03 12:00Z' AS at, date '2026-04-03' AS day, 0.1::float8 + 0.2 AS sum, interval '26 hours' AS span",
    )
    t.same(row, { at: new Date('2026-04-03T12:00:00Z'), day: '2026-04-03', sum: 0.1 + 0.2, span: '26:00:00' })
  })
})

t.test('decoderOf', async (t) => {
  t.test('leaves types that it does not know as text', async (t) => {
    t.equal(decoderOf(999_999), null)
  })

  t.test('has the oids of the catalogue', async (t) => {
    const rows = await db.query<{ typname: string; oid: string; typarray: string }>(
      'SELECT typname, oid::text, typarray::text FROM pg_type WHERE typname = ANY($1::text[])',
      [encoderOf('text[]')(Object.keys(valueTypes))],
    )
    for (const { typname, oid, typarray } of rows) {
      t.same([valueTypes[typname]?.oid, valueTypes[typname]?.arrayOid], [Number(oid), Number(typarray)], typname)
    }
    t.equal(rows.length, Object.keys(valueTypes).length)
  })
})

t.test('pgtyped.config.json', async (t) => {
  t.test('declares the TypeScript types that the decoders give', async (t) => {
    /** What pgtyped takes each type for when nothing overrides it (its DefaultTypeMapping). */
    const builtIn: Readonly<Record<string, string>> = {
      bool: 'boolean',
      int2: 'number',
      int4: 'number',
      float4: 'number',
      float8: 'number',
      text: 'string',
      varchar: 'string',
      bpchar: 'string',
      name: 'string',
      uuid: 'string',
      inet: 'string',
      cidr: 'string',
      json: 'Json',
      jsonb: 'Json',
    }
    const config = JSON.parse(readFileSync(new URL('../../pgtyped.config.json', import.meta.url), 'utf8'))
    for (const [type, { typescript }] of Object.entries(valueTypes)) {
      const override: string | { return?: string } | undefined = config.typesOverrides[type]
      const declared = typeof override === 'string' ? override : override?.return
      t.equal(declared ?? builtIn[type], typescript, type)
    }
  })
})
