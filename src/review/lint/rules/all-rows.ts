import { nodesOf } from '../migration.js'
import { relationName } from '../names.js'
import { tablesMadeIn } from '../objects.js'
import type { LintRule } from '../rule.js'

/** Rows that were there before are changed within bounds. */
export const allRows: LintRule = {
  name: 'all-rows',
  asks: 'no UPDATE or DELETE without WHERE, or with one that is always true, and no TRUNCATE, of a table that was there before',
  check({ up }) {
    const made = tablesMadeIn(up)
    return up.statements.flatMap(({ tree, line }) => {
      // The body of a function runs later, if at all.
      if ('CreateFunctionStmt' in tree) return []
      const changed = nodesOf(tree, ['UpdateStmt', 'DeleteStmt']).flatMap(({ kind, node }) =>
        saysNothing(node.whereClause)
          ? [{ does: kind === 'UpdateStmt' ? 'UPDATE' : 'DELETE', table: relationName(node.relation as never) }]
          : [],
      )
      const truncated =
        'TruncateStmt' in tree
          ? (tree.TruncateStmt.relations ?? []).flatMap((relation) =>
              'RangeVar' in relation ? [{ does: 'TRUNCATE', table: relationName(relation.RangeVar) }] : [],
            )
          : []
      return [...changed, ...truncated].flatMap(({ does, table }) =>
        made.has(table)
          ? []
          : [
              {
                line,
                subject: table,
                message: `${does} of every row in one transaction: the rows stay locked until all pending migrations are through, and the table doubles or is empty`,
                advice:
                  'bound it by WHERE to the rows that need it; of a big table, change them in portions, outside of the migration',
              },
            ],
      )
    })
  },
}

/** TRUE, and what compares constants alone, leaves no row out. */
function saysNothing(where: unknown): boolean {
  return where === undefined || nodesOf({ where }, NAMES_ROWS).length === 0
}

const NAMES_ROWS = ['ColumnRef', 'SubLink', 'CurrentOfExpr', 'FuncCall']
