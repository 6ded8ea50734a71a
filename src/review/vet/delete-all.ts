/** The rule `delete-all`: an UPDATE or DELETE says which rows. */

import { findingIn, lineOf } from './place.js'
import { conjuncts } from './relation/conditions.js'
import type { QueryRule, VetFinding } from './rule.js'
import { field, locationOf, type Node, namesIn, nodesNamed } from './tree.js'

const NAME = 'delete-all'

export const deleteAll: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'An UPDATE or DELETE without a condition, or with none when no optional line is sent, writes every row of its table.',
  check({ source, extremes }) {
    const findings: VetFinding[] = []
    for (const variant of extremes) {
      const { tree } = variant.reading
      for (const kind of ['UpdateStmt', 'DeleteStmt'] as const) {
        for (const node of nodesNamed(tree, kind).filter((statement) => !saysWhich(statement))) {
          const verb = kind === 'UpdateStmt' ? 'UPDATE' : 'DELETE'
          const when = variant.given === null ? '' : ' when no optional line is sent'
          findings.push(
            findingIn(source, lineOf(source, variant, locationOf(node.relation)), {
              rule: NAME,
              message: `the ${verb} writes every row of ${String(field(node, 'relation')?.relname)}${when}`,
              advice: 'add a WHERE that is always sent',
            }),
          )
        }
      }
    }
    return findings
  },
}

/** TRUE, which leads lists of optional lines, says nothing, and what names no column of the table neither. */
function saysWhich({ whereClause, relation, fromClause, usingClause }: Node): boolean {
  const target = relation as Node
  const name = field(target, 'alias')?.aliasname ?? target.relname
  const isOfTarget = ({ fields }: Node): boolean => {
    const [column, owner] = namesIn(fields).toReversed()
    return owner === undefined ? column !== undefined : owner === name
  }
  const hasOthers = fromClause !== undefined || usingClause !== undefined
  const refs = nodesNamed(conjuncts(whereClause), 'ColumnRef')
  return nodesNamed(whereClause, 'CurrentOfExpr').length > 0 || (hasOthers ? refs.some(isOfTarget) : refs.length > 0)
}
