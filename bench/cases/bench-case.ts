/** What a case is, and the frame that most of them share. */

import type { Able, Contender, Work } from '../contenders/contender.js'
import { type CaseResult, type Figures, type Measure, summarize } from '../measure/result.js'
import { type OnProgress, type Runner, runRounds, type Schedule } from '../measure/rounds.js'
import type { BenchServer } from '../server.js'

/** What a case gets. */
export interface Context {
  readonly server: BenchServer
  readonly onProgress: OnProgress
}

/** Measures one thing, or a few that are measured together. */
export type BenchCase = (context: Context) => Promise<readonly CaseResult[]>

/** Of cases that measure for a time: five rounds of a second for each contender. */
const schedule: Schedule = { rounds: 5, slices: 4 }
export const SLICE_MS = 250
export const WARM_UP_MS = 400

/** An open contender. */
export interface Opened<W extends Work> {
  readonly name: string
  readonly work: W
}

/** What {@link runCase} needs beside the contenders. */
export interface CasePlan<W extends Work> {
  readonly measure: Measure
  readonly contenders: readonly Contender[]
  /** For each contender. */
  readonly connections: number
  /** What the contender must have, else it is left out, with a note. */
  readonly can: (work: Work) => work is W
  /** Throws unless all contenders answer alike. Before anything is timed. */
  readonly assertEqual: (opened: readonly Opened<W>[]) => Promise<void>
  /** Brings caches and prepared statements up. */
  readonly warmUp: (work: W) => Promise<unknown>
  readonly run: (work: W) => Promise<Figures>
  /** Limits that are no npm package. */
  readonly others?: readonly Runner[]
  /** Default: five rounds of four slices. */
  readonly schedule?: Schedule
}

/** Opens the contenders, compares their answers, warms them up, runs the rounds, and sums up. */
export async function runCase<W extends Work>({ server, onProgress }: Context, plan: CasePlan<W>): Promise<CaseResult> {
  const opened = await openAll({ server, onProgress }, plan)
  try {
    await plan.assertEqual(opened)
    for (const { name, work } of opened) {
      onProgress(`warm-up: ${name}`)
      await plan.warmUp(work)
    }
    const runners = opened.map(({ name, work }) => ({ name, run: () => plan.run(work) }))
    const runs = await runRounds([...runners, ...(plan.others ?? [])], plan.schedule ?? schedule, onProgress)
    return summarize(plan.measure, runs)
  } finally {
    await Promise.all(opened.map(({ work }) => work.close()))
  }
}

async function openAll<W extends Work>(
  { server, onProgress }: Context,
  { contenders, connections, can }: CasePlan<W>,
): Promise<readonly Opened<W>[]> {
  const opened: Opened<W>[] = []
  for (const { name, open } of contenders) {
    const work = await open(server.target, connections)
    if (can(work)) opened.push({ name, work })
    else {
      onProgress(`${name} is left out: it cannot do this`)
      await work.close()
    }
  }
  return opened
}

/** Gives a guard for works that have a method. */
export function having<K extends keyof Work>(...names: readonly K[]) {
  return (work: Work): work is Able<K> => names.every((name) => work[name] !== undefined)
}

/** Gives calls a second as the figure. */
export function rate({ calls, elapsedMs }: { readonly calls: number; readonly elapsedMs: number }): Figures {
  return { figure: (calls * 1_000) / elapsedMs }
}
