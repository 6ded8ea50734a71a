/** How each filter of `list` is served on 20,000 contexts, and what the usual `$1 IS NULL OR ...` costs instead. */

import type { NewProjectContext } from '../../src/agent/project-context.js'
import type { Database } from '../../src/database.js'
import type { Executor } from '../../src/engine/executor.js'
import { listProjectContexts } from '../../src/generated/agent/project_context.queries.js'
import { median } from '../measure/statistics.js'
import { allFilters, type FilterParams } from './null-or.js'
import { measurePlan } from './plan.js'

const CONTEXTS = 20_000
const BATCH = 5_000
const ROUNDS = 5
const CALLS = 40
/** The server plans a prepared statement anew for its first five calls, then decides. */
const WARM_UP = 6
const LIMIT = 11
/** Plans are looked at for the largest page: for a small one, walking the order and filtering can be the better plan. */
const PLAN_LIMIT = 501

/** What is asked, one filter at a time and two together. */
const cases: Readonly<Record<string, FilterParams>> = {
  owner: { owner: 'owner 7' },
  status: { statuses: ['archived'] },
  language: { language: 'Zig' },
  codebase: { codebase: { moduleKind: 'esm', features: ['rare'] } },
  techAny: { techAny: ['tech 3', 'tech 190'] },
  techAll: { techAll: ['tech 0', 'tech 17'] },
  dependsOn: { dependsOn: ['package 42'] },
  coverageFrom: { coverageFrom: 99.5 },
  coverageTo: { coverageTo: 0.5 },
  updatedAfter: { updatedAfter: new Date('2026-06-30') },
  updatedBefore: { updatedBefore: new Date('2026-01-02') },
  'owner, codebase': { owner: 'owner 50', codebase: { moduleKind: 'esm', features: ['rare'] } },
}

/** Both ways to write the list, run by the same engine. */
const ways = {
  lines: (db: Executor, params: FilterParams) =>
    db.run(listProjectContexts, { ...params, order: 'newest', limit: LIMIT }),
  nullOr: (db: Executor, params: FilterParams) => db.run(allFilters, { ...noFilter, ...params, limit: LIMIT }),
} as const

/** `auto` is the server's default; poolers and long-lived connections often end up with one generic plan. */
const planModes = { Ms: 'auto', GenericMs: 'force_generic_plan' } as const

/** Fills the table, and prints for each filter its index, its recheck, and the times of both ways. */
export async function filters(db: Database, { isJson }: { readonly isJson: boolean }): Promise<void> {
  await fill(db)
  const results = []
  for (const [filter, params] of Object.entries(cases)) {
    await assertSameRows(db, filter, params)
    const plan = await measurePlan(db, listProjectContexts, { ...params, order: 'newest', limit: PLAN_LIMIT })
    results.push({ filter, ...plan, ...(await timeWays(db, params)) })
  }
  if (isJson) process.stdout.write(`${JSON.stringify({ case: 'filters', unit: 'ms', contexts: CONTEXTS, results })}\n`)
  else console.table(Object.fromEntries(results.map(({ filter, ...result }) => [filter, result])))
}

async function assertSameRows(db: Database, filter: string, params: FilterParams): Promise<void> {
  const [lines, nullOr] = await Promise.all([ways.lines(db, params), ways.nullOr(db, params)])
  if (lines.length === 0) throw new Error(`${filter}: nothing was found`)
  if (JSON.stringify(lines) !== JSON.stringify(nullOr)) throw new Error(`${filter}: the two ways differ`)
}

/** Gives medians over interleaved rounds, by way and plan mode. */
async function timeWays(db: Database, params: FilterParams): Promise<Record<string, number>> {
  const times = new Map<string, number[]>()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [mode, planCacheMode] of Object.entries(planModes)) {
      for (const [way, call] of Object.entries(ways)) {
        const ms = await timeOf(db, (tx) => call(tx, params), planCacheMode)
        times.set(way + mode, [...(times.get(way + mode) ?? []), ms])
      }
    }
  }
  return Object.fromEntries([...times].map(([name, values]) => [name, round(median(values))]))
}

/** Gives the time of one prepared call on one connection, in ms. */
function timeOf(db: Database, call: (executor: Executor) => Promise<unknown>, planCacheMode: string): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.query(`SET LOCAL plan_cache_mode = ${planCacheMode}`)
    for (let calls = 0; calls < WARM_UP; calls += 1) await call(tx)
    const startedAt = performance.now()
    for (let calls = 0; calls < CALLS; calls += 1) await call(tx)
    return (performance.now() - startedAt) / CALLS
  })
}

const noFilter: Required<FilterParams> = {
  owner: null,
  statuses: null,
  language: null,
  codebase: null,
  configuration: null,
  techAny: null,
  techAll: null,
  dependsOn: null,
  coverageFrom: null,
  coverageTo: null,
  updatedAfter: null,
  updatedBefore: null,
}

async function fill(db: Database): Promise<void> {
  for (let from = 0; from < CONTEXTS; from += BATCH) {
    await db.projectContexts.createMany(Array.from({ length: BATCH }, (_, index) => contextOf(from + index)))
  }
  // Times spread over half a year, which the trigger would not let an update set.
  await db.query('ALTER TABLE agent.project_context DISABLE TRIGGER project_context_keep_times')
  await db.query(
    `UPDATE agent.project_context
     SET updated_at = timestamptz '2026-01-01' + (hashtext(name) & 65535) / 65536.0 * interval '181 days'`,
  )
  await db.query('ALTER TABLE agent.project_context ENABLE TRIGGER project_context_keep_times')
  await db.query('VACUUM (ANALYZE) agent.project_context')
}

/** A context with skewed, repeatable content. */
function contextOf(index: number): NewProjectContext {
  const spread = (factor: number, size: number): number => (index * factor) % size
  const names = (prefix: string, count: number, size: number): string[] => [
    ...new Set(Array.from({ length: count }, (_, at) => `${prefix} ${(index * 31 + at * at * 17) % size}`)),
  ]
  return {
    owner: `owner ${spread(7, 100)}`,
    name: `project ${index}`,
    description: 'x'.repeat(100),
    status: index % 50 === 0 ? 'archived' : index % 5 === 0 ? 'paused' : 'active',
    language: index % 100 === 0 ? 'Zig' : (['TypeScript', 'Rust', 'Go'][index % 3] ?? 'Go'),
    codebase: {
      files: spread(13, 5_000),
      bytes: spread(7_919, 10_000_000),
      moduleKind: index % 3 === 0 ? 'esm' : 'commonjs',
      features: index % 150 === 0 ? ['rare', 'types'] : ['types'],
    },
    techStack: names('tech', 5, 1_500),
    dependencies: names('package', 10, 1_000),
    testCoverage: index % 4 === 0 ? null : spread(37, 1_001) / 10,
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
