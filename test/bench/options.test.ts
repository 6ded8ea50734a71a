import t from 'tap'
import { readOptions, UsageError } from '../../bench/measure/options.js'

const read = (...args: string[]) => readOptions(args, ['lookup', 'far'], 'chart.svg')

t.test('readOptions', async (t) => {
  t.test('reads cases and options in any order', async (t) => {
    t.same(read('--json', 'far', '--chart', 'a.svg', 'lookup'), {
      cases: ['far', 'lookup'],
      isJson: true,
      chart: 'a.svg',
    })
    t.same(read(), { cases: [], isJson: false, chart: 'chart.svg' })
  })

  t.test('refuses what it does not know, and names what there is', async (t) => {
    t.throws(() => read('near'), new UsageError('no case near; there are: lookup, far'))
    t.throws(() => read('--jsno'), UsageError)
    t.throws(() => read('--chart'), new UsageError('--chart needs a file'))
  })
})
