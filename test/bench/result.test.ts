import t from 'tap'
import { type CaseResult, type Figures, summarize, toJsonLine } from '../../bench/measure/result.js'
import { toTable } from '../../bench/measure/table.js'

const figures = (...values: number[]): Figures[] => values.map((figure) => ({ figure }))
const rate = { case: 'lookup', unit: 'calls/s', better: 'higher' } as const
const time = { case: 'far', unit: 'ms', better: 'lower' } as const

t.test('summarize', async (t) => {
  t.test('gives medians, and keeps each round', async (t) => {
    const { contenders } = summarize(rate, new Map([['pg', figures(30, 10, 20)]]))
    t.same(contenders, { pg: { median: 20, runs: [30, 10, 20] } })
  })

  t.test('gives ratios above 1 where ashlar has the higher rate', async (t) => {
    const runs = new Map([
      ['ashlar', figures(300)],
      ['pg', figures(100)],
      ['psql', figures(600)],
    ])
    t.same(summarize(rate, runs).ratios, { pg: 3, psql: 0.5 })
  })

  t.test('gives ratios above 1 where ashlar takes the shorter time', async (t) => {
    const runs = new Map([
      ['ashlar', figures(100)],
      ['pg', figures(300)],
      ['psql', figures(50)],
    ])
    t.same(summarize(time, runs).ratios, { pg: 3, psql: 0.5 })
  })

  t.test('gives no ratio without ashlar, or where it would divide by zero', async (t) => {
    t.same(summarize(rate, new Map([['pg', figures(1)]])).ratios, {})
    const runs = new Map([
      ['ashlar', figures(1)],
      ['pg', figures(0)],
    ])
    t.same(summarize(rate, runs).ratios, {})
  })

  t.test('gives the median of each extra figure', async (t) => {
    const runs = [3, 1, 2].map((value) => ({ figure: value, extras: { p50: value / 10 } }))
    t.same(summarize(time, new Map([['pg', runs]])).contenders.pg, { median: 2, runs: [3, 1, 2], p50: 0.2 })
  })

  t.test('rounds figures to what is no noise', async (t) => {
    const { contenders } = summarize(rate, new Map([['pg', figures(12_345.678, 0.123456)]]))
    t.same(contenders.pg?.runs, [12_346, 0.1235])
  })
})

const result: CaseResult = {
  case: 'lookup',
  unit: 'calls/s',
  contenders: { ashlar: { median: 40_000, runs: [39_000, 41_000] }, pg: { median: 10_000, runs: [10_000], p50: 0.5 } },
  ratios: { pg: 4 },
}

t.test('toJsonLine', async (t) => {
  t.test('gives one line with the four fields', async (t) => {
    const line = toJsonLine(result)
    t.notMatch(line, /\n/)
    t.same(Object.keys(JSON.parse(line)), ['case', 'unit', 'contenders', 'ratios'])
    t.same(JSON.parse(line), result)
  })
})

t.test('toTable', async (t) => {
  t.test('gives a line for each contender, with ratio and extras where there are some', async (t) => {
    t.same(toTable(result).split('\n'), [
      'lookup  median, calls/s  lowest  highest  ratio  p50',
      'ashlar           40,000  39,000   41,000',
      'pg               10,000  10,000   10,000   4.00  0.5',
    ])
  })
})
