/** How `check` and `init` show their steps: one line each, and what to do where one is not as it should be. */

import pc from 'picocolors'
import type { Details, StepResult } from '../check/step.js'
import { plainText } from './output.js'

const marks: Readonly<Record<string, string>> = {
  ok: pc.green('ok  '),
  warning: pc.yellow('warn'),
  failed: pc.red('FAIL'),
  skipped: pc.dim('-   '),
}

/** Writes a step as a line. Outcomes without a mark of their own, such as `created`, are words behind an ok. */
export function formatStep({ name, outcome, reason, details, ms }: StepResult): string {
  const word = outcome in marks ? null : outcome
  const facts = [word, reason, ...formatDetails(details, reason ?? '')].filter((fact) => fact !== null).join(', ')
  const time = ms === null ? '' : pc.dim(`(${ms} ms)`)
  const words = [marks[outcome] ?? marks.ok, name.padEnd(11), plainText(facts), time]
  return `  ${words.filter(Boolean).join(' ')}`.trimEnd()
}

/** Writes what to do, a line for each step that has an advice. */
export function formatAdvice(steps: readonly StepResult[]): readonly string[] {
  return steps.flatMap(({ advice }) => (advice === null ? [] : [plainText(`what to do: ${advice}`)]))
}

/** What the reason names already is not said again. */
function formatDetails(details: Details, reason: string): readonly string[] {
  return Object.entries(details).flatMap(([key, value]) => {
    if (value === null || (typeof value === 'string' && reason.includes(value))) return []
    return [`${key} ${Array.isArray(value) ? value.join(' ') : value}`]
  })
}
