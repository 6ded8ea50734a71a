import { nodesOf, type Section } from '../migration.js'
import { listName } from '../names.js'
import type { LintRule } from '../rule.js'

/** A value of an enum is used in a later migration than it is added in. */
export const enumValue: LintRule = {
  name: 'enum-value',
  asks: 'a value that is added to an enum type is not used in the same file',
  check({ up }) {
    const made = new Set(
      up.statements.flatMap(({ tree }) => ('CreateEnumStmt' in tree ? [listName(tree.CreateEnumStmt.typeName)] : [])),
    )
    return up.statements.flatMap(({ tree }, index) => {
      if (!('AlterEnumStmt' in tree)) return []
      const { newVal = '', oldVal, typeName } = tree.AlterEnumStmt
      const type = listName(typeName)
      // A new name for an old value, or a type that came in the same transaction, may be used at once.
      if (oldVal !== undefined || made.has(type)) return []
      return usesOf(up, index + 1, newVal).map((line) => ({
        line,
        subject: type,
        message: `uses the value ${newVal}, which this transaction added to the type: PostgreSQL refuses it before the commit (55P04)`,
        advice:
          'add the value in a migration of its own, applied and committed by a release before the one that uses it',
      }))
    })
  },
}

/** Gives the lines of the literals that are the value, from a statement on. */
function usesOf(section: Section, from: number, value: string): readonly number[] {
  const lines = section.statements
    .slice(from)
    .flatMap(({ tree, line }) =>
      'CommentStmt' in tree
        ? []
        : nodesOf(tree, ['A_Const']).flatMap(({ node }) =>
            (node.sval as { readonly sval?: string } | undefined)?.sval === value
              ? [node.location === undefined ? line : section.lineAt(node.location as number)]
              : [],
          ),
    )
  return [...new Set(lines)]
}
