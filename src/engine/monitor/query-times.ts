/** How long the calls of each query took. */

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Times of one query's calls, from call to answer, waits and retries included. */
export interface QueryStats {
  /** Calls that are over, the failed ones included. */
  readonly calls: number
  readonly failures: number
  /** In ms, exact to two digits. */
  readonly minMs: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Queries that have times of their own; those that come later share one, `OTHERS`. A histogram takes 20 KB. */
const MAX_QUERIES = 500
const OTHERS = '(others)'
/** The longest time that is told apart, in us: ten hours. */
const HIGHEST_US = 36_000_000_000

interface Times {
  readonly histogram: RecordableHistogram
  failures: number
}

export class QueryTimes {
  readonly #byQuery = new Map<string, Times>()

  add(query: string, ms: number, hasFailed: boolean): void {
    let times = this.#byQuery.get(query)
    if (times === undefined) times = this.#open(query)
    times.histogram.record(Math.min(HIGHEST_US, Math.max(1, Math.round(ms * 1_000))))
    if (hasFailed) times.failures += 1
  }

  stats(): Readonly<Record<string, QueryStats>> {
    return Object.fromEntries([...this.#byQuery].map(([query, times]) => [query, statsOf(times)]))
  }

  #open(query: string): Times {
    const name = this.#byQuery.size < MAX_QUERIES ? query : OTHERS
    let times = this.#byQuery.get(name)
    if (times === undefined) {
      times = { histogram: createHistogram({ lowest: 1, highest: HIGHEST_US, figures: 2 }), failures: 0 }
      this.#byQuery.set(name, times)
    }
    return times
  }
}

function statsOf({ histogram, failures }: Times): QueryStats {
  const inMs = (us: number): number => Math.round(us) / 1_000
  return {
    calls: histogram.count,
    failures,
    minMs: inMs(histogram.min),
    meanMs: inMs(histogram.mean),
    p50Ms: inMs(histogram.percentile(50)),
    p90Ms: inMs(histogram.percentile(90)),
    p99Ms: inMs(histogram.percentile(99)),
    maxMs: inMs(histogram.max),
  }
}
