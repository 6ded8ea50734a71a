/** A server 20 ms away: how many round trips things take. */

import { allContenders } from '../contenders/all.js'
import type { Able, Contender } from '../contenders/contender.js'
import { startDelayProxy } from '../delay-proxy.js'
import { spread } from '../measure/load.js'
import type { Schedule } from '../measure/rounds.js'
import { ACCOUNTS, ITEMS } from '../server.js'
import { type BenchCase, type Context, having, runCase } from './bench-case.js'
import { assertEqualItems } from './lookup.js'

const ROUND_TRIP_MS = 20
/** Of which ashlar uses four as lanes. */
const CONNECTIONS = 8
const LOOKUPS = 100
const TRANSACTIONS = 5

const farSchedule: Schedule = { rounds: 5, slices: 1 }

const names = ['ashlar', 'pg', 'pg named', 'pgtyped', 'postgres.js', 'drizzle']
const contenders: readonly Contender[] = allContenders.filter(({ name }) => names.includes(name))

/** A transaction of two writes, and 100 lookups at once over 8 connections; in round trips. */
export const far: BenchCase = async (context) => {
  const proxy = await startDelayProxy(context.server.target, ROUND_TRIP_MS / 2)
  try {
    const away: Context = { ...context, server: { ...context.server, target: proxy.target } }
    return [await transactions(away), await lookups(away)]
  } finally {
    await proxy.close()
  }
}

function transactions(context: Context) {
  return runCase<Able<'findItem' | 'transfer'>>(context, {
    measure: { case: 'far-transaction', unit: 'round trips', better: 'lower' },
    contenders,
    connections: CONNECTIONS,
    can: having('findItem', 'transfer'),
    assertEqual: assertEqualItems,
    warmUp: (work) => Promise.all(Array.from({ length: CONNECTIONS * 2 }, (_, turn) => work.transfer(turn + 1, 1))),
    schedule: farSchedule,
    run: async (work) => {
      const startedAt = performance.now()
      for (let turn = 0; turn < TRANSACTIONS; turn += 1) await work.transfer(spread(turn, ACCOUNTS), 1)
      return { figure: (performance.now() - startedAt) / TRANSACTIONS / ROUND_TRIP_MS }
    },
  })
}

function lookups(context: Context) {
  return runCase<Able<'findItem'>>(context, {
    measure: { case: 'far-lookups', unit: 'round trips', better: 'lower' },
    contenders,
    connections: CONNECTIONS,
    can: having('findItem'),
    assertEqual: assertEqualItems,
    warmUp: (work) => Promise.all(Array.from({ length: LOOKUPS }, (_, turn) => work.findItem(spread(turn, ITEMS)))),
    schedule: farSchedule,
    run: async (work) => {
      const startedAt = performance.now()
      await Promise.all(Array.from({ length: LOOKUPS }, (_, turn) => work.findItem(spread(turn, ITEMS))))
      return { figure: (performance.now() - startedAt) / ROUND_TRIP_MS }
    },
  })
}
