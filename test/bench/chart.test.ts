import t from 'tap'
import { toChart } from '../../bench/measure/chart.js'
import type { CaseResult } from '../../bench/measure/result.js'

const results: readonly CaseResult[] = [
  {
    case: 'lookup',
    unit: 'calls/s',
    contenders: { ashlar: { median: 4_000, runs: [4_000] }, 'a & <b>': { median: 1_000, runs: [1_000] } },
    ratios: { 'a & <b>': 4 },
  },
  { case: 'aborts', unit: 'ms', contenders: { ashlar: { median: 0, runs: [0] } }, ratios: {} },
]
const svg = toChart(results, 'a machine')

t.test('toChart', async (t) => {
  t.test('draws one group a case, one bar a contender, ashlar apart from the others', async (t) => {
    t.equal(svg.match(/<g>/g)?.length, 2)
    t.equal(svg.match(/class="bar"/g)?.length, 1)
    t.equal(svg.match(/class="own"/g)?.length, 2)
  })

  t.test('makes bars as long as their share of the longest', async (t) => {
    const widths = [...svg.matchAll(/class="(?:own|bar)"[^>]* width="(\d+)"/g)].map(([, width]) => Number(width))
    t.equal(widths[0], (widths[1] ?? 0) * 4)
  })

  t.test('labels bars with median and ratio, and tells the machine', async (t) => {
    t.match(svg, '>4,000<')
    t.match(svg, '>1,000 (×4.00)<')
    t.match(svg, '>a machine<')
    t.match(svg, '>calls/s, more is better<')
    t.match(svg, '>ms, less is better<')
  })

  t.test('is well-formed whatever the names are', async (t) => {
    t.match(svg, 'a &amp; &lt;b&gt;')
    t.notMatch(svg, '<b>')
  })

  t.test('draws a stub for zero', async (t) => {
    t.notMatch(svg, /NaN|Infinity/)
  })
})
