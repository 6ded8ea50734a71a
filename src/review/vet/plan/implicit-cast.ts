/** The rule `implicit-cast`: no cast of a column keeps a condition from the column's index. */

import { lineAt, type SourceQuery } from '../../../generate/source-query.js'
import type { Variant } from '../../../generate/variants.js'
import { findingIn } from '../place.js'
import type { QueryContext, QueryRule, VetFinding } from '../rule.js'
import { type DefeatingCast, defeatingCast } from './cast.js'
import { isInCondition } from './parameter-line.js'
import { plannerOf } from './planner.js'
import { isServedAlone, type PlannedQuery, planQuery } from './unserved.js'

const NAME = 'implicit-cast'

export const implicitCast: QueryRule = {
  kind: 'query',
  name: NAME,
  why: "A column is cast to the type of what it is compared with, so that the column's index cannot serve.",
  async check(context) {
    const planned = await planQuery(context)
    const filters = planned.unserved.flatMap(({ parameter, line, held }) => {
      const cast = defeatingCast(held, planned.indexes)
      if (cast === null) return []
      const advice = `give the parameter the column's type (\`:${parameter}::<type>\`), and leave the column as it is`
      return { ...found(context.source, line, { cast, condition: held.condition, advice }), parameter }
    })
    return [...filters, ...(await others(context, planned))]
  },
}

/** Comparisons with constants and with other columns. */
async function others(context: QueryContext, { held, indexes }: PlannedQuery): Promise<readonly VetFinding[]> {
  const findings: VetFinding[] = []
  for (const { variant, ...one } of held) {
    const cast = one.parameters.length === 0 ? defeatingCast(one, indexes) : null
    if (cast === null || (await isServedAlone(plannerOf(context.client), indexes, one))) continue
    const line = columnLine(context.source, variant, cast.column)
    const advice = 'cast the other side to the type of the column, and leave the column as it is'
    findings.push(found(context.source, line, { cast, condition: one.condition, advice }))
  }
  return findings
}

function found(
  source: SourceQuery,
  line: number,
  { cast, condition, advice }: { readonly cast: DefeatingCast; readonly condition: string; readonly advice: string },
): VetFinding {
  const message = `${cast.column} is cast to ${cast.castTo}, so ${cast.index.name} cannot serve ${condition}`
  return findingIn(source, line, { rule: NAME, message, advice })
}

/** The first line of a variant in which a column stands in a condition. */
function columnLine(source: SourceQuery, { lines }: Variant, column: string): number {
  const name = column.replace(/^"(.*)"$/, '$1').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  for (const { index } of source.ir.statement.matchAll(new RegExp(`(?<![\\w$])${name}(?![\\w$])`, 'g'))) {
    const line = lineAt(source, index)
    if (lines.includes(line) && isInCondition(source.ir.statement.slice(0, index))) return line
  }
  return source.line
}
