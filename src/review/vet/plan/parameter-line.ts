/** The line of a `.sql` file in which a parameter stands in a condition. */

import { lineAt, type SourceQuery } from '../../../generate/source-query.js'
import type { Variant } from '../../../generate/variants.js'

const CLAUSE = /\b(SELECT|FROM|WHERE|ON|HAVING|SET|VALUES|GROUP|ORDER|LIMIT|OFFSET|FETCH|RETURNING)\b/gi
const CONDITIONS = new Set(['WHERE', 'ON', 'HAVING'])

/** A line in which a parameter stands. */
export interface ParameterPlace {
  readonly line: number
  readonly text: string
}

/** Gives the lines of a variant in which a parameter stands behind WHERE, ON or HAVING; if there are none, those in which
 *  it stands at all. */
export function parameterPlaces(source: SourceQuery, { lines }: Variant, parameter: string): readonly ParameterPlace[] {
  const { statement, params } = source.ir
  const texts = statement.split('\n')
  const offsets = params
    .filter(({ name }) => name === parameter)
    .flatMap(({ locs }) => locs.map(({ a }) => a))
    .filter((offset) => lines.includes(lineAt(source, offset)))
    .sort((one, other) => one - other)
  const conditions = offsets.filter((offset) => isInCondition(statement.slice(0, offset)))
  return (conditions.length > 0 ? conditions : offsets).map((offset) => {
    const line = lineAt(source, offset)
    return { line, text: texts[line - source.line] ?? '' }
  })
}

/** Tells whether what follows this part of a statement is behind WHERE, ON or HAVING. Comments and texts hold words, too. */
export function isInCondition(before: string): boolean {
  const sql = before.replace(/--[^\n]*|'(?:[^']|'')*'/g, ' ')
  return CONDITIONS.has([...sql.matchAll(CLAUSE)].at(-1)?.[1]?.toUpperCase() ?? '')
}
