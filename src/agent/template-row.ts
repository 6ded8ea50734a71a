import { NotFoundError } from '../errors.js'
import type { FindTemplateResult, ListTemplatesResult } from '../generated/agent/template.queries.js'

/** A row of agent.template. */
export type Template = Omit<FindTemplateResult, 'files'> & {
  /** Content by path. */
  files: Record<string, string>
}

/** A template without its files: what lists give. */
export type TemplateSummary = ListTemplatesResult

/** Gives a row its JSONB type, which the table's constraints hold. */
export function toTemplate(row: FindTemplateResult): Template {
  return row as Template
}

/** @throws {NotFoundError} always: there is no such template */
export function missing(query: string): never {
  throw new NotFoundError(query, 'agent.template')
}
