/** Imports packages in bulk, with progress. */

import { SingleBar } from 'cli-progress'
import type { NewProjectContext } from '../../agent/project-context.js'
import type { Database } from '../../database.js'
import { ValidationError } from '../../errors.js'
import { readContext } from './package-context.js'

/** Contexts a statement: large enough that the round trip does not matter, small enough to show progress. */
const BATCH = 100

/** What an import did. */
export interface ImportReport {
  readonly packages: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  /** Same name and version at several places: imported once. */
  readonly repeated: number
  /** Folders without a readable manifest, and packages that ashlar refused, with the reason. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
  /** The package that most others depend on; null when none does. */
  readonly mostDependedOn: string | null
  readonly readMs: number
  readonly writeMs: number
}

/** Makes a project context of each package, given by its folder. Each batch is written whole or not at all. */
export async function importPackages(db: Database, paths: readonly string[]): Promise<ImportReport> {
  const counts = { created: 0, updated: 0, unchanged: 0 }
  const skipped: { path: string; reason: string }[] = []
  const names = new Set<string>()
  const dependents = new Map<string, number>()
  let repeated = 0
  let readMs = 0
  let writeMs = 0
  const bar = new SingleBar({
    format: 'importing {bar} {value}/{total} packages',
    clearOnComplete: true,
    noTTYOutput: false,
    // Without it, Ctrl-C would leave a terminal that cuts long lines off.
    linewrap: true,
  })
  bar.start(paths.length, 0)
  try {
    for (let from = 0; from < paths.length; from += BATCH) {
      const startedAt = performance.now()
      const batch: NewProjectContext[] = []
      for (const path of paths.slice(from, from + BATCH)) {
        const context = await readContext(path)
        if (context === null) skipped.push({ path, reason: 'no package.json with a name' })
        else if (names.has(context.name)) repeated += 1
        else {
          names.add(context.name)
          batch.push(context)
          for (const name of context.dependencies ?? []) dependents.set(name, (dependents.get(name) ?? 0) + 1)
        }
      }
      const readAt = performance.now()
      readMs += readAt - startedAt
      for (const { outcome } of await upsertBatch(db, batch, skipped)) counts[outcome] += 1
      writeMs += performance.now() - readAt
      bar.update(Math.min(from + BATCH, paths.length))
    }
  } finally {
    bar.stop()
  }
  return {
    packages: paths.length,
    ...counts,
    repeated,
    skipped,
    mostDependedOn: keyOfGreatest(dependents),
    readMs: Math.round(readMs),
    writeMs: Math.round(writeMs),
  }
}

/** Upserts a batch; when it holds a package that ashlar refuses, the others one by one. */
async function upsertBatch(
  db: Database,
  batch: readonly NewProjectContext[],
  skipped: { path: string; reason: string }[],
) {
  try {
    return await db.projectContexts.upsertMany(batch)
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
  }
  const results = []
  for (const context of batch) {
    try {
      results.push(...(await db.projectContexts.upsertMany([context])))
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      skipped.push({ path: context.name, reason: error.message })
    }
  }
  return results
}

function keyOfGreatest(counts: ReadonlyMap<string, number>): string | null {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0] ?? null
}
