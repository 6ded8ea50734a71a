import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import { connect } from '../../src/database.js'
import { rowShape } from '../../src/engine/row-shape.js'
import {
  decoderOf,
  encoderOf,
  encoderOfOid,
  encodeUntyped,
  resultFormat,
  valueTypes,
} from '../../src/engine/value-types.js'
import { instant, text, values } from '../fixtures/arbitrary-values.js'
import { dataRow, FIRST_FIELD } from '../fixtures/data-row.js'
import { createTestDatabase } from '../fixtures/database.js'
import { rawRows } from '../fixtures/raw-rows.js'

const client = new pg.Client(await createTestDatabase(t))
await client.connect()
t.teardown(() => client.end())

/** Gives the one row of a query, from the bytes that the server sends: all in text, and in the formats of its shape. */
async function rowInBothFormats(text: string, values: unknown[] = []): Promise<unknown[]> {
  const inText = await rawRows(client, { text, values, binary: false })
  const [fields = []] = inText.rows
  const shape = rowShape(inText.fields)
  const rows = [shape.text(dataRow(fields), FIRST_FIELD)]
  if (shape.binary !== null) {
    const [binary = []] = (await rawRows(client, { text, values, binary: true })).rows
    const mixed = fields.map((field, index) => (shape.resultFormats?.[index] === 1 ? (binary[index] ?? null) : field))
    rows.push(shape.binary(dataRow(mixed), FIRST_FIELD))
  }
  return rows
}

t.test('values round trip', async (t) => {
  t.test('for every type of the table', async (t) => {
    t.same(Object.keys(values).sort(), Object.keys(valueTypes).sort())
  })

  for (const [type, value] of Object.entries(values)) {
    t.test(`as ${type} and ${type}[]`, async (t) => {
      const property = fc.asyncProperty(value, fc.array(fc.option(value), { maxLength: 5 }), async (one, many) => {
        const rows = await rowInBothFormats(`SELECT $1::${type} AS one, $2::${type}[] AS many, NULL::${type} AS none`, [
          encoderOf(type)(one),
          encoderOf(`${type}[]`)(many),
        ])
        for (const row of rows) t.strictSame(row, { one, many, none: null })
      })
      await fc.assert(property, { numRuns: 25 })
    })
  }
})

t.test('arrays of two dimensions round trip', async (t) => {
  for (const [type, value] of [
    ['int4', fc.integer()],
    ['text', text],
  ] as const) {
    t.test(`as ${type}[][]`, async (t) => {
      const rectangles = fc.nat(3).chain((width) =>
        fc.array(fc.array(fc.option<unknown>(value), { minLength: width + 1, maxLength: width + 1 }), {
          minLength: 1,
          maxLength: 4,
        }),
      )
      const property = fc.asyncProperty(rectangles, async (many) => {
        const sent = encoderOf(`${type}[]`)(many)
        t.equal(encoderOfOid((valueTypes[type] as { arrayOid: number }).arrayOid)(many), sent, 'by COPY too')
        for (const row of await rowInBothFormats(`SELECT $1::${type}[][] AS many`, [sent])) t.strictSame(row, { many })
      })
      await fc.assert(property, { numRuns: 25 })
    })
  }

  t.test('but an array within a jsonb[] is a value', async (t) => {
    t.equal(encoderOf('jsonb[]')([[1, 2], 3]), '{"[1,2]","3"}')
  })
})

t.test('encoders refuse JSON that the server cannot hold', async (t) => {
  const cases: readonly [string, unknown, boolean][] = [
    ['NUL', { a: 'b\0' }, false],
    ['NUL behind a backslash', ['\\\0'], false],
    ['half of a surrogate pair', '\ud83d', false],
    ['half of a surrogate pair in a key', { '\udc00': 1 }, false],
    ['a pair', '😀', true],
    ['another control character', '\u0001', true],
    ['the text of an escape', ['\\u0000', '\\\\ud800'], true],
  ]
  for (const [name, value, isFit] of cases) {
    t.test(name, async (t) => {
      for (const encode of [encoderOf('jsonb'), encodeUntyped]) {
        const wrapped = { value }
        if (isFit) t.equal(encode(wrapped), JSON.stringify(wrapped))
        else t.throws(() => encode(wrapped), { message: /NUL character or a lone surrogate/ })
      }
      if (isFit) await client.query('SELECT $1::jsonb', [encoderOf('jsonb')({ value })])
      else await t.rejects(client.query('SELECT $1::jsonb', [JSON.stringify({ value })]))
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
    for (const value of ['9007199254740992', '-9007199254740993', '9223372036854775807', '-9223372036854775808']) {
      for (const rows of bothFormats(20, value, (bytes) => bytes.writeBigInt64BE(BigInt(value)))) {
        t.throws(rows, { message: /^the bigint lies beyond/ }, value)
      }
    }
  })

  t.test('an instant that is infinite or past the year 275760', async (t) => {
    const micros = {
      infinity: 2n ** 63n - 1n,
      '-infinity': -(2n ** 63n),
      '294276-12-31 23:59:59+00': 9223371331199000000n,
    }
    for (const [value, binary] of Object.entries(micros)) {
      for (const row of bothFormats(1184, value, (bytes) => bytes.writeBigInt64BE(binary))) {
        t.throws(row, { message: /^the instant is infinite/ }, value)
      }
    }
  })

  t.test('an instant that is not in ISO 8601 form', async (t) => {
    for (const value of ['04/03/2026 12:00:00 UTC', 'Fri Apr 03 12:00:00 2026 UTC', '03.04.2026 12:00:00 UTC']) {
      t.throws(() => decoderOf(1184, 'text')(Buffer.from(value), 0, value.length), { message: /^the instant/ })
    }
  })
})

/** Gives calls of both decoders of a type, on a text and on eight bytes. */
function bothFormats(oid: number, text: string, write: (bytes: Buffer) => void): (() => unknown)[] {
  const binary = Buffer.alloc(8)
  write(binary)
  return [() => decoderOf(oid, 'text')(Buffer.from(text), 0, text.length), () => decoderOf(oid, 'binary')(binary, 0, 8)]
}

t.test('values at the edge', async (t) => {
  const cases: Readonly<Record<string, unknown>> = {
    "'9007199254740991'::int8": 2 ** 53 - 1,
    "'-9007199254740991'::int8": -(2 ** 53) + 1,
    "'-2147483648'::int4": -2_147_483_648,
    "'-0'::float8": -0,
    "'-Infinity'::float8": Number.NEGATIVE_INFINITY,
    "'NaN'::float8": Number.NaN,
    '0.1::float4': 0.1,
    'ARRAY[0.1, NULL]::float8[]': [0.1, null],
    "''::bytea": Buffer.alloc(0),
    "''::text": '',
    "'{}'::text[]": [],
    "'{}'::int4[]": [],
    "ARRAY['NULL', NULL, '', ',', '{}', E'\\\\', '\"', ' ', 'zwölf Äpfel']": [
      'NULL',
      null,
      '',
      ',',
      '{}',
      '\\',
      '"',
      ' ',
      'zwölf Äpfel',
    ],
    "'[0:1]={a,b}'::text[]": ['a', 'b'],
    "'[-1:0][3:4]={{1,2},{3,NULL}}'::int8[]": [
      [1, 2],
      [3, null],
    ],
    "'{{{a},{b}},{{c},{NULL}}}'::text[]": [
      [['a'], ['b']],
      [['c'], [null]],
    ],
    'ARRAY[\'{"a": "b \\\\ c"}\', NULL]::jsonb[]': [{ a: 'b \\ c' }, null],
    "ARRAY['\\x00ff', '\\x']::bytea[]": [Buffer.from([0, 255]), Buffer.alloc(0)],
    "'null'::jsonb": null,
    "interval '1 year 2 days -04:05:06.7'": '1 year 2 days -04:05:06.7',
    "'10.0.0.0/8'::inet": '10.0.0.0/8',
    "point '(1,2)'": '(1,2)',
  }
  for (const [expression, expected] of Object.entries(cases)) {
    t.test(`${expression} is told in both formats`, async (t) => {
      for (const row of await rowInBothFormats(`SELECT ${expression} AS a`)) t.strictSame(row, { a: expected })
    })
  }

  t.test('an enum is text, its array too', async (t) => {
    await client.query("CREATE TYPE mood AS ENUM ('fair', 'foul')")
    for (const row of await rowInBothFormats("SELECT 'fair'::mood AS a, '{fair,foul}'::mood[] AS b")) {
      t.same(row, { a: 'fair', b: '{fair,foul}' })
    }
  })

  t.test('bytes do not change with the message that they came in', async (t) => {
    for (const [format, field] of [
      ['text', Buffer.from('\\x6869')],
      ['binary', Buffer.from('hi')],
    ] as const) {
      const value = decoderOf(17, format)(field, 0, field.length)
      field.fill(0)
      t.same(value, Buffer.from('hi'))
    }
  })

  t.test('bytes in the escape form are read as well', async (t) => {
    await client.query("SET bytea_output = 'escape'")
    for (const row of await rowInBothFormats(`SELECT '\\x5c00ff5c31'::bytea AS a`)) {
      t.same(row, { a: Buffer.from([0x5c, 0, 0xff, 0x5c, 0x31]) })
    }
    await client.query('RESET bytea_output')
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
  const any = fc.date({
    min: new Date(-200_000_000_000_000),
    max: new Date(8_000_000_000_000_000),
    noInvalidDate: true,
  })
  for (const zone of ['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Europe/Amsterdam']) {
    t.test(`come back as they went from a session in ${zone}`, async (t) => {
      await client.query(`SET timezone = '${zone}'`)
      const property = fc.asyncProperty(fc.oneof(any, instant), async (at) => {
        const sent = encoderOf('timestamptz')(at)
        const text = "SELECT $1::timestamptz AS at, $1::timestamptz + interval '999 microseconds' AS later"
        for (const row of await rowInBothFormats(text, [sent])) t.same(row, { at, later: at })
      })
      await fc.assert(property, { numRuns: 50 })
    })
  }

  for (const iso of [
    '-000001-06-01T00:00:00.000Z',
    '0000-06-01T00:00:00.000Z',
    '0099-06-01T00:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
    '2000-02-29T12:00:00.001Z',
    '+012345-06-01T00:00:00.123Z',
  ]) {
    t.test(`at ${iso} come back as they went`, async (t) => {
      const sent = encoderOf('timestamptz')(new Date(iso))
      for (const row of await rowInBothFormats('SELECT $1::timestamptz AS at', [sent]))
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

t.test('encoderOfOid', async (t) => {
  t.test('encodes as encoderOf does for a type that is known, and its arrays', async (t) => {
    t.equal(encoderOfOid(3802)('a'), '"a"')
    t.equal(encoderOfOid(3807)([['a']]), '{"[\\"a\\"]"}')
    t.throws(() => encoderOfOid(23)('a'), { message: /^must be an integer/ })
  })

  t.test('encodes by what the value is for a type that is not', async (t) => {
    t.equal(encoderOfOid(999_999)('fair'), 'fair')
    t.equal(encoderOfOid(999_999)(['fair', null]), '{"fair",NULL}')
  })
})

t.test('decoderOf', async (t) => {
  t.test('leaves types that it does not know as text', async (t) => {
    for (const format of ['text', 'binary'] as const) {
      t.equal(decoderOf(999_999, format)(Buffer.from('[ä]'), 1, 3), 'ä')
    }
    t.equal(resultFormat(999_999), 0)
  })

  t.test('has the oids of the catalogue', async (t) => {
    const { rows } = await client.query<{ typname: string; oid: string; typarray: string }>(
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
