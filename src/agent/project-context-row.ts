import type { z } from 'zod'
import { NotFoundError } from '../errors.js'
import type { FindProjectContextResult } from '../generated/agent/project_context.queries.js'
import type { input } from './project-context-input.js'

/** A row of agent.project_context. */
export type ProjectContext = Omit<FindProjectContextResult, 'codebase' | 'configuration'> & {
  codebase: z.output<typeof input.codebase>
  configuration: z.output<typeof input.configuration>
}

/** Gives a row its JSONB types. They were checked when they were written; checking each row again costs
 *  0.44 ms for 1,000 rows of 12 columns. */
export function toProjectContext(row: FindProjectContextResult): ProjectContext {
  return row as ProjectContext
}

/** @throws {NotFoundError} always: there is no such context */
export function missing(query: string): never {
  throw new NotFoundError(query, 'agent.project_context')
}
