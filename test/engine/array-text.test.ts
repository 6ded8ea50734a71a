import fc from 'fast-check'
import t from 'tap'
import { arrayDecoder, arrayEncoder } from '../../src/engine/array-text.js'

const encode = arrayEncoder((value) => value as string)
const decodeElements = arrayDecoder((bytes, start, end) => bytes.toString('utf8', start, end))
/** Reads the text from the middle of a buffer, as it stands in a message. */
const decode = (text: string) => {
  const bytes = Buffer.from(`,"${text}}"`)
  return decodeElements(bytes, 2, bytes.length - 2)
}

t.test('arrayEncoder', async (t) => {
  t.test('quotes every element, and writes null as NULL', async (t) => {
    t.equal(encode(['a', null, 'NULL', 'b "c" \\d', '']), '{"a",NULL,"NULL","b \\"c\\" \\\\d",""}')
  })

  t.test('refuses what is no array', async (t) => {
    t.throws(() => encode('a'), { message: 'must be an array' })
  })

  t.test('writes a hole as NULL', async (t) => {
    // biome-ignore lint/suspicious/noSparseArray: what is tested
    t.equal(encode(['a', , 'b']), '{"a",NULL,"b"}')
    t.equal(encode(new Array(2)), '{NULL,NULL}')
  })

  t.test('refuses more dimensions than there can be, an array that holds itself too', async (t) => {
    const endless: unknown[] = []
    endless.push(endless)
    const nested = arrayEncoder((value) => value as string, { nests: true })
    t.throws(() => nested(endless), { message: 'must have at most 6 dimensions' })
  })

  t.test('writes bytes in hex form', async (t) => {
    t.equal(encode([Buffer.from('hi')]), '{"\\\\x6869"}')
  })
})

t.test('arrayDecoder', async (t) => {
  const cases: readonly [string, unknown][] = [
    ['{}', []],
    ['{a,b c,NULL,"NULL"}', ['a', 'b c', null, 'NULL']],
    ['{"a \\"b\\" \\\\c",""}', ['a "b" \\c', '']],
    [
      '{{a,b},{c,NULL}}',
      [
        ['a', 'b'],
        ['c', null],
      ],
    ],
    ['[0:1]={a,b}', ['a', 'b']],
    ['[0:0][-1:0]={{a,b}}', [['a', 'b']]],
    ['{"","NULL",null,"null"}', ['', 'NULL', 'null', 'null']],
    ['{"{a,b}","\\"","\\\\","\\\\\\""}', ['{a,b}', '"', '\\', '\\"']],
    ['{zwölf,"drei Äpfel","日本\\"語"}', ['zwölf', 'drei Äpfel', '日本"語']],
  ]
  for (const [text, expected] of cases) {
    t.test(`reads ${text}`, async (t) => {
      t.same(decode(text), expected)
    })
  }

  t.test('reads back what was encoded', async () => {
    const elements = fc.array(fc.option(fc.string({ unit: 'binary' })))
    fc.assert(
      fc.property(elements, (values) => JSON.stringify(decode(encode(values) as string)) === JSON.stringify(values)),
    )
  })
})
