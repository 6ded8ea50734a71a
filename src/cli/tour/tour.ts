/** The tour: real packages in, then what a user would ask and do, each with its query, time and index. */

import { resolve } from 'node:path'
import pc from 'picocolors'
import type { Database } from '../../database.js'
import { withDatabase } from '../connection.js'
import type { Context } from '../context.js'
import { formatHealth } from '../health-lines.js'
import { printJson, printLine, printNote } from '../output.js'
import { makeChanges } from './changes.js'
import { importPackages } from './import.js'
import { makeModifications } from './modifications.js'
import { findPackages } from './package-files.js'
import { askQuestions } from './questions.js'
import { printAnswers, printChanges, printImport, printServices, printTemplates, printTimings } from './report.js'
import { askServices, importServices } from './services.js'
import { createStopwatch } from './stopwatch.js'
import { askTemplates, importTemplates, useTemplates } from './templates.js'

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
  await withDatabase({ url, migrate: true }, async (plain) => {
    const readyMs = performance.now() - foundAt
    const stopwatch = createStopwatch()
    const db = stopwatch.watch(plain)
    const show = (print: () => void): void => {
      if (!isJson) print()
    }
    const imported = await importPackages(db, paths)
    show(() => printImport(imported, folder, readyMs))
    const answers = await askQuestions(db, imported.mostDependedOn ?? 'typescript')
    show(() => printAnswers('Questions', answers))
    const templates = await importTemplates(db, paths)
    const used = await useTemplates(db)
    const templateAnswers = await askTemplates(db)
    show(() => printTemplates(templates, folder, used, templateAnswers))
    const services = await importServices(db, resolve(folder), paths)
    const serviceAnswers = await askServices(db, imported.mostDependedOn ?? 'typescript')
    show(() => printServices(services, folder, serviceAnswers))
    const changes = await makeChanges(db)
    show(() => printChanges('Changes', changes))
    const modifications = await makeModifications(db)
    show(() => printChanges('Modifications', modifications))
    const timings = stopwatch.timings()
    show(() => printTimings(timings))
    const health = await db.health()
    if (isJson) {
      const read = { imported, answers, templates, templateAnswers, used, services, serviceAnswers }
      const report = { ...read, changes, modifications, timings }
      printJson({ ...report, health, stats: db.stats() })
    } else printEnd(db, formatHealth(health), performance.now() - startedAt, url)
  })
}

/** Any other URL may hold a password. */
function startOf(url: string | undefined): string {
  return url?.startsWith('embedded:') ? `starting ${url}` : 'connecting'
}

function printEnd(db: Database, health: readonly string[], totalMs: number, url: string | undefined): void {
  printLine(`\n${pc.bold('Health')}`)
  for (const line of health) printLine(`  ${line}`)
  const { statements, failures, connects } = db.stats().pool
  printLine(
    `  ${statements} statements outside transactions, of which the server refused ${failures}, as shown above; connections made: ${connects}`,
  )
  printLine(`\nDone in ${(totalMs / 1000).toFixed(1)} s.`)
  const [, folder] = /^embedded:(?!temp$)(.*)/.exec(url ?? '') ?? []
  if (folder !== undefined)
    printLine(pc.dim(`The data stays in ${folder}. \`${COMMAND} dev ${folder}\` keeps its server up, for psql.`))
}
