import t from 'tap'
import { idleParams, readParams } from '../../src/cli/query-params.js'
import { manifestQuery } from '../review/fixtures/manifest-query.js'

const types = {
  text: 'text',
  count: 'int8',
  share: 'float8',
  sum: 'numeric',
  isOn: 'bool',
  at: 'timestamptz',
  bytes: 'bytea',
  meta: 'jsonb',
  color: 'shop.color',
  tags: 'text[]',
  times: 'timestamptz[]',
  metas: 'jsonb[]',
}
const columns = Object.keys(types).map((name) => `:${name} AS ${name}`)
const every = manifestQuery(`SELECT ${columns.join(', ')}`, types)
const list = manifestQuery(
  `SELECT id
FROM item
WHERE
  TRUE
  AND owner = :owner        -- @if owner
  AND (a, b) > (:a, :b)     -- @if order=a & a
ORDER BY
  a, -- @if order=a
  c, -- @if order=c
  id
LIMIT :limit! + :margin!`,
  { owner: 'text', a: 'int8', b: 'int8', limit: 'int8', margin: 'int8' },
)

t.test('readParams', async (t) => {
  const cases: Readonly<Record<string, unknown>> = {
    'text=a=b\nnull': 'a=b\nnull',
    'text=': '',
    'text=null': 'null',
    'text:="null"': 'null',
    'text:=null': null,
    'count=-3': -3,
    'count:=3': 3,
    'share=1.5e3': 1500,
    'share=-Infinity': Number.NEGATIVE_INFINITY,
    'sum=12345678901234567890.5': '12345678901234567890.5',
    'isOn=true': true,
    'isOn:=false': false,
    'at=2026-11-22T10:00:00+02:00': new Date('2026-11-22T08:00:00Z'),
    'at:="2026-11-22T10:00:00Z"': new Date('2026-11-22T10:00:00Z'),
    'bytes=\\x00Ff': Buffer.from([0, 255]),
    'meta={"a":[1]}': { a: [1] },
    'meta=null': null,
    'color=red': 'red',
    'tags=["a","b c",null]': ['a', 'b c', null],
    'times=["2026-11-22T10:00:00Z"]': [new Date('2026-11-22T10:00:00Z')],
    'metas=[["2026"],{"a":1}]': [['2026'], { a: 1 }],
  }
  for (const [assignment, expected] of Object.entries(cases)) {
    t.test(`reads ${assignment}`, async (t) => {
      const [name = ''] = assignment.split(/:?=/)
      t.strictSame(readParams(every, [assignment]), { [name]: expected })
    })
  }

  const wrong: Readonly<Record<string, RegExp>> = {
    canary: /^a parameter must be name=value or name:=json$/,
    'count=canary': /^count \(int8\) must be an integer from/,
    'count=': /^count \(int8\) must be an integer from/,
    'count=0x10': /^count \(int8\) must be an integer from/,
    'share=canary': /^share \(float8\) must be a number$/,
    'sum=canary': /^sum \(numeric\) must be a number/,
    'isOn=canary': /^isOn \(bool\) must be a boolean$/,
    'isOn=constructor': /^isOn \(bool\) must be a boolean$/,
    'at=2026-11-22': /^at \(timestamptz\) must be an instant such as/,
    'at=2026-13-22T10:00:00Z': /^at \(timestamptz\) must be of a day that there is$/,
    'at=2026-02-31T10:00:00Z': /^at \(timestamptz\) must be of a day that there is$/,
    'at=2026-11-22T10:61:00Z': /^at \(timestamptz\) must be a valid Date$/,
    'bytes=canary': /^bytes \(bytea\) must be bytes such as/,
    'meta={canary': /^meta \(jsonb\) must be JSON$/,
    'tags=canary': /^tags \(text\[\]\) must be JSON$/,
    'tags="canary"': /^tags \(text\[\]\) must be an array$/,
    'tags=[1]': /^tags \(text\[\]\) must be a string$/,
    'text:=1': /^text \(text\) must be a string$/,
    'txt=canary': /^listItems has no parameter txt \(did you mean text\?\); it has text \(text\), count \(int8\), /,
  }
  for (const [assignment, message] of Object.entries(wrong)) {
    t.test(`refuses ${assignment}, and does not repeat the value`, async (t) => {
      const error = t.throws(() => readParams(every, [assignment]), { message })
      t.notMatch(String(error), 'canary')
    })
  }

  t.test('refuses a parameter that is given twice', async (t) => {
    t.throws(() => readParams(every, ['text=a', 'text=b']), { message: 'text is given twice' })
  })

  t.test('lists all that is missing, also for a line that another one switches on', async (t) => {
    t.throws(() => readParams(list, []), { message: 'listItems needs the parameters limit (int8), margin (int8)' })
    t.throws(() => readParams(list, ['order=a', 'a=1', 'limit=1']), {
      message: 'listItems needs the parameters b (int8, with a), margin (int8)',
    })
  })

  t.test('refuses a choice that there is not', async (t) => {
    for (const choice of ['order=b', 'order:=null']) {
      t.throws(() => readParams(list, [choice]), { message: 'order (choice) must be one of a, c' })
    }
  })
})

t.test('idleParams', async (t) => {
  t.test('names what waits for another parameter', async (t) => {
    const params = { limit: 1, margin: 1, owner: 'ada', a: 1, b: 2 }
    t.same(idleParams(list, { ...params, order: 'c' }), ['a', 'b'])
    t.same(idleParams(list, { ...params, order: 'a' }), [])
  })
})
