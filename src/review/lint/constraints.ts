/** The constraints that a section makes, wherever they are written. */

import type { Constraint, Node } from 'libpg-query'
import type { Section } from './migration.js'
import { relationName } from './names.js'

/** A constraint of a table. */
export interface MadeConstraint {
  readonly constraint: Constraint
  readonly table: string
  /** The column that it is written at, or the first that it names. */
  readonly column: string | null
  readonly line: number
}

/** Lists the constraints that CREATE TABLE and ALTER TABLE of a section make; not those that have no name of their own
 *  in PostgreSQL's catalogue before 18, or that are none in it: NOT NULL, DEFAULT and the like. */
export function constraintsIn(section: Section): readonly MadeConstraint[] {
  return section.statements.flatMap(({ tree }) => {
    if ('CreateStmt' in tree) {
      const { relation, tableElts = [] } = tree.CreateStmt
      return tableElts.flatMap((element) => constraintsOf(element, relationName(relation), section))
    }
    if (!('AlterTableStmt' in tree)) return []
    const { relation, cmds = [] } = tree.AlterTableStmt
    return cmds.flatMap((command) =>
      'AlterTableCmd' in command && command.AlterTableCmd.def !== undefined
        ? constraintsOf(command.AlterTableCmd.def, relationName(relation), section)
        : [],
    )
  })
}

const KINDS = new Set(['CONSTR_CHECK', 'CONSTR_PRIMARY', 'CONSTR_UNIQUE', 'CONSTR_EXCLUSION', 'CONSTR_FOREIGN'])

function constraintsOf(element: Node, table: string, section: Section): readonly MadeConstraint[] {
  if ('Constraint' in element) return made(element.Constraint, table, columnOf(element.Constraint), section)
  if (!('ColumnDef' in element)) return []
  const { constraints = [], colname = null } = element.ColumnDef
  return constraints.flatMap((node) => ('Constraint' in node ? made(node.Constraint, table, colname, section) : []))
}

function made(
  constraint: Constraint,
  table: string,
  column: string | null,
  section: Section,
): readonly MadeConstraint[] {
  if (!KINDS.has(constraint.contype ?? '')) return []
  return [{ constraint, table, column, line: section.lineAt(constraint.location ?? 0) }]
}

function columnOf({ fk_attrs = [], keys = [] }: Constraint): string | null {
  const [first] = [...fk_attrs, ...keys]
  return first !== undefined && 'String' in first ? (first.String.sval ?? null) : null
}
