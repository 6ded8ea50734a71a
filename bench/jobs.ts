/** What a child process can be asked to do. */

import { createHash } from 'node:crypto'
import { streamContenders } from './contenders/all.js'
import { openAshlar } from './contenders/ashlar.js'
import type { Reading, Target } from './contenders/contender.js'
import { spread } from './measure/load.js'
import { ITEMS } from './server.js'

/** A task, as it is passed to the child. */
export interface Task {
  readonly job: keyof typeof jobs
  readonly contender: string
  readonly target: Target
  /** Rows or calls. */
  readonly size: number
}

/** What a job gives: numbers, and a digest where rows are to be compared. */
export type Report = Readonly<Record<string, number | string>>

export type Job = (task: Task) => Promise<Report>

const BATCH_SIZE = 1_000
const DIGEST_ROWS = 1_000
const MB = 2 ** 20

/** Reads all rows. The digest covers the first of them, and the number and a sum of all. A contender without streams reports nothing. */
async function stream({ contender: name, target, size }: Task): Promise<Report> {
  const contender = streamContenders.find((known) => known.name === name)
  const work = await contender?.open(target, 2)
  if (work?.readReadings === undefined) {
    await work?.close()
    return {}
  }
  // Opens the connection and loads code.
  for await (const _ of work.readReadings(1, BATCH_SIZE));
  const hash = createHash('md5')
  const memory = watchMemory()
  const startedAt = performance.now()
  let rows = 0
  let sum = 0
  for await (const row of work.readReadings(size, BATCH_SIZE)) {
    rows += 1
    sum += row.value
    if (rows <= DIGEST_ROWS) hash.update(digestible(row))
    if (rows % BATCH_SIZE === 0) memory.sample()
  }
  const elapsedMs = performance.now() - startedAt
  const growthMb = memory.growthMb()
  await work.close()
  hash.update(`${rows} ${sum}`)
  return { rowsPerSecond: (rows * 1_000) / elapsedMs, growthMb, peakMb: memory.peakMb(), digest: hash.digest('hex') }
}

function digestible({ readingId, device, value, isValid, takenAt }: Reading): string {
  return JSON.stringify([readingId, device, value, isValid, takenAt.toISOString()])
}

/** Starts all lookups at once and waits for each to settle. */
async function overload({ target, size }: Task): Promise<Report> {
  const work = await openAshlar(target, 10)
  await Promise.all(Array.from({ length: 1_000 }, (_, turn) => work.findItem?.(spread(turn, ITEMS))))
  const memory = watchMemory()
  const counts: Record<string, number> = { answered: 0, overloaded: 0, failed: 0 }
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  const startedAt = performance.now()
  const calls = Array.from({ length: size }, (_, turn) =>
    work.findItem?.(spread(turn, ITEMS)).then(
      () => count('answered'),
      // By name: a version without the class never throws it.
      (error: unknown) => count((error as Error).name === 'PoolOverloadedError' ? 'overloaded' : 'failed'),
    ),
  )
  memory.sample()
  const timer = setInterval(memory.sample, 5)
  await Promise.all(calls)
  clearInterval(timer)
  const elapsedMs = performance.now() - startedAt
  await work.close()
  return { growthMb: memory.growthMb(), elapsedMs, ...counts }
}

/** Watches the memory that the process holds, from a collected heap on. */
function watchMemory() {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let peak = before
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  return {
    sample,
    peakMb: (): number => peak / MB,
    growthMb(): number {
      sample()
      return (peak - before) / MB
    },
  }
}

export const jobs = { stream, overload } as const
