import t from 'tap'
import { assertEqualAnswers } from '../../bench/measure/equal-rows.js'

const at = new Date(0)

t.test('assertEqualAnswers', async (t) => {
  t.test('takes rows of other classes, and columns in another order, for equal', async (t) => {
    class Row {
      at = at
      id = 1
    }
    t.doesNotThrow(() =>
      assertEqualAnswers(
        'list',
        new Map<string, unknown>([
          ['a', [{ id: 1, at }]],
          ['b', Object.assign([new Row()], { count: 1 })],
        ]),
      ),
    )
  })

  const differences: readonly [string, unknown][] = [
    ['a value', [{ id: 2, at }]],
    ['a type', [{ id: '1', at }]],
    ['an instant', [{ id: 1, at: new Date(1) }]],
    ['a name', [{ ID: 1, at }]],
    ['a missing row', []],
    ['a null', null],
  ]
  for (const [what, value] of differences) {
    t.test(`finds ${what} that differs, and names the contender`, async (t) => {
      const answers = new Map<string, unknown>([
        ['a', [{ id: 1, at }]],
        ['b', value],
      ])
      t.throws(() => assertEqualAnswers('list', answers), { message: /^list: b and a differ/ })
    })
  }
})
