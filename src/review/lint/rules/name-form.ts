import { constraintsIn } from '../constraints.js'
import { bareName, relationName } from '../names.js'
import type { Hit, LintRule } from '../rule.js'

/** What a name must end in; a CHECK may end in its rule (`service_port_range`), but not as another kind does. */
const ENDINGS: Readonly<Record<string, RegExp>> = {
  CONSTR_PRIMARY: /_pkey$/,
  CONSTR_UNIQUE: /_key$/,
  CONSTR_FOREIGN: /_fkey$/,
  CONSTR_CHECK: /(?<!_(?:pkey|key|fkey|idx|excl))$/,
  CONSTR_EXCLUSION: /_excl$/,
}
const INDEX = /_(?:idx|key)$/

/** Names of constraints and indexes say what they belong to and what they are. */
export const nameForm: LintRule = {
  name: 'name-form',
  asks: 'names of constraints and indexes begin with the table and end in `_pkey`, `_key`, `_fkey`, `_excl`, `_idx`, or for a CHECK in `_check` or its rule',
  check({ up }) {
    const constraints = constraintsIn(up).flatMap(({ constraint: { conname, contype }, table, line }) =>
      conname === undefined || isWellFormed(conname, table, ENDINGS[contype ?? ''])
        ? []
        : [hit(line, conname, table, contype === 'CONSTR_CHECK' ? '_check, or for its rule' : endingOf(contype))],
    )
    const indexes = up.statements.flatMap(({ tree, line }): readonly Hit[] => {
      if (!('IndexStmt' in tree) || tree.IndexStmt.idxname === undefined) return []
      const table = relationName(tree.IndexStmt.relation)
      const { idxname, unique = false } = tree.IndexStmt
      if (isWellFormed(idxname, table, INDEX)) return []
      return [hit(line, idxname, table, unique ? '_key or _idx' : '_idx')]
    })
    return [...constraints, ...indexes]
  },
}

function isWellFormed(name: string, table: string, ending: RegExp | undefined): boolean {
  const bare = bareName(table)
  // Of a table whose name must be quoted, the names of constraints need not be.
  const belongs = !/^[a-z_][a-z0-9_]*$/.test(bare) || name.startsWith(`${bare}_`)
  return belongs && (ending === undefined || ending.test(name))
}

function endingOf(contype: string | undefined): string {
  return (
    { CONSTR_PRIMARY: '_pkey', CONSTR_UNIQUE: '_key', CONSTR_FOREIGN: '_fkey', CONSTR_EXCLUSION: '_excl' }[
      contype ?? ''
    ] ?? '_check'
  )
}

function hit(line: number, name: string, table: string, ending: string): Hit {
  return {
    line,
    subject: name,
    message: `the name does not say that it belongs to ${table} and what it is; an error that shows it sends its reader elsewhere`,
    advice: `begin it with ${bareName(table)}_ and end it in ${ending}`,
  }
}
