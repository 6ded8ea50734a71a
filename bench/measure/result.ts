/** The result of a case, as `--json` prints it. */

import { median, roundFigure } from './statistics.js'

/** Figures of one contender. Further names are the medians of what else the case measures, each in the case's README. */
export interface ContenderResult {
  readonly median: number
  /** One figure a round, in order. */
  readonly runs: readonly number[]
  readonly [extra: string]: number | readonly number[]
}

/** What a case measured. */
export interface CaseResult {
  readonly case: string
  readonly unit: string
  readonly contenders: Readonly<Record<string, ContenderResult>>
  /** Above 1: ashlar is better, whether the figure is a rate or a time. None for ashlar itself. */
  readonly ratios: Readonly<Record<string, number>>
}

/** What a case measures, and which way is better: of a rate the higher, of a time or memory the lower. */
export interface Measure {
  readonly case: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
}

/** What one round of one contender gave: the figure of the case, and others by name. */
export interface Figures {
  readonly figure: number
  readonly extras?: Readonly<Record<string, number>>
}

/** Rounds by contender. */
export type Runs = ReadonlyMap<string, readonly Figures[]>

/** The contender that the others are compared with. */
export const SUBJECT = 'ashlar'

/** Sums up the rounds of a case. Without ashlar among the contenders, or with a zero to divide by, there are no ratios. */
export function summarize({ case: name, unit, better }: Measure, runs: Runs): CaseResult {
  const contenders: Record<string, ContenderResult> = {}
  for (const [contender, figures] of runs) contenders[contender] = summarizeContender(figures)
  const own = contenders[SUBJECT]?.median
  const ratios: Record<string, number> = {}
  for (const [contender, { median: other }] of Object.entries(contenders)) {
    if (own === undefined || contender === SUBJECT) continue
    const ratio = better === 'higher' ? own / other : other / own
    if (Number.isFinite(ratio)) ratios[contender] = Number(ratio.toFixed(3))
  }
  return { case: name, unit, contenders, ratios }
}

function summarizeContender(figures: readonly Figures[]): ContenderResult {
  const runs = figures.map(({ figure }) => roundFigure(figure))
  const names = Object.keys(figures[0]?.extras ?? {})
  const extras = names.map((name) => [name, roundFigure(median(figures.map(({ extras }) => extras?.[name] ?? 0)))])
  return { median: roundFigure(median(figures.map(({ figure }) => figure))), runs, ...Object.fromEntries(extras) }
}

/** Gives a result as one line of JSON. */
export function toJsonLine(result: CaseResult): string {
  return JSON.stringify(result)
}
