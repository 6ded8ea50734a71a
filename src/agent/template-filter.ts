/** What filters of templates mean. */

import type { z } from 'zod'
import type { CountTemplatesParams } from '../generated/agent/template.queries.js'
import type { input } from './template-input.js'

/** What a filter may ask for. */
export type TemplateFilter = z.input<typeof input.templateFilter>

/** The optional lines that a filter switches on. */
export function toWhere({ complexity, ...rest }: z.output<typeof input.templateFilter>): CountTemplatesParams {
  return { ...rest, ...(complexity === undefined ? {} : { complexities: [complexity].flat() }) }
}
