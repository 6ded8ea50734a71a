import { constraintsIn } from '../constraints.js'
import type { LintRule } from '../rule.js'

/** What becomes of the referring rows is decided by hand. */
export const foreignKey: LintRule = {
  name: 'foreign-key',
  asks: 'every foreign key says what becomes of its rows: ON DELETE CASCADE, SET NULL, RESTRICT or NO ACTION',
  check({ up }) {
    return constraintsIn(up).flatMap(({ constraint, table, line }) => {
      if (constraint.contype !== 'CONSTR_FOREIGN' || constraint.fk_del_action !== 'a') return []
      // NO ACTION is what the tree has for nothing, too.
      if (/\bON\s+DELETE\b/i.test(clauseAt(up.text, constraint.location ?? 0))) return []
      return [
        {
          line,
          subject: constraint.conname ?? table,
          message: 'does not say ON DELETE: whether rows go with what they refer to, or keep it, is left to chance',
          advice: 'write ON DELETE CASCADE, SET NULL or RESTRICT, or ON DELETE NO ACTION to say that it is meant so',
        },
      ]
    })
  },
}

/** Gives the text of a column or constraint from a place on, up to the comma or bracket that ends it. */
function clauseAt(text: string, byte: number): string {
  const rest = Buffer.from(text).subarray(byte).toString()
  let depth = 0
  let clause = ''
  for (const [part] of rest.matchAll(/--.*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|[\s\S]/g)) {
    if (part.startsWith('--') || part.startsWith('/*')) continue
    if (part === '(') depth += 1
    if (part === ')') depth -= 1
    if (depth < 0 || part === ';' || (part === ',' && depth === 0)) break
    clause += part
  }
  return clause
}
