/** Runs cases one after the other on one server, and tells their results. */

import { allCases } from './cases/all.js'
import { allContenders, streamContenders } from './contenders/all.js'
import { describeMachine, type Machine, toLines } from './machine.js'
import { toChart } from './measure/chart.js'
import type { CaseResult } from './measure/result.js'
import type { OnProgress } from './measure/rounds.js'
import { toTable } from './measure/table.js'
import { startServer } from './server.js'

/** What a run gave. */
export interface Outcome {
  readonly machine: Machine
  readonly results: readonly CaseResult[]
  /** Names of the cases that could not be measured; why was told. */
  readonly failed: readonly string[]
  /** Tables and machine, for the screen. */
  readonly lines: readonly string[]
  readonly svg: string
}

/** Runs the cases of these names. */
export async function runCases(names: readonly string[], onProgress: OnProgress): Promise<Outcome> {
  onProgress('starting the server and filling its tables')
  const server = await startServer()
  try {
    const packages = [...allContenders, ...streamContenders].flatMap((contender) => contender.packages)
    const machine = await describeMachine(server.admin, packages)
    for (const line of toLines(machine)) onProgress(line)
    const results: CaseResult[] = []
    const failed: string[] = []
    for (const name of names) {
      const told: OnProgress = (message) => onProgress(`${name}: ${message}`)
      try {
        results.push(...(await allCases[name as keyof typeof allCases]({ server, onProgress: told })))
      } catch (error) {
        // The others have taken minutes: they are told all the same.
        told((error as Error).stack ?? String(error))
        failed.push(name)
      }
    }
    const lines = [...results.flatMap((result) => [toTable(result), '']), ...toLines(machine)]
    return { machine, results, failed, lines, svg: toChart(results, toLines(machine)[0] ?? '') }
  } finally {
    await server.close()
  }
}
