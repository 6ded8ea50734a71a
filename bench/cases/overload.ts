/** 200,000 lookups started at once: memory must stay bounded, and every call must settle. */

import { runTask } from '../child-process.js'
import { SUBJECT, summarize } from '../measure/result.js'
import { runRounds, type Schedule } from '../measure/rounds.js'
import type { BenchCase } from './bench-case.js'

const CALLS = 200_000
const overloadSchedule: Schedule = { rounds: 3, slices: 1 }

/** By how much the process grows at most, in MB, and what became of the calls: the counts add up to all of them. */
export const overload: BenchCase = async ({ server, onProgress }) => {
  const run = async () => {
    const report = await runTask({ job: 'overload', contender: SUBJECT, target: server.target, size: CALLS })
    const { growthMb = 0, answered = 0, overloaded = 0, failed = 0, elapsedMs = 0 } = report as Record<string, number>
    const settled = answered + overloaded + failed
    if (settled !== CALLS) throw new Error(`overload: only ${settled} of ${CALLS} calls settled`)
    return { figure: growthMb, extras: { settled, answered, overloaded, failed, elapsedMs } }
  }
  const runs = await runRounds([{ name: SUBJECT, run }], overloadSchedule, onProgress)
  return [summarize({ case: 'overload', unit: 'MB', better: 'lower' }, runs)]
}
