import t from 'tap'
import { MessageWriter } from '../../../src/engine/wire/message-writer.js'

/** Reads the values of Bind messages that stand one behind the other, each with one value and no formats. */
function boundValues(bytes: Buffer): string[] {
  const values: string[] = []
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    // Type, length, two empty names, no formats, one value.
    const length = bytes.readInt32BE(at + 11)
    values.push(bytes.toString('utf8', at + 15, at + 15 + length))
  }
  return values
}

t.test('bind', async (t) => {
  for (const [what, text] of [
    ['a short text', 'a'.repeat(36)],
    ['a text of other characters', 'é🧱'.repeat(9)],
    ['a long text', 'b'.repeat(5_000)],
  ] as const) {
    t.test(`writes ${what} whole, wherever in memory it comes to stand`, async (t) => {
      const count = Math.ceil(150_000 / text.length)
      for (const isTaken of [false, true]) {
        const out = new MessageWriter()
        const taken: Buffer[] = []
        for (let index = 0; index < count; index += 1) {
          out.bind('', '', [text], null)
          // What was taken is not moved: the length stands elsewhere then.
          if (isTaken && index % 7 === 6) taken.push(out.take())
        }
        taken.push(out.take())
        t.same(boundValues(Buffer.concat(taken)), new Array(count).fill(text))
      }
    })
  }
})
