import fc from 'fast-check'
import t from 'tap'
import { arrayDecoder, arrayEncoder } from '../../src/engine/array-text.js'

const encode = arrayEncoder((value) => value)
const decode = arrayDecoder((text) => text)

t.test('arrayEncoder', async (t) => {
  t.test('quotes every element, and writes null as NULL', async (t) => {
    t.equal(encode(['a', null, 'NULL', 'b "c" \\d', '']), '{"a",NULL,"NULL","b \\"c\\" \\\\d",""}')
  })

  t.test('refuses what is no array', async (t) => {
    t.throws(() => encode('a'), { message: 'must be an array' })
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
