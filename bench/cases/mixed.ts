/** One call in a hundred of the same statement takes 50 ms: what the others wait because of it. */

import { allContenders, fewContenders } from '../contenders/all.js'
import type { Able, Contender } from '../contenders/contender.js'
import { assertEqualAnswers } from '../measure/equal-rows.js'
import { closedLoop, openLoop, spread } from '../measure/load.js'
import type { CaseResult, Figures } from '../measure/result.js'
import type { Schedule } from '../measure/rounds.js'
import { percentile } from '../measure/statistics.js'
import { ITEMS } from '../server.js'
import { type BenchCase, type Context, having, runCase, WARM_UP_MS } from './bench-case.js'

const CALLERS = 64
const CONNECTIONS = 10
/** Longer than other rounds: the slowest hundredth must be many calls. */
const MIXED_ROUND_MS = 2_000
/** Below what any of the contenders can do on two cores, so that all get the same work. */
const CALLS_PER_SECOND = 2_000
const mixedSchedule: Schedule = { rounds: 5, slices: 1 }
const SLOW_SHARE = 100

const contenders: readonly Contender[] = [...fewContenders, ...allContenders.filter(({ name }) => name === 'pgtyped')]

/** 64 callers, each calling again when it is answered. */
export const mixed: BenchCase = async (context) => [
  await run(context, 'mixed', (work, waits) =>
    closedLoop(CALLERS, MIXED_ROUND_MS, (turn) => call(work, turn, performance.now(), waits)),
  ),
]

/** Calls at a fixed rate: waits count from when a call was due, and all contenders do the same work. */
export const mixedRate: BenchCase = async (context) => [
  await run(context, 'mixed-rate', (work, waits) =>
    openLoop(CALLS_PER_SECOND, MIXED_ROUND_MS, (turn, dueAt) => call(work, turn, dueAt, waits)),
  ),
]

type Lookups = Able<'findItemSlowly'>
type Load = (work: Lookups, waits: number[]) => Promise<{ readonly calls: number; readonly elapsedMs: number }>

function run(context: Context, name: string, load: Load): Promise<CaseResult> {
  return runCase<Lookups>(context, {
    measure: { case: name, unit: 'ms', better: 'lower' },
    contenders,
    connections: CONNECTIONS,
    can: having('findItemSlowly'),
    async assertEqual(opened) {
      const answers = new Map<string, unknown>()
      for (const { name, work } of opened) {
        answers.set(name, await Promise.all([1, 2].map((itemId) => work.findItemSlowly(itemId, itemId === 2))))
      }
      assertEqualAnswers(name, answers)
    },
    warmUp: (work) => closedLoop(CALLERS, WARM_UP_MS, (turn) => work.findItemSlowly(spread(turn, ITEMS), false)),
    run: (work) => measure(work, load),
    schedule: mixedSchedule,
  })
}

/** Waits of fast calls only: the slow ones are slow for everybody. */
async function measure(work: Lookups, load: Load): Promise<Figures> {
  const waits: number[] = []
  const { calls, elapsedMs } = await load(work, waits)
  return {
    figure: percentile(waits, 0.99),
    extras: { p50: percentile(waits, 0.5), callsPerSecond: (calls * 1_000) / elapsedMs },
  }
}

async function call(work: Lookups, turn: number, since: number, waits: number[]): Promise<void> {
  const isSlow = turn % SLOW_SHARE === 0
  await work.findItemSlowly(spread(turn, ITEMS), isSlow)
  if (!isSlow) waits.push(performance.now() - since)
}
