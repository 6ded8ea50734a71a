import { nodesOf } from '../migration.js'
import type { LintRule } from '../rule.js'

/** Views and functions name their columns. */
export const selectStar: LintRule = {
  name: 'select-star',
  asks: 'no `SELECT *` in views and functions',
  check: ({ up }) =>
    up.statements.flatMap(({ tree, line }) => {
      if (!('ViewStmt' in tree) && !('CreateTableAsStmt' in tree) && !('CreateFunctionStmt' in tree)) return []
      const lines = nodesOf(tree, ['ResTarget']).flatMap(({ node }) => {
        const { fields = [], location } =
          (node.val as { ColumnRef?: { fields?: object[]; location?: number } } | undefined)?.ColumnRef ?? {}
        const last = fields.at(-1)
        return last !== undefined && 'A_Star' in last ? [location === undefined ? line : up.lineAt(location)] : []
      })
      return [...new Set(lines)].map((found) => ({
        line: found,
        subject: 'SELECT *',
        message:
          'takes the columns of this moment: those added later are missing, and a dump that is restored may find them in another order',
        advice: 'name the columns',
      }))
    }),
}
