/** Runs contenders in turn, round by round, so that what changes on the machine meanwhile changes for all of them. */

import type { Figures, Runs } from './result.js'
import { mean } from './statistics.js'

/** One contender of a case, ready to run. */
export interface Runner {
  readonly name: string
  run(): Promise<Figures>
  /** It runs once a round, because it cannot run for less than a whole one. */
  readonly isWhole?: true
}

/** What goes on in a run of the benchmarks, for whoever waits. */
export type OnProgress = (message: string) => void

/** How often everybody runs. */
export interface Schedule {
  readonly rounds: number
  /** Slices of a round: the shorter they are, the more evenly the noise of a shared machine falls on all. */
  readonly slices: number
}

/** Runs each runner in each slice of each round, in an order that is rotated by one each time: nobody always runs first,
 *  or always after the same neighbour. A round's figures are the means of its slices. */
export async function runRounds(
  runners: readonly Runner[],
  { rounds, slices }: Schedule,
  onProgress: OnProgress,
): Promise<Runs> {
  const runs = new Map<string, Figures[]>(runners.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    onProgress(`round ${round + 1} of ${rounds}`)
    globalThis.gc?.()
    const parts = new Map<string, Figures[]>()
    for (let slice = 0; slice < slices; slice += 1) {
      for (const runner of rotated(runners, round * slices + slice)) {
        if (runner.isWhole && slice > 0) continue
        // What the one before left is not collected in the time of this one. A whole collection each time takes too long.
        globalThis.gc?.({ type: 'minor' })
        parts.set(runner.name, [...(parts.get(runner.name) ?? []), await runner.run()])
      }
    }
    for (const [name, figures] of parts) runs.get(name)?.push(meanOf(figures))
  }
  return runs
}

function meanOf(figures: readonly Figures[]): Figures {
  const names = Object.keys(figures[0]?.extras ?? {})
  return {
    figure: mean(figures.map(({ figure }) => figure)),
    extras: Object.fromEntries(names.map((name) => [name, mean(figures.map(({ extras }) => extras?.[name] ?? 0))])),
  }
}

/** Gives the items from the `by`th on, then those before it. */
export function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = items.length === 0 ? 0 : by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
