/** Point lookups by key: many callers, one caller, and coalesced. */

import { allContenders } from '../contenders/all.js'
import { ashlar, ashlarCoalesced } from '../contenders/ashlar.js'
import type { Able, Contender } from '../contenders/contender.js'
import { assertEqualAnswers } from '../measure/equal-rows.js'
import { closedLoop, spread } from '../measure/load.js'
import type { CaseResult } from '../measure/result.js'
import type { Runner } from '../measure/rounds.js'
import { runPgbench, versionOf } from '../programs.js'
import { ITEMS } from '../server.js'
import { type BenchCase, type Context, having, type Opened, rate, runCase, SLICE_MS, WARM_UP_MS } from './bench-case.js'

const CALLERS = 64
const CONNECTIONS = 10
/** It knows no shorter time. */
const PGBENCH_SECONDS = 1

/** 64 callers, 10 connections. */
export const lookup: BenchCase = async (context) => [
  await run(context, {
    name: 'lookup',
    callers: CALLERS,
    connections: CONNECTIONS,
    contenders: allContenders,
    withPgbench: true,
  }),
]

/** One caller, one connection: what a call costs when nothing overlaps. */
export const serial: BenchCase = async (context) => [
  await run(context, { name: 'serial', callers: 1, connections: 1, contenders: allContenders, withPgbench: true }),
]

/** As `lookup`; ashlar coalesces the lookups of one tick, the others do what they do. */
export const coalesced: BenchCase = async (context) => {
  const others = allContenders.filter(({ name }) => ['pg named', 'postgres.js', 'drizzle'].includes(name))
  const contenders = [ashlarCoalesced, { ...ashlar, name: 'ashlar plain' }, ...others]
  return [
    await run(context, {
      name: 'coalesced',
      callers: CALLERS,
      connections: CONNECTIONS,
      contenders,
      withPgbench: false,
    }),
  ]
}

interface LookupPlan {
  readonly name: string
  readonly callers: number
  readonly connections: number
  readonly contenders: readonly Contender[]
  readonly withPgbench: boolean
}

function run(context: Context, plan: LookupPlan): Promise<CaseResult> {
  const { name, callers, connections, contenders, withPgbench } = plan
  const load = (work: Lookups, durationMs: number) =>
    closedLoop(callers, durationMs, (turn) => work.findItem(spread(turn, ITEMS)))
  return runCase<Lookups>(context, {
    measure: { case: name, unit: 'calls/s', better: 'higher' },
    contenders,
    connections,
    can: having('findItem'),
    assertEqual: assertEqualItems,
    warmUp: (work) => load(work, WARM_UP_MS),
    run: async (work) => rate(await load(work, SLICE_MS)),
    others: withPgbench ? pgbench(context, connections) : [],
  })
}

type Lookups = Able<'findItem'>

/** Also of a key that is not there, of one that is asked for twice, and of many at once. */
export async function assertEqualItems(opened: readonly Opened<Lookups>[]): Promise<void> {
  const answers = new Map<string, unknown>()
  for (const { name, work } of opened) {
    const ids = Array.from({ length: 50 }, (_, turn) => spread(turn, ITEMS))
    answers.set(name, await Promise.all([...ids, 0, 1, 1].map((itemId) => work.findItem(itemId))))
  }
  assertEqualAnswers('lookup', answers)
}

function pgbench({ server, onProgress }: Context, connections: number): readonly Runner[] {
  if (versionOf('pgbench') === null) {
    onProgress('pgbench is left out: it is not installed')
    return []
  }
  const script = `\\set id random(1, ${ITEMS})
SELECT item_id, name, score, tags, attributes, updated_at FROM bench.item WHERE item_id = :id;
`
  const figure = () => runPgbench(server.target, script, connections, PGBENCH_SECONDS)
  return [{ name: 'pgbench', isWhole: true, run: async () => ({ figure: await figure() }) }]
}
