import { constraintsIn } from '../constraints.js'
import { relationName } from '../names.js'
import type { LintRule } from '../rule.js'

/** Rows can be told apart. */
export const primaryKey: LintRule = {
  name: 'primary-key',
  asks: 'every new table has a primary key',
  check({ up }) {
    const keyed = new Set(
      constraintsIn(up).flatMap(({ constraint, table }) => (constraint.contype === 'CONSTR_PRIMARY' ? [table] : [])),
    )
    return up.statements.flatMap(({ tree, line }) => {
      if (!('CreateStmt' in tree)) return []
      const { relation, partbound, inhRelations = [], tableElts = [] } = tree.CreateStmt
      const isDerived =
        partbound !== undefined || inhRelations.length > 0 || tableElts.some((element) => 'TableLikeClause' in element)
      const name = relationName(relation)
      if (isDerived || keyed.has(name) || relation?.relpersistence === 't') return []
      return [
        {
          line,
          subject: name,
          message: 'has no primary key: its rows cannot be told apart, and logical replication refuses their updates',
          advice: 'give it one; a table that joins two has both of their keys as one',
        },
      ]
    })
  },
}
