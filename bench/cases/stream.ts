/** A million rows, read as a stream: how fast, and how much memory it takes. */

import { runTask } from '../child-process.js'
import { streamContenders } from '../contenders/all.js'
import type { Target } from '../contenders/contender.js'
import type { Report } from '../jobs.js'
import { assertEqualAnswers } from '../measure/equal-rows.js'
import { type CaseResult, type Figures, summarize } from '../measure/result.js'
import { runRounds, type Schedule } from '../measure/rounds.js'
import type { BenchCase, Context } from './bench-case.js'

const ROWS = 1_000_000
const streamSchedule: Schedule = { rounds: 3, slices: 1 }

/** Rows a second (`stream`) and by how much the process grows at most (`stream-memory`); each stream in its own process. */
export const stream: BenchCase = async (context) => {
  await fill(context)
  const answers = new Map<string, unknown>()
  const reports = new Map<string, Report[]>()
  const runners = streamContenders.map(({ name }) => ({
    name,
    async run(): Promise<Figures> {
      const report = await runStream(name, context.server.target)
      if (report.digest === undefined) context.onProgress(`${name} is left out: it has no streams`)
      else {
        answers.set(name, report.digest)
        reports.set(name, [...(reports.get(name) ?? []), report])
      }
      return { figure: 0 }
    },
  }))
  await runRounds(runners, streamSchedule, context.onProgress)
  assertEqualAnswers('stream', answers)
  await context.server.admin.query('TRUNCATE bench.reading')
  return [toResult(reports, 'stream', 'rows/s', 'rowsPerSecond'), toResult(reports, 'stream-memory', 'MB', 'growthMb')]
}

async function fill({ server: { admin }, onProgress }: Context): Promise<void> {
  onProgress('writing a million rows')
  await admin.query(
    `INSERT INTO bench.reading
     SELECT n, 'device ' || n % 1000, n / 7.0::float8, n % 3 > 0, timestamptz '2026-01-01' + n * interval '1 second'
     FROM generate_series(1, $1) AS n`,
    [ROWS],
  )
  await admin.query('VACUUM (ANALYZE) bench.reading')
}

function runStream(contender: string, target: Target): Promise<Report> {
  return runTask({ job: 'stream', contender, target, size: ROWS })
}

function toResult(
  reports: ReadonlyMap<string, readonly Report[]>,
  name: string,
  unit: string,
  field: 'rowsPerSecond' | 'growthMb',
): CaseResult {
  const better = field === 'rowsPerSecond' ? 'higher' : 'lower'
  const runs = [...reports].map(([contender, list]) => [
    contender,
    list.map((report): Figures => ({ figure: Number(report[field]), extras: { peakMb: Number(report.peakMb) } })),
  ]) as [string, Figures[]][]
  return summarize({ case: name, unit, better }, new Map(runs))
}
