/** Whether two texts of the catalogue mean the same. PostgreSQL does not always write an expression again as it read it: a
 *  comparison of rows becomes `a OR b OR c`, which it reads as `(a OR b) OR c`. */

import type { ObjectKind } from './object.js'

/** Tells whether a part of an object means the same in both texts, as PostgreSQL's own parser reads them. */
export async function isSameMeaning(kind: ObjectKind, part: string, one: string, other: string): Promise<boolean> {
  const [first, second] = [statementOf(kind, part, one), statementOf(kind, part, other)]
  if (first === null || second === null) return false
  const { parse } = await import('libpg-query')
  const meaning = async (sql: string): Promise<string | null> =>
    parse(sql).then(
      (tree) => JSON.stringify(plain(tree)),
      () => null,
    )
  const read = await meaning(first)
  return read !== null && read === (await meaning(second))
}

/** A statement that has the text in it; null for what is no SQL. */
function statementOf(kind: ObjectKind, part: string, text: string): string | null {
  if (part === 'definition') return kind === 'constraint' ? `ALTER TABLE t ADD ${text}` : text
  if (part === 'using' || part === 'check' || (part === 'default' && kind === 'column')) return `SELECT ${text}`
  if (part === 'generated') return `SELECT ${text.replace(/ (stored|virtual)$/, ', $1')}`
  return null
}

/** A tree without places, and with what AND and OR join in one list. */
function plain(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(plain)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => !/location$|^stmt_len$/.test(key))
      .map(([key, value]) => [key, key === 'BoolExpr' ? joined(plain(value) as Joint) : plain(value)]),
  )
}

interface Joint {
  readonly boolop: string
  readonly args: readonly { readonly BoolExpr?: Joint }[]
}

function joined({ args, ...joint }: Joint): Joint {
  const isAlike = ({ BoolExpr: inner }: Joint['args'][number]) =>
    joint.boolop !== 'NOT_EXPR' && inner?.boolop === joint.boolop
  return { ...joint, args: args.flatMap((arg) => (isAlike(arg) ? (arg.BoolExpr?.args ?? []) : [arg])) }
}
