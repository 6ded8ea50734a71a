import pc from 'picocolors'
import type { VerifyFinding } from '../review/verify/finding.js'
import { verify } from '../review/verify/verify.js'
import type { Context } from './context.js'
import { exitCodes } from './failure.js'
import { findingLines } from './finding-lines.js'
import { printJson, printLine } from './output.js'

/** Options of `ashlar verify`. */
export interface VerifyCommandOptions {
  readonly against: readonly string[]
  readonly live?: true
}

/** Verifies previous releases and prints what was found. Exits 1 when something breaks.
 *  @throws {VerifyError} when a release cannot be read */
export async function verifyReleases(
  { url, isJson }: Context,
  project: string,
  { against, live }: VerifyCommandOptions,
): Promise<void> {
  const isLive = url !== undefined || live === true
  const report = await verify({ project, against, live: isLive ? { url: url ?? null } : null })
  const breaks = report.findings.filter(({ severity }) => severity === 'breaks').length
  if (breaks > 0) process.exitCode = exitCodes.failed
  if (isJson) {
    printJson(report)
    return
  }
  for (const alike of groupAlike(report.findings)) for (const line of shown(alike)) printLine(line)
  for (const { name, queries, variants } of report.releases) {
    printLine(`${pc.bold(name)}: ${queries} queries, ${variants} variants prepared`)
  }
  const notices = report.findings.length - breaks
  const verdict =
    breaks > 0
      ? pc.red(`${breaks === 1 ? '1 finding breaks' : `${breaks} findings break`} the running release`)
      : pc.green('nothing breaks')
  printLine(`${verdict}${notices === 0 ? '' : `, ${notices} to look at`}`)
}

/** One change concerns many queries of a file: what is said of them is said once. */
function groupAlike(findings: readonly VerifyFinding[]): readonly (readonly VerifyFinding[])[] {
  const groups = new Map<string, VerifyFinding[]>()
  for (const finding of findings) {
    const { release, severity, rule, file, message, advice } = finding
    const key = JSON.stringify([release, severity, rule, file, message, advice])
    groups.set(key, [...(groups.get(key) ?? []), finding])
  }
  return [...groups.values()]
}

function shown(alike: readonly VerifyFinding[]): readonly string[] {
  const [finding] = alike
  if (finding === undefined) return []
  const { severity, migration } = finding
  const mark = severity === 'breaks' ? pc.red('breaks') : pc.yellow('notice')
  const by = migration === null ? '' : ` (${migration.file}:${migration.line})`
  const subject = alike.map((each) => each.subject).join(', ')
  const [first = '', ...rest] = findingLines({ ...finding, subject, message: `${finding.message}${by}` })
  return [`${mark} ${first}`, ...rest]
}
