import { objectName } from '../names.js'
import type { LintRule } from '../rule.js'

/** What is dropped is named. */
export const cascade: LintRule = {
  name: 'cascade',
  asks: 'no DROP ... CASCADE, in both sections: what goes is named',
  check: ({ up, down }) =>
    [up, down].flatMap(({ statements }) =>
      statements.flatMap(({ tree, line }) => {
        const dropped = ((): readonly string[] => {
          if ('DropStmt' in tree) {
            const { behavior, objects = [] } = tree.DropStmt
            return behavior === 'DROP_CASCADE' ? objects.map(objectName) : []
          }
          if (!('AlterTableStmt' in tree)) return []
          return (tree.AlterTableStmt.cmds ?? []).flatMap((command) =>
            'AlterTableCmd' in command && command.AlterTableCmd.behavior === 'DROP_CASCADE'
              ? [command.AlterTableCmd.name ?? '']
              : [],
          )
        })()
        return dropped.map((subject) => ({
          line,
          subject,
          message: 'is dropped with CASCADE, which takes views, foreign keys and columns that nobody named',
          advice: 'drop what depends on it by name, before it; DROP without CASCADE says what that is',
        }))
      }),
    ),
}
