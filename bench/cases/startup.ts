/** What a process pays before its first row: ashlar with a generated file, against pg and zod alone. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { runNode } from '../child-process.js'
import type { Target } from '../contenders/contender.js'
import { text } from '../contenders/sql.js'
import { type CaseResult, type Figures, SUBJECT, summarize } from '../measure/result.js'
import { runRounds, type Schedule } from '../measure/rounds.js'
import type { BenchCase } from './bench-case.js'

/** Within the repository, but not in bench: from there `ashlar` is the built package, and pg and zod are its own. */
const folder = fileURLToPath(new URL('../../.ashlar/bench-startup/', import.meta.url))
const startupSchedule: Schedule = { rounds: 15, slices: 1 }
const PEER = 'pg and zod'

/** ms until the modules are loaded (`startup`) and until the first row is there (`startup-first-row`). */
export const startup: BenchCase = async ({ server, onProgress }) => {
  await writeScripts()
  try {
    const runners = [
      { name: SUBJECT, run: () => start('ashlar.js', server.target) },
      { name: PEER, run: () => start('peer.js', server.target) },
    ]
    await Promise.all(runners.map(({ run }) => run()))
    const runs = await runRounds(runners, startupSchedule, onProgress)
    const byFirstRow = [...runs].map(([name, list]) => [
      name,
      list.map(({ extras }): Figures => ({ figure: extras?.firstRowMs ?? 0 })),
    ]) as [string, Figures[]][]
    const byImport = [...runs].map(([name, list]) => [
      name,
      list.map(({ figure }) => ({ figure })),
    ]) as typeof byFirstRow
    return [result('startup', byImport), result('startup-first-row', byFirstRow)]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function result(name: string, runs: [string, Figures[]][]): CaseResult {
  return summarize({ case: name, unit: 'ms', better: 'lower' }, new Map(runs))
}

async function start(script: string, target: Target): Promise<Figures> {
  const report = await runNode([join(folder, script), JSON.stringify(target)])
  const { importMs, firstRowMs } = report as { readonly importMs: number; readonly firstRowMs: number }
  return { figure: importMs, extras: { firstRowMs } }
}

async function writeScripts(): Promise<void> {
  await mkdir(folder, { recursive: true })
  const generated = await readFile(new URL('../generated/item.queries.ts', import.meta.url), 'utf8')
  const options = { compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 } }
  await writeFile(join(folder, 'item.queries.js'), transpileModule(generated, options).outputText)
  await writeFile(join(folder, 'ashlar.js'), frame(ownImports, ownFirstRow))
  await writeFile(join(folder, 'peer.js'), frame(peerImports, peerFirstRow))
}

const ownImports = `const { connect } = await import('ashlar')
const { findItem } = await import('./item.queries.js')`
const ownFirstRow = `const db = await connect({ ...target, pool: { max: 2 } })
await db.one(findItem, { itemId: 1 })
const firstRowAt = performance.now()
await db.close()`

const peerImports = `const { default: pg } = await import('pg')
await import('zod')`
const peerFirstRow = `const pool = new pg.Pool({ ...target, max: 2 })
await pool.query(${JSON.stringify(text.findItem)}, [1])
const firstRowAt = performance.now()
await pool.end()`

function frame(imports: string, firstRow: string): string {
  return `const target = JSON.parse(process.argv[2])
const startedAt = performance.now()
${imports}
const importedAt = performance.now()
${firstRow}
console.log(JSON.stringify({ importMs: importedAt - startedAt, firstRowMs: firstRowAt - startedAt }))
`
}
