import type { z } from 'zod'
import { NotFoundError } from '../errors.js'
import type { FindModificationResult } from '../generated/agent/modification.queries.js'
import type { input } from './modification-input.js'

/** What a change would do to a project. */
export type ImpactAnalysis = z.output<typeof input.impactAnalysis>
/** What came of a change. */
export type ModificationResult = z.output<typeof input.result>

/** A row of agent.modification. */
export type Modification = Omit<FindModificationResult, 'impactAnalysis' | 'result'> & {
  /** null: not analysed. */
  impactAnalysis: ImpactAnalysis | null
  /** Of what was applied or failed; null: nothing was told. */
  result: ModificationResult | null
}

/** Gives a row its JSONB types. They were checked when they were written; see project-context-row.ts. */
export function toModification(row: FindModificationResult): Modification {
  return row as Modification
}

/** @throws {NotFoundError} always: there is no such modification */
export function missing(query: string): never {
  throw new NotFoundError(query, 'agent.modification')
}
