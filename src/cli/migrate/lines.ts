/** How `ashlar migrate` writes what it shows. */

import pc from 'picocolors'
import type { MigrationProblem } from '../../migrate/comparison.js'
import type { LockRetry } from '../../migrate/lock-retry.js'
import type { MigrationName } from '../../migrate/status.js'
import { plainText } from '../output.js'
import type { ProjectChoice } from '../project.js'

/** Names a migration; with its source where the application has its own. */
export function nameText({ source, name }: MigrationName, hasProject: boolean): string {
  return plainText(hasProject ? `${source}/${name}` : name)
}

/** Describes a session that holds a lock. */
export function holderText({ pid, applicationName, state }: LockRetry['holders'][number]): string {
  return plainText(`process ${pid} (${[applicationName, state].filter(Boolean).join(', ')})`)
}

/** Writes what is wrong, a line each, and behind it what to do; once for those that follow each other with the same advice. */
export function problemLines(
  problems: readonly MigrationProblem[],
  hasProject: boolean,
  choice: ProjectChoice,
): readonly string[] {
  return problems.flatMap((problem, index) => {
    const { kind, message, advice } = problem
    const line = `${(kind === 'pending' ? pc.yellow : pc.red)(kind)} ${nameText(problem, hasProject)}: ${plainText(message)}`
    return problems[index + 1]?.advice === advice
      ? [line]
      : [line, `  what to do: ${plainText(withChoice(advice, choice))}`]
  })
}

/** Lets the commands of an advice be about the project that this one is about. */
function withChoice(advice: string, { project }: ProjectChoice): string {
  if (project === undefined) return advice
  const word = project === false || /^[\w./@-]+$/.test(project) ? project : `'${project.replaceAll("'", "'\\''")}'`
  const choice = word === false ? '--no-project' : `--project ${word}`
  return advice.replace(/`(ashlar migrate [^`]+)`/g, (_, command) => `\`${command} ${choice}\``)
}

/** Writes a duration. */
export function durationText(durationMs: number | null): string {
  return durationMs === null ? '' : `${Math.round(durationMs)} ms`
}
