/** The rule `unbounded`: how many rows a query gives is known before it runs. */

import type { SourceQuery } from '../../generate/source-query.js'
import { findingIn, firstLine } from './place.js'
import type { Extreme, QueryRule } from './rule.js'
import { field } from './tree.js'

const NAME = 'unbounded'

export const unbounded: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'A query that gives as many rows as its tables hold takes all memory on the day they are large.',
  check({ source, extremes, description }) {
    // Not what LOCK, NOTIFY or CALL gives.
    if (description.columns.length === 0) return []
    const variant = extremes.findLast((extreme) => isAny(extreme, source))
    if (variant === undefined) return []
    const when =
      variant.given === ''
        ? ' when no optional line is sent'
        : extremes.length > 1
          ? ' when all optional lines are sent'
          : ''
    return [
      findingIn(source, firstLine(source), {
        rule: NAME,
        message: `nothing bounds the number of rows${when}: neither a LIMIT, nor a unique key that is given, nor the input`,
        advice: 'add ORDER BY and `LIMIT :limit!`',
      }),
    ]
  },
}

/** NULL for the parameter of a LIMIT limits nothing. */
function isAny({ reading, statement }: Extreme, { ir }: SourceQuery): boolean {
  if (reading.result.rows === 'many') return true
  const top = reading.selects.find(({ node }) => node === reading.top)
  const number = field(field(top?.node ?? {}, 'limitCount') ?? {}, 'ParamRef')?.number
  const limit = typeof number === 'number' ? statement.bindings[number - 1]?.parameter : undefined
  return top?.relation.rows === 'many' && ir.params.some(({ name, required }) => name === limit && !required)
}
