import fc from 'fast-check'
import t from 'tap'
import { MessageReader } from '../../../src/engine/wire/message-reader.js'
import { MessageWriter, type WireValue } from '../../../src/engine/wire/message-writer.js'

interface Message {
  readonly code: string
  readonly content: Buffer
}

/** Reads messages that arrive in pieces of these sizes, taken in turn. */
function readInPieces(bytes: Buffer, sizes: readonly number[]): Message[] {
  const messages: Message[] = []
  const reader = new MessageReader((code, from, start, end) => {
    messages.push({ code: String.fromCharCode(code), content: Buffer.from(from.subarray(start, end)) })
  })
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    // A copy that is overwritten afterwards, as a socket's buffer may be.
    const piece = Buffer.from(bytes.subarray(at, at + size))
    reader.push(piece)
    piece.fill(0xff)
    at += size
  }
  return messages
}

function message(code: string, content: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.write(code, 0, 'latin1')
  header.writeInt32BE(content.length + 4, 1)
  return Buffer.concat([header, content])
}

/** Takes a Bind message apart (PostgreSQL manual, section 54.7). */
function readBind(content: Buffer) {
  let at = 0
  const text = (): string => {
    const end = content.indexOf(0, at)
    const value = content.toString('utf8', at, end)
    at = end + 1
    return value
  }
  const int16 = (): number => {
    at += 2
    return content.readInt16BE(at - 2)
  }
  const list = <T>(read: () => T): T[] => Array.from({ length: int16() & 0xffff }, read)
  const value = (): Buffer | null => {
    at += 4
    const length = content.readInt32BE(at - 4)
    if (length < 0) return null
    at += length
    return content.subarray(at - length, at)
  }
  const bind = { portal: text(), statement: text(), formats: list(int16), values: list(value), results: list(int16) }
  return { ...bind, isWhole: at === content.length }
}

t.test('MessageReader', async (t) => {
  t.test('gives every message whole, wherever the network cut it', async (t) => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
        (contents, sizes) => {
          const sent = contents.map((content, index) => ({
            code: 'DCZ'[index % 3] ?? 'D',
            content: Buffer.from(content),
          }))
          const bytes = Buffer.concat(sent.map(({ code, content }) => message(code, content)))
          t.same(readInPieces(bytes, sizes), sent)
        },
      ),
      { numRuns: 300 },
    )
  })

  t.test('gives a message of several megabytes that arrives in many pieces', async (t) => {
    const large = Buffer.alloc(5_000_000, 'abc')
    const sent = [message('D', Buffer.from('x')), message('D', large), message('Z', Buffer.from('I'))]
    const [first, second, third] = readInPieces(Buffer.concat(sent), [65_536])
    t.same(first?.content.toString(), 'x')
    t.ok(second?.content.equals(large))
    t.same(third?.content.toString(), 'I')
  })
})

t.test('what is no message', async (t) => {
  for (const [name, length] of [
    ['no length', 0],
    ['a negative length', -1],
    ['a length that no message has', 0x54502f31],
  ] as const) {
    t.test(`with ${name} is refused at once`, async (t) => {
      const bytes = Buffer.alloc(9, 'R')
      bytes.writeInt32BE(length, 1)
      for (const sizes of [[9], [2]]) {
        t.throws(() => readInPieces(bytes, sizes), {
          message: 'what the server sends is not of the PostgreSQL protocol',
        })
      }
    })
  }
})

t.test('MessageWriter', async (t) => {
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ minLength: 45, maxLength: 52, unit: 'grapheme' }),
    fc.integer({ min: 60_000, max: 140_000 }).map((length) => 'é'.repeat(length)),
  )
  const value: fc.Arbitrary<WireValue> = fc.oneof(
    text.filter((each) => each.isWellFormed()),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(null),
  )

  t.test(
    'writes each value of a Bind with its length and format, of any size, behind what waits already',
    async (t) => {
      fc.assert(
        fc.property(fc.array(fc.array(value, { maxLength: 6 }), { minLength: 1, maxLength: 6 }), (binds) => {
          const writer = new MessageWriter()
          for (const values of binds) writer.bind('', 'statement', values, [1, 0])
          const messages = readInPieces(writer.take(), [100_000])
          t.equal(messages.length, binds.length)
          for (const [index, { code, content }] of messages.entries()) {
            const values = binds[index] ?? []
            const bind = readBind(content)
            t.equal(code, 'B')
            t.ok(bind.isWhole)
            t.same(bind.results, [1, 0])
            t.ok(
              values.every((each, at) => {
                const sent = bind.values[at]
                return each === null ? sent === null : Buffer.from(each as string).equals(sent as Buffer)
              }),
            )
            const formats = values.map((each) => (Buffer.isBuffer(each) ? 1 : 0))
            t.same(bind.formats, formats.includes(1) ? formats : [])
          }
        }),
        { numRuns: 60 },
      )
    },
  )

  t.test('takes as many values as the protocol can count', async (t) => {
    const writer = new MessageWriter()
    writer.bind('', '', Array<WireValue>(65_535).fill('1'), null)
    const [bind] = readInPieces(writer.take(), [65_536])
    t.equal(readBind(bind?.content ?? Buffer.alloc(0)).values.length, 65_535)
  })

  t.test('does not keep the memory of a large message', async (t) => {
    const writer = new MessageWriter()
    writer.bind('', '', ['x'.repeat(1_000_000)], null)
    writer.take()
    writer.sync()
    t.ok(writer.take().buffer.byteLength <= 65_536)
  })

  t.test('leaves what was taken as it is', async (t) => {
    const writer = new MessageWriter()
    const taken: Buffer[] = []
    const copies: Buffer[] = []
    for (let turn = 0; turn < 2_000; turn += 1) {
      writer.parse(`statement ${turn}`, 'SELECT 1'.repeat(turn % 50))
      writer.sync()
      const bytes = writer.take()
      taken.push(bytes)
      copies.push(Buffer.from(bytes))
    }
    t.ok(taken.every((bytes, index) => bytes.equals(copies[index] as Buffer)))
    t.equal(writer.size, 0)
  })
})
