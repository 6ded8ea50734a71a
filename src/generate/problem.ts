/** What generation finds wrong, and the error that carries it. */

import { DataAccessError } from '../errors.js'

/** One mistake in one file. */
export interface Problem {
  /** Relative to the project's folder. */
  readonly file: string
  /** Counts from 1; null when the mistake is not in one line. */
  readonly line: number | null
  readonly message: string
}

/** Nothing was generated, or what is committed is not what the SQL yields; the message lists every problem. */
export class GenerateError extends DataAccessError {
  override readonly code = 'ASHLAR_GENERATE'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'))
    this.problems = problems
  }
}

function describeProblem({ file, line, message }: Problem): string {
  return line === null ? `${file}: ${message}` : `${file}:${line}: ${message}`
}

/** @throws {GenerateError} when there are any problems */
export function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new GenerateError(problems)
}
