import type { Migration } from '../migration.js'
import { listName, objectName } from '../names.js'
import { changesOf } from '../objects.js'
import type { LintRule } from '../rule.js'

const COMMENTED = { table: 'TABLE', view: 'VIEW', type: 'TYPE', schema: 'SCHEMA' } as const

/** What is made is said in the catalogue, too. */
export const comment: LintRule = {
  name: 'comment',
  asks: 'every new schema, table, view and type has its COMMENT ON in the same file',
  check(migration) {
    const commented = commentedIn(migration)
    return changesOf(migration.up).flatMap(({ does, object: { kind, name, line } }) => {
      if (does !== 'make' || !(kind in COMMENTED) || commented.has(name)) return []
      const word = COMMENTED[kind as keyof typeof COMMENTED]
      return [
        {
          line,
          subject: name,
          message: 'has no comment: who reads the schema, the snapshot or the diagrams cannot tell what it is for',
          advice: `add COMMENT ON ${word} ${name} IS '...'; what a row is, who writes it, what it goes with`,
        },
      ]
    })
  },
}

function commentedIn({ up }: Migration): ReadonlySet<string> {
  return new Set(
    up.statements.flatMap(({ tree }) => {
      if (!('CommentStmt' in tree) || tree.CommentStmt.comment === undefined) return []
      const { object } = tree.CommentStmt
      return [object !== undefined && 'TypeName' in object ? listName(object.TypeName.names) : objectName(object)]
    }),
  )
}
