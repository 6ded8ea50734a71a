/** 100,000 rows into an empty table with a primary key. */

import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { allContenders } from '../contenders/all.js'
import type { Able, LoadRow, Target } from '../contenders/contender.js'
import { assertEqualAnswers } from '../measure/equal-rows.js'
import type { Figures } from '../measure/result.js'
import type { Runner, Schedule } from '../measure/rounds.js'
import { runProgram, versionOf } from '../programs.js'
import { type BenchCase, having, runCase } from './bench-case.js'

const ROWS = 100_000
/** A load takes seconds; three rounds are as steady as five of the shorter cases. */
const bulkSchedule: Schedule = { rounds: 3, slices: 1 }
const SAMPLE = 2_000

/** Each contender by its best way for many rows: COPY where it has one, else its best multi-row INSERT. */
export const bulk: BenchCase = async (context) => {
  const { admin, target } = context.server
  const rows = Array.from({ length: ROWS }, (_, index) => rowOf(index))
  const file = join(tmpdir(), `ashlar-bench-${process.pid}.copy`)
  const psql = await psqlRunner(rows, file, { admin, target }, context.onProgress)
  try {
    const result = await runCase<Able<'load'>>(context, {
      measure: { case: 'bulk', unit: 'rows/s', better: 'higher' },
      // Named or not, it is the same one statement.
      contenders: allContenders.filter(({ name }) => name !== 'pg named'),
      connections: 1,
      can: having('load'),
      async assertEqual(opened) {
        const sample = rows.slice(0, SAMPLE)
        const answers = new Map<string, unknown>()
        for (const { name, work } of opened) {
          await admin.query('TRUNCATE bench.load')
          await work.load(sample)
          answers.set(name, await fingerprint(admin))
        }
        assertEqualAnswers('bulk', answers)
      },
      // The sample was it.
      warmUp: async () => {},
      run: (work) => timed(admin, () => work.load(rows)),
      others: psql,
      schedule: bulkSchedule,
    })
    return [result]
  } finally {
    await rm(file, { force: true })
    await admin.query('TRUNCATE bench.load')
  }
}

function rowOf(index: number): LoadRow {
  return {
    number: index + 1,
    name: `row ${index}, with a "quote" and a \\ in it`,
    tags: [`tag ${index % 17}`, 'a, comma', 'plain'],
    payload: { index, kind: 'bulk', parts: [index % 3, index % 5], note: null },
    loadedAt: new Date(1_767_225_600_000 + index * 1_000),
  }
}

async function timed(admin: Client, load: () => Promise<unknown>): Promise<Figures> {
  await admin.query('TRUNCATE bench.load')
  const startedAt = performance.now()
  await load()
  const elapsedMs = performance.now() - startedAt
  const { rows } = await admin.query<{ count: string }>('SELECT count(*) FROM bench.load')
  if (Number(rows[0]?.count) !== ROWS) throw new Error('bulk: not all rows were written')
  return { figure: (ROWS * 1_000) / elapsedMs }
}

async function fingerprint(admin: Client): Promise<unknown> {
  const { rows } = await admin.query(
    `SELECT count(*), md5(string_agg(load::text, '|' ORDER BY number)) AS rows, min(load::text) AS first FROM bench.load`,
  )
  return rows
}

async function psqlRunner(
  rows: readonly LoadRow[],
  file: string,
  { admin, target }: { readonly admin: Client; readonly target: Target },
  onProgress: (message: string) => void,
): Promise<readonly Runner[]> {
  if (versionOf('psql') === null) {
    onProgress('psql is left out: it is not installed')
    return []
  }
  await writeFile(file, rows.map(toCopyLine).join(''))
  const command = `\\copy bench.load (number, name, tags, payload, loaded_at) FROM '${file}'`
  return [{ name: 'psql', run: () => timed(admin, () => runProgram('psql', ['-Xq', '-c', command], target)) }]
}

/** A line in COPY's text format. */
function toCopyLine({ number, name, tags, payload, loadedAt }: LoadRow): string {
  const array = `{${tags.map((tag) => `"${tag}"`).join(',')}}`
  const columns = [String(number), name, array, JSON.stringify(payload), loadedAt.toISOString()]
  return `${columns.map((column) => column.replaceAll('\\', '\\\\')).join('\t')}\n`
}
