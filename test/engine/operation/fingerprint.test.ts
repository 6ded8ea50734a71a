import t from 'tap'
import { type Call, fingerprintOf } from '../../../src/engine/operation/fingerprint.js'

const call: Call = { kind: 'statement', query: 'q', text: 'SELECT $1, $2', values: ['a', 'b'] }

t.test('fingerprintOf', async (t) => {
  t.test('gives the same 32 bytes for the same call', async (t) => {
    const fingerprint = fingerprintOf(call)
    t.equal(fingerprint.length, 32)
    t.same(fingerprintOf({ ...call, values: ['a', 'b'] }), fingerprint)
  })

  t.test('gives others for another kind, query, text or values', async (t) => {
    const others: Partial<Call>[] = [
      {},
      { kind: 'load' },
      { query: 'r' },
      { text: 'SELECT $1,  $2' },
      { values: ['a', 'c'] },
      { values: ['ab', ''] },
      { values: ['', 'ab'] },
      { values: ['a', null] },
      { values: ['a', '-'] },
      { values: ['a'] },
      { values: ['a', Buffer.from('b')] },
      { values: ['at1:b'] },
    ]
    const all = others.map((other) => fingerprintOf({ ...call, ...other }).toString('hex'))
    t.equal(new Set(all).size, others.length)
  })
})
