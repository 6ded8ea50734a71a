import { constraintsIn } from '../constraints.js'
import { bareName, relationName } from '../names.js'
import type { Hit, LintRule } from '../rule.js'

const ENDINGS: Readonly<Record<string, string>> = {
  CONSTR_PRIMARY: 'pkey',
  CONSTR_UNIQUE: 'key',
  CONSTR_FOREIGN: 'fkey',
  CONSTR_CHECK: 'check',
  CONSTR_EXCLUSION: 'excl',
}

/** Constraints and indexes have names given by hand. */
export const unnamed: LintRule = {
  name: 'unnamed',
  asks: 'every constraint but NOT NULL, and every index, is named by hand',
  check({ up }) {
    const constraints = constraintsIn(up).flatMap(({ constraint, table, column, line }): readonly Hit[] => {
      if (constraint.conname !== undefined) return []
      const ending = ENDINGS[constraint.contype ?? ''] ?? 'check'
      const parts = [bareName(table), ...(ending === 'pkey' || column === null ? [] : [column]), ending]
      return [
        {
          line,
          subject: table,
          message:
            'a constraint has no name: PostgreSQL makes one up, and neither code that maps violations to errors nor a later migration can rely on it',
          advice: `name it, such as CONSTRAINT ${parts.join('_')}`,
        },
      ]
    })
    const indexes = up.statements.flatMap(({ tree, line }): readonly Hit[] => {
      if (!('IndexStmt' in tree) || tree.IndexStmt.idxname !== undefined) return []
      const table = relationName(tree.IndexStmt.relation)
      return [
        {
          line,
          subject: table,
          message: 'an index has no name: PostgreSQL makes one up, and no later migration can rely on it',
          advice: `name it, such as CREATE INDEX ${bareName(table)}_..._idx`,
        },
      ]
    })
    return [...constraints, ...indexes]
  },
}
