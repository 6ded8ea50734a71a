/** Lists of 100 rows with 12 columns of many types: what making rows costs. */

import { allContenders } from '../contenders/all.js'
import type { Able } from '../contenders/contender.js'
import { assertEqualAnswers } from '../measure/equal-rows.js'
import { closedLoop, spread } from '../measure/load.js'
import { BUCKETS } from '../server.js'
import { type BenchCase, having, rate, runCase, SLICE_MS, WARM_UP_MS } from './bench-case.js'

const CALLERS = 16
const CONNECTIONS = 10

/** 16 callers, 10 connections. */
export const list: BenchCase = async (context) => {
  const load = (work: Lists, durationMs: number) =>
    closedLoop(CALLERS, durationMs, (turn) => work.listEntries(spread(turn, BUCKETS)))
  const result = await runCase<Lists>(context, {
    measure: { case: 'list', unit: 'calls/s', better: 'higher' },
    contenders: allContenders,
    connections: CONNECTIONS,
    can: having('listEntries'),
    async assertEqual(opened) {
      const answers = new Map<string, unknown>()
      for (const { name, work } of opened) answers.set(name, await Promise.all([1, 7].map(work.listEntries)))
      assertEqualAnswers('list', answers)
    },
    warmUp: (work) => load(work, WARM_UP_MS),
    run: async (work) => rate(await load(work, SLICE_MS)),
  })
  return [result]
}

type Lists = Able<'listEntries'>
