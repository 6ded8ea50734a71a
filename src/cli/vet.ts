import pc from 'picocolors'
import { ConfigError } from '../errors.js'
import { ruleTexts } from '../review/vet/rules.js'
import { vet } from '../review/vet/vet.js'
import type { Context } from './context.js'
import { exitCodes, UsageError } from './failure.js'
import { findingLines } from './finding-lines.js'
import { nearNames } from './near-names.js'
import { counted, printJson, printLine } from './output.js'

/** Options of `ashlar vet`. */
export interface VetFlags {
  readonly rule?: readonly string[]
  readonly query?: readonly string[]
  readonly rules?: true
}

/** Vets the queries of a project, or lists the rules. Sets the exit code when something is found.
 *  @throws {UsageError} when there is no such rule or query */
export async function vetQueries({ isJson }: Context, project: string, flags: VetFlags): Promise<void> {
  if (flags.rules === true) {
    listRules(isJson)
    return
  }
  for (const name of flags.rule ?? []) refuseUnknown(name)
  const start = performance.now()
  const report = await vet(project, {
    ...(flags.rule === undefined ? {} : { rules: flags.rule }),
    ...(flags.query === undefined ? {} : { queries: flags.query }),
  }).catch((error: unknown) => {
    throw error instanceof ConfigError && error.field === 'query' ? new UsageError(error.message) : error
  })
  const durationMs = Math.round(performance.now() - start)
  const { findings, queries, variants, rules } = report
  if (findings.length > 0) process.exitCode = exitCodes.failed
  if (isJson) {
    printJson({ findings, queries, variants, rules, durationMs })
    return
  }
  for (const finding of findings) printLine(findingLines(finding).join('\n'))
  const result = findings.length === 0 ? pc.green('clean') : pc.red(counted(findings.length, 'finding'))
  const seconds = (durationMs / 1000).toFixed(1)
  printLine(
    `${counted(queries, 'query', 'queries')}, ${counted(variants, 'variant')} prepared, ${counted(rules.length, 'rule')}, ${seconds} s: ${result}`,
  )
}

function listRules(isJson: boolean): void {
  if (isJson) {
    printJson(ruleTexts)
    return
  }
  const width = Math.max(...ruleTexts.map(({ name }) => name.length))
  for (const { name, why } of ruleTexts) printLine(`${pc.bold(name.padEnd(width))}  ${why}`)
}

function refuseUnknown(name: string): void {
  const names = ruleTexts.map((rule) => rule.name)
  if (names.includes(name)) return
  const near = nearNames(name, names)
  const advice = near.length === 0 ? '`ashlar vet --rules` lists all' : `did you mean ${near.join(', ')}?`
  throw new UsageError(`there is no rule ${name} (${advice})`)
}
