/** The tour: real packages in, then what a user would ask and do, each with its query, time and index. */

import { relative, resolve } from 'node:path'
import pc from 'picocolors'
import type { Database } from '../../database.js'
import { withDatabase } from '../connection.js'
import type { Context } from '../context.js'
import { formatHealth } from '../health.js'
import { formatTable, printJson, printLine, printNote } from '../output.js'
import { type Change, makeChanges } from './changes.js'
import { type ImportReport, importPackages } from './import.js'
import { findPackages } from './packages.js'
import { type Answer, askQuestions } from './questions.js'

/** How this very program is called: from its sources, or as it was installed. */
const COMMAND = import.meta.url.endsWith('.ts') ? 'npm run ashlar --' : 'npx ashlar'

/** Imports the packages of a folder and shows what ashlar does with them.
 *  @throws {Error} when there are none */
export async function tour({ url, isJson }: Context, folder: string): Promise<void> {
  const startedAt = performance.now()
  const paths = await findPackages(resolve(folder))
  if (paths.length === 0) throw new Error(`${folder} has no node_modules with packages; try another folder`)
  const foundAt = performance.now()
  if (!isJson) printNote(pc.dim(`${startOf(url)} and applying migrations ...`))
  await withDatabase({ url, migrate: true }, async (db) => {
    const readyMs = performance.now() - foundAt
    const imported = await importPackages(db, paths)
    if (!isJson) printImport(imported, folder, readyMs)
    const answers = await askQuestions(db, imported.mostDependedOn ?? 'typescript')
    if (!isJson) printAnswers(answers)
    const changes = await makeChanges(db)
    if (!isJson) printChanges(changes)
    const health = await db.health()
    if (isJson) printJson({ imported, answers, changes, health, stats: db.stats() })
    else printEnd(db, formatHealth(health), performance.now() - startedAt, url)
  })
}

/** Any other URL may hold a password. */
function startOf(url: string | undefined): string {
  return url?.startsWith('embedded:') ? `starting ${url}` : 'connecting'
}

function printImport(report: ImportReport, folder: string, readyMs: number): void {
  const { packages, created, updated, unchanged, repeated, skipped, readMs, writeMs } = report
  printLine(pc.bold(`Imported ${packages} packages of ${relative('.', resolve(folder)) || '.'}/node_modules`))
  printLine(
    `  ${created} created, ${updated} updated, ${unchanged} unchanged, ${repeated} repeated, ${skipped.length} skipped`,
  )
  printLine(`  server ready in ${Math.round(readyMs)} ms, files read in ${readMs} ms, rows written in ${writeMs} ms`)
  for (const { path, reason } of skipped.slice(0, 5)) printLine(pc.dim(`  skipped ${relative('.', path)}: ${reason}`))
  if (skipped.length > 5) printLine(pc.dim(`  skipped ${skipped.length - 5} more`))
}

function printAnswers(answers: readonly Answer[]): void {
  printLine(`\n${pc.bold('Questions')}`)
  printLine(
    formatTable(
      answers.map(({ question, queries, rows, ms, indexes, indexesAtScale }) => ({
        question,
        query: queries.join(', '),
        rows,
        ms: ms.toFixed(1),
        index: indexes.join(', ') || `sequential scan (larger: ${indexesAtScale.join(', ')})`,
      })),
    ),
  )
  for (const { question, found } of answers) {
    if (found.length > 0) printLine(`  ${pc.dim(`${question}:`)} ${found.join(', ')}`)
  }
}

function printChanges(changes: readonly Change[]): void {
  printLine(`\n${pc.bold('Changes')}`)
  for (const { what, outcome } of changes) printLine(`  ${what.padEnd(34)} ${outcome}`)
}

function printEnd(db: Database, health: readonly string[], totalMs: number, url: string | undefined): void {
  printLine(`\n${pc.bold('Health')}`)
  for (const line of health) printLine(`  ${line}`)
  const { statements, failures, connects } = db.stats().pool
  printLine(`  ${statements} statements outside transactions, ${failures} refused, over ${connects} connections`)
  printLine(`\nDone in ${(totalMs / 1000).toFixed(1)} s.`)
  const [, folder] = /^embedded:(?!temp$)(.*)/.exec(url ?? '') ?? []
  if (folder !== undefined) printLine(pc.dim(`\`${COMMAND} dev ${folder}\` keeps this server up, for psql.`))
}
