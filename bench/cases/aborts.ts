/** 1,000 calls aborted at random moments, reads and writes, beside as many that nobody aborts. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type AshlarWork, openAshlar } from '../contenders/ashlar.js'
import { spread } from '../measure/load.js'
import { type Figures, SUBJECT, summarize } from '../measure/result.js'
import { runRounds, type Schedule } from '../measure/rounds.js'
import { ITEMS } from '../server.js'
import type { BenchCase } from './bench-case.js'

const CONNECTIONS = 10
const abortsSchedule: Schedule = { rounds: 3, slices: 1 }
const CALLS = 1_000
/** Calls are started over this time, so that aborts meet them waiting, under way and answered. */
const START_WITHIN_MS = 1_000
const ABORT_WITHIN_MS = 60
const SLOW_SHARE = 10
/** What a caller may have to wait after its abort. */
const SETTLE_WITHIN_MS = 1_000

/** The longest time from an abort until its call settled, in ms, and what became of the calls. `harmed` counts calls that
 *  were not aborted and failed all the same, or got another's row. It must be 0. */
export const aborts: BenchCase = async ({ server, onProgress }) => {
  const work = await openAshlar(server.target, CONNECTIONS)
  try {
    const runs = await runRounds([{ name: SUBJECT, run: () => abortMany(work) }], abortsSchedule, onProgress)
    return [summarize({ case: 'aborts', unit: 'ms', better: 'lower' }, runs)]
  } finally {
    await work.close()
    await server.admin.query('TRUNCATE bench.note')
  }
}

async function abortMany(work: AshlarWork): Promise<Figures> {
  const counts = { aborted: 0, answered: 0, late: 0, harmed: 0 }
  let longest = 0
  const abortable = Array.from({ length: CALLS }, async (_, turn) => {
    await sleep(Math.random() * START_WITHIN_MS)
    const controller = new AbortController()
    let abortedAt: number | null = null
    const timer = setTimeout(() => {
      abortedAt = performance.now()
      controller.abort()
    }, Math.random() * ABORT_WITHIN_MS)
    const wasAnswered = await startCall(work, turn, controller.signal)
    clearTimeout(timer)
    counts[wasAnswered ? 'answered' : 'aborted'] += 1
    const waited = abortedAt === null ? 0 : performance.now() - abortedAt
    if (waited > SETTLE_WITHIN_MS) counts.late += 1
    longest = Math.max(longest, waited)
  })
  const others = Array.from({ length: CALLS }, async (_, turn) => {
    await sleep(Math.random() * START_WITHIN_MS)
    const itemId = spread(turn, ITEMS)
    const found = await work.findItem?.(itemId).catch(() => undefined)
    if (found?.itemId !== itemId) counts.harmed += 1
  })
  await Promise.all([...abortable, ...others])
  return { figure: longest, extras: counts }
}

/** Half of the calls read and half of them write; tells whether the call was answered. */
async function startCall(work: AshlarWork, turn: number, signal: AbortSignal): Promise<boolean> {
  const isSlow = turn % SLOW_SHARE === 0
  const call =
    turn % 2 === 0
      ? work.abortableRead(spread(turn, ITEMS), isSlow, { signal })
      : work.abortableWrite('ada', isSlow, { signal })
  return call.then(
    () => true,
    () => false,
  )
}
