/** Where in a `.sql` file something stands that a rule finds. */

import type { SourceQuery } from '../../generate/source-query.js'
import type { Variant } from '../../generate/variants.js'
import type { VetFinding } from './rule.js'

/** Gives the file's line of a location in a parse tree, which counts bytes of the variant's text; of the SQL's
 *  first line for a node without one. */
export function lineOf(source: SourceQuery, { statement, lines }: Variant, location: number | undefined): number {
  if (location === undefined || location < 0) return firstLine(source)
  const before = Buffer.from(statement.text).subarray(0, location).toString()
  return lines[before.split('\n').length - 1] ?? source.line
}

/** Gives the file's line on which a statement's SQL begins, behind the comments that lead it. */
export function firstLine({ line, ir }: SourceQuery): number {
  const index = ir.statement.split('\n').findIndex((text) => !/^\s*(--|$)/.test(text))
  return line + Math.max(index, 0)
}

/** Makes the finding of a rule in one line of a query. */
export function findingIn(
  { file, name }: SourceQuery,
  line: number,
  found: Pick<VetFinding, 'rule' | 'message' | 'advice' | 'parameter'>,
): VetFinding {
  return { ...found, file, line, subject: name }
}
