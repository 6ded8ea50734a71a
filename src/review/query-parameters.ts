/** What a query's parameters are, and which of them a call must give. */

import { choicesOf, parseLines, type StatementLine } from '../engine/optional-lines.js'
import type { ManifestQuery } from '../generate/manifest-file.js'

/** When a parameter must be given: always (`required`), together with others (`dependent`), or never: left out it is NULL
 *  (`nullable`), or leaves its lines out (`optional`, and `choice`, whose values name lines). */
export type Presence = 'required' | 'dependent' | 'nullable' | 'optional' | 'choice'

/** A parameter of a query. */
export interface QueryParameter {
  readonly name: string
  /** PostgreSQL's type; null for a choice, which is not sent. */
  readonly type: string | null
  readonly presence: Presence
  /** Of a dependent one: the parameters with whose lines it is needed. */
  readonly with?: readonly string[]
  /** Of a choice. */
  readonly values?: readonly string[]
}

/** Gives the parameters of a query in the order in which they stand there, then its choices. */
export function parametersOf({ ir, parameterTypes }: ManifestQuery): readonly QueryParameter[] {
  const lines = parseLines(ir.statement)
  const named = new Set(lines.flatMap(namesIn))
  const bound = ir.params.map(({ name, required, locs }): QueryParameter => {
    const type = parameterTypes[name] ?? 'unknown'
    if (required) return { name, type, presence: 'required' }
    if (named.has(name)) return { name, type, presence: 'optional' }
    const around = lines.filter(({ start, end }) => locs.some(({ a, b }) => a >= start && b < end))
    const leads = [...new Set(around.flatMap(namesIn))]
    return leads.length === 0
      ? { name, type, presence: 'nullable' }
      : { name, type, presence: 'dependent', with: leads }
  })
  const choices = [...choicesOf(lines)].map(
    ([name, values]): QueryParameter => ({ name, type: null, presence: 'choice', values }),
  )
  return [...bound, ...choices]
}

/** The parameters that switch a line on by being given. */
function namesIn({ conditions }: StatementLine): readonly string[] {
  return conditions.filter(({ choice }) => choice === null).map(({ parameter }) => parameter)
}
