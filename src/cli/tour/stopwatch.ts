/** Times calls of repository functions. */

import { type Repositories, repositoryFunctions } from '../../repositories.js'

/** What the calls of one function took. */
export interface Timing {
  /** As it is called: `projectContexts.list`. */
  readonly call: string
  readonly calls: number
  readonly medianMs: number
  readonly slowestMs: number
}

/** Watches the repositories of databases, and tells what it saw. */
export interface Stopwatch {
  /** Gives `db` with repositories whose calls are timed, each from the call to the typed result. */
  watch<T extends Repositories>(db: T): T
  /** In the order of the first calls. */
  timings(): Timing[]
}

type Call = (...args: unknown[]) => Promise<unknown>

/** Makes a stopwatch. */
export function createStopwatch(): Stopwatch {
  const times = new Map<string, number[]>()

  function timed(name: string, call: Call): Call {
    return async (...args) => {
      const startedAt = performance.now()
      try {
        return await call(...args)
      } finally {
        const taken = times.get(name) ?? []
        taken.push(performance.now() - startedAt)
        times.set(name, taken)
      }
    }
  }

  return {
    watch(db) {
      const watched = Object.entries(repositoryFunctions).map(([repository, functions]) => {
        const calls = db[repository as keyof Repositories] as unknown as Readonly<Record<string, Call>>
        const entries = functions.map((name) => [name, timed(`${repository}.${name}`, calls[name] as Call)])
        return [repository, Object.fromEntries(entries)]
      })
      return { ...db, ...Object.fromEntries(watched) }
    },
    timings: () =>
      [...times].map(([call, taken]) => {
        const sorted = taken.toSorted((a, b) => a - b)
        return {
          call,
          calls: sorted.length,
          medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
          slowestMs: sorted.at(-1) ?? 0,
        }
      }),
  }
}
