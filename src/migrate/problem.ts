/** What is wrong with migration files: all of it is told at once. */

import { MigrationError } from '../errors.js'

/** One thing that is wrong with a file. */
export interface FileProblem {
  readonly file: string
  /** From 1; null when it is no line's. */
  readonly line: number | null
  /** What is wrong, and what to do. */
  readonly message: string
}

/** Throws when there are problems.
 *  @throws {MigrationError} with all of them */
export function refuse(problems: readonly FileProblem[]): void {
  const [first] = problems
  if (first === undefined) return
  const { file, line } = first
  const lines = problems.map((problem) => `${placeOf(problem)}: ${problem.message}`)
  const message =
    lines.length === 1
      ? `${lines[0]}; nothing was run`
      : `${lines.length} problems, and nothing was run:\n  ${lines.join('\n  ')}`
  throw new MigrationError(message, { file, line })
}

/** Names a line of a file. */
export function placeOf({ file, line }: Pick<FileProblem, 'file' | 'line'>): string {
  return line === null ? file : `${file}:${line}`
}
