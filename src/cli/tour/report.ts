/** What the tour prints. */

import { relative, resolve } from 'node:path'
import pc from 'picocolors'
import { formatTable, printLine } from '../output.js'
import type { Change } from './changes.js'
import type { ImportReport } from './import.js'
import type { Answer } from './questions.js'
import type { ServiceReport } from './services.js'
import type { Timing } from './stopwatch.js'
import type { TemplateReport } from './templates.js'

export function printImport(report: ImportReport, folder: string, readyMs: number): void {
  const { packages, created, updated, unchanged, repeated, skipped, readMs, writeMs } = report
  printLine(pc.bold(`Imported ${packages} packages of ${relative('.', resolve(folder)) || '.'}/node_modules`))
  printLine(
    `  as project contexts: ${created} created, ${updated} updated, ${unchanged} unchanged; ${repeated} at several places, imported once; ${skipped.length} skipped`,
  )
  printLine(`  server ready in ${Math.round(readyMs)} ms, files read in ${readMs} ms, ${writeMs} ms`)
  for (const { path, reason } of skipped.slice(0, 5)) printLine(pc.dim(`  skipped ${relative('.', path)}: ${reason}`))
  if (skipped.length > 5) printLine(pc.dim(`  skipped ${skipped.length - 5} more`))
}

export function printAnswers(title: string, answers: readonly Answer[]): void {
  printLine(`\n${pc.bold(title)}`)
  printLine(
    formatTable(
      answers.map(({ question, queries, rows, ms, indexes, indexesAtScale }) => ({
        question,
        query: queries.join(', '),
        rows,
        ms: ms.toFixed(1),
        index: indexes.join(', ') || `${indexesAtScale.join(', ')} on a larger table`,
      })),
    ),
  )
  for (const { question, found } of answers) {
    if (found.length > 0) printLine(`  ${pc.dim(`${question}:`)} ${found.join(', ')}`)
  }
}

export function printTemplates(
  report: TemplateReport,
  folder: string,
  used: readonly string[],
  answers: readonly Answer[],
): void {
  const { created, updated, unchanged, files, refused } = report
  printLine()
  printLine(pc.bold(`Templates of small packages of ${relative('.', resolve(folder)) || '.'}/node_modules`))
  printLine(
    `  ${created} created, ${updated} updated, ${unchanged} unchanged, with ${files} files; variables for what differs from project to project`,
  )
  for (const { name, reason } of refused) printLine(pc.dim(`  refused ${name}: ${reason}`))
  for (const use of used) printLine(`  ${use}`)
  printAnswers('Questions about templates', answers)
}

export function printServices(report: ServiceReport, folder: string, answers: readonly Answer[]): void {
  const { services, dependencies, required, optional, loosened, refused, writeMs } = report
  printLine()
  printLine(
    pc.bold(`Services: the packages of ${relative('.', resolve(folder)) || '.'}/node_modules and what they need`),
  )
  printLine(`  services: ${services.created} created, ${services.updated} updated, ${services.unchanged} unchanged`)
  printLine(
    `  dependencies: ${required} required, ${optional} optional; ${dependencies.created} created, ${dependencies.updated} updated, ${dependencies.unchanged} unchanged; ${writeMs} ms`,
  )
  if (loosened > 0) printLine(`  ${loosened} required ones would close a cycle, and are registered as optional`)
  if (refused !== null) {
    printLine(`  tried, to be refused: ${refused.dependency}: ${refused.message}`)
    printLine(`  ${pc.dim('cycle:')} ${refused.cycle.join(' > ')}`)
  }
  printAnswers('Questions about services', answers)
}

export function printTimings(timings: readonly Timing[]): void {
  printLine(`\n${pc.bold('Timing')}`)
  printLine(
    formatTable(
      timings.map(({ call, calls, medianMs, slowestMs }) => ({
        call,
        calls,
        'median ms': medianMs.toFixed(2),
        'slowest ms': slowestMs.toFixed(2),
      })),
    ),
  )
}

export function printChanges(title: string, changes: readonly Change[]): void {
  printLine(`\n${pc.bold(title)}`)
  for (const { what, outcome } of changes) printLine(`  ${what.padEnd(34)} ${outcome}`)
}
