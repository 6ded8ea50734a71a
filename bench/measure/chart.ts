/** Results as a chart: an SVG with one group of bars a case. */

import { type CaseResult, SUBJECT } from './result.js'
import { figure } from './table.js'

const WIDTH = 860
const NAME_WIDTH = 150
const BAR_WIDTH = 460
const BAR_HEIGHT = 18
const LINE_HEIGHT = 24
const HEAD_HEIGHT = 34
const GAP = 18
const MARGIN = 24

const style = `text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 18px; font-weight: 600 }
.case { font-size: 15px; font-weight: 600 }
.note { fill: #57606a }
.bar { fill: #a8b3c0 }
.own { fill: #2f6fb3 }`

/** Draws results. Bars show medians, and are as long as their share of the longest in the group; labels give the median
 *  and, in brackets, the ratio to ashlar. `caption` stands below the title. */
export function toChart(results: readonly CaseResult[], caption: string): string {
  const parts: string[] = []
  let y = MARGIN + 52
  for (const result of results) {
    parts.push(group(result, y))
    y += HEAD_HEIGHT + Object.keys(result.contenders).length * LINE_HEIGHT + GAP
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" role="img">
<style>${style}</style>
<rect width="100%" height="100%" fill="#ffffff"/>
${text(MARGIN, MARGIN + 16, 'title', 'ashlar and its peers: medians, and in brackets how much better ashlar is')}
${text(MARGIN, MARGIN + 38, 'note', caption)}
${parts.join('\n')}
</svg>
`
}

function group({ case: name, unit, contenders, ratios }: CaseResult, top: number): string {
  const longest = Math.max(...Object.values(contenders).map(({ median }) => median))
  const head = `${text(MARGIN, top + 16, 'case', name)}${text(MARGIN + NAME_WIDTH, top + 16, 'note', `${unit}, ${goal(unit)} is better`)}`
  const lines = Object.entries(contenders).map(([contender, { median }], index) => {
    const y = top + HEAD_HEIGHT + index * LINE_HEIGHT
    const width = longest > 0 ? Math.max(1, Math.round((median / longest) * BAR_WIDTH)) : 1
    const ratio = ratios[contender]
    const label = `${figure(median)}${ratio === undefined ? '' : ` (×${ratio.toFixed(2)})`}`
    const bar = `<rect class="${contender === SUBJECT ? 'own' : 'bar'}" x="${MARGIN + NAME_WIDTH}" y="${y - 4}" width="${width}" height="${BAR_HEIGHT}"/>`
    return `${text(MARGIN, y + 10, '', contender)}${bar}${text(MARGIN + NAME_WIDTH + width + 8, y + 10, 'note', label)}`
  })
  return `<g>${[head, ...lines].join('\n')}</g>`
}

/** Of rates more is better; of times, memory and round trips less. */
function goal(unit: string): 'more' | 'less' {
  return unit.endsWith('/s') ? 'more' : 'less'
}

function text(x: number, y: number, kind: string, content: string): string {
  return `<text x="${x}" y="${y}" class="${kind}">${escapeXml(content)}</text>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escapeXml(content: string): string {
  return content.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character)
}
