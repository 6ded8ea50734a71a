/** `npm run bench [case ...] [--json] [--chart FILE]`: runs the benchmarks on an embedded server of their own. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { connect } from '../src/database.js'
import { filters } from './filters/filters.js'
import { prepareRun } from './install.js'
import { caseNames, defaultCases, FILTERS } from './measure/case-names.js'
import { type Options, readOptions, UsageError } from './measure/options.js'
import { toJsonLine } from './measure/result.js'

const EX_USAGE = 64
const defaultChart = fileURLToPath(new URL('results/chart.svg', import.meta.url))

// Garbage of one contender must not be collected in the time of the next.
setFlagsFromString('--expose-gc')
globalThis.gc = runInNewContext('gc')

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof UsageError ? error.message : ((error as Error).stack ?? String(error))}\n`)
  process.exitCode = error instanceof UsageError ? EX_USAGE : 1
})

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), caseNames, defaultChart)
  const chosen = options.cases.length === 0 ? defaultCases : options.cases
  if (chosen.includes(FILTERS)) await runFilters(options)
  const others = chosen.filter((name) => name !== FILTERS)
  if (others.length > 0) await runPeers(others, options)
}

async function runFilters({ isJson }: Options): Promise<void> {
  const db = await connect({ url: 'embedded:temp', migrate: true, pool: { max: 4 } })
  try {
    await filters(db, { isJson })
  } finally {
    await db.close()
  }
}

async function runPeers(names: readonly string[], { isJson, chart }: Options): Promise<void> {
  prepareRun(progress)
  // Only now: it loads the contenders.
  const { runCases } = await import('./run-cases.js')
  const { results, failed, svg, lines, machine } = await runCases(names, progress)
  mkdirSync(dirname(chart), { recursive: true })
  writeFileSync(chart, svg)
  writeFileSync(`${chart.replace(/\.svg$/, '')}.json`, `${JSON.stringify({ machine, results }, null, 2)}\n`)
  progress(`chart: ${chart}`)
  const screen = isJson ? process.stderr : process.stdout
  screen.write(`${lines.join('\n')}\n`)
  if (failed.length > 0) {
    progress(`failed: ${failed.join(', ')}`)
    process.exitCode = 1
  }
  if (isJson) process.stdout.write(results.map((result) => `${toJsonLine(result)}\n`).join(''))
}

function progress(message: string): void {
  process.stderr.write(`# ${message}\n`)
}
