import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { MAX_RESULT_BYTES, resultOf, resultText } from '../../../src/engine/operation/result-text.js'
import { connectTestDatabase } from '../../fixtures/database.js'

const db = await connectTestDatabase(t)

/** Stores a value and reads it, as an operation does. */
async function kept(value: unknown): Promise<unknown> {
  const [row] = await db.query<{ result: unknown }>('SELECT $1::text::jsonb AS result', [await resultText('q', value)])
  return resultOf(row?.result)
}

t.test('resultText', async (t) => {
  t.test('gives a text from which the value comes back as it was', async (t) => {
    const same = { a: 1 }
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    const values = [
      undefined,
      null,
      true,
      0,
      -0,
      5e-324,
      Number.MAX_VALUE,
      Number.NaN,
      -Infinity,
      2n ** 80n,
      '',
      'ä😀\n"\\u0000',
      new Date(0),
      new Date(-1),
      Buffer.from([0, 255]),
      Buffer.alloc(0),
      new Uint8Array([1, 2]),
      [],
      [undefined, null],
      {},
      { a: undefined, 'b.c': new Date(5), 'd\\.e': [Buffer.from('x')] },
      { constructor: 1, prototype: 2 },
      JSON.parse('{"__proto__": {"a": 1}}'),
      new Map<unknown, unknown>([[{ a: 1 }, new Set([new Date(1)])]]),
      [same, same],
      /a/g,
      new URL('https://example.org/?a=b'),
      cycle,
    ]
    for (const value of values) {
      const back = await kept(value)
      t.ok(isDeepStrictEqual(back, value), inspect(value).slice(0, 40))
    }
  })

  t.test('gives back whatever is made of plain data, or refuses it', async (t) => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withObjectString: true,
      withTypedArray: true,
      withSparseArray: true,
      withNullPrototype: true,
      withUnicodeString: true,
      maxDepth: 4,
    } as never)
    let refused = 0
    await fc.assert(
      fc.asyncProperty(value, async (each) => {
        const text = await resultText('q', each).catch(() => null)
        if (text === null) {
          refused += 1
          return
        }
        const back = await kept(each)
        if (!isDeepStrictEqual(back, each)) throw new Error(`came back as ${String(back)}`)
      }),
      { numRuns: 400 },
    )
    t.ok(refused < 200, 'most are kept')
  })

  t.test('gives back rows of any values that columns can have', async () => {
    const cell = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.double(),
      fc.maxSafeInteger(),
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.array(fc.date({ noInvalidDate: true }), { maxLength: 3 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ a: cell, bC: cell }), { maxLength: 5 }), async (rows) => {
        const value = rows.map((row) => ({ ...row }))
        return isDeepStrictEqual(await kept(value), value)
      }),
      { numRuns: 200 },
    )
  })

  t.test('refuses what would not come back as it was', async (t) => {
    class Point {
      readonly x = 1
    }
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level += 1) deep = [deep]
    const values = {
      function: () => 1,
      'in an object': { a: () => 1 },
      instance: new Point(),
      'of a registered name': { at: new Date(Number.NaN) },
      'without prototype': Object.create(null),
      symbol: Symbol('a'),
      'with a symbol': { [Symbol('a')]: 1 },
      deep,
      promise: Promise.resolve(1),
      'weak map': new WeakMap(),
      NUL: 'secret\0',
      'NUL in a date': { at: new Date(), text: ['secret\0'] },
      'NUL as a key': { 'a\0': 1 },
      'lone surrogate': 'secret\ud800',
      getter: {
        get a() {
          throw new Error('secret')
        },
      },
      toJSON: { toJSON: () => 'b' },
    }
    for (const [name, value] of Object.entries(values)) {
      const error = await resultText('transaction', value).then(
        () => null,
        (thrown: Error) => thrown,
      )
      t.match(error, { name: 'TransactionError', code: 'ASHLAR_TRANSACTION', outcome: 'not-executed' }, name)
      t.match(error?.message, /^transaction: its result cannot be kept for its operationId, and it was rolled back/)
      t.notMatch(error?.message, /secret/)
    }
  })

  t.test('refuses what is longer than 1 MiB', async (t) => {
    const longest = 'a'.repeat(MAX_RESULT_BYTES - '{"json":""}'.length)
    t.equal(Buffer.byteLength(await resultText('q', longest)), MAX_RESULT_BYTES)
    await t.rejects(resultText('q', `${longest}a`), {
      name: 'TransactionError',
      message:
        'q: its result takes 1048577 bytes, of which 1048576 are kept for an operationId, and it was rolled back: have it give less',
    })
    await t.rejects(resultText('q', Buffer.alloc(MAX_RESULT_BYTES)), { name: 'TransactionError' })
  })
})
