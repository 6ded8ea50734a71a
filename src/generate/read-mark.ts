/** Tells from a statement's parse tree whether it only reads. When in doubt, it does not. */

import type { Volatility } from './catalogue.js'

type Node = Readonly<Record<string, unknown>>
/** Names of the common table expressions in sight. */
type Scope = ReadonlySet<string>

/** Tells whether the statement is a SELECT or VALUES that changes nothing and takes no lock: no data-modifying CTE, no
 *  INTO, no FOR UPDATE or SHARE, no volatile function or operator, no view (which may hide one).
 *  @param tree what libpg-query's `parse` gives */
export function isRead(tree: unknown, volatility: Volatility): boolean {
  const statements = (tree as { readonly stmts?: readonly { readonly stmt: Node }[] }).stmts ?? []
  const [only] = statements
  return statements.length === 1 && only?.stmt.SelectStmt !== undefined && isHarmless(only.stmt, new Set(), volatility)
}

function isHarmless(value: unknown, scope: Scope, volatility: Volatility): boolean {
  if (Array.isArray(value)) return value.every((item) => isHarmless(item, scope, volatility))
  if (typeof value !== 'object' || value === null) return true
  const { withClause, ...node } = value as Node
  const inner = withClause === undefined ? scope : scopeWith(withClause as WithClause, scope, volatility)
  if (inner === null) return false
  return Object.entries(node).every(
    ([key, child]) => isHarmlessNode(key, child, inner, volatility) && isHarmless(child, inner, volatility),
  )
}

interface WithClause {
  readonly recursive?: boolean
  readonly ctes: readonly { readonly CommonTableExpr: Node & { readonly ctename: string } }[]
}

/** Gives the scope of the statement below a WITH, or null when one of its expressions is not harmless. An expression
 *  sees the ones before it, with RECURSIVE all of them: `WITH t AS (SELECT FROM t)` reads the table t. */
function scopeWith({ recursive = false, ctes }: WithClause, outer: Scope, volatility: Volatility): Scope | null {
  const names = ctes.map(({ CommonTableExpr: { ctename } }) => ctename)
  let seen: Scope = new Set(recursive ? [...outer, ...names] : outer)
  for (const { CommonTableExpr: expression } of ctes) {
    if (!isHarmless(expression, seen, volatility)) return null
    seen = new Set([...seen, expression.ctename])
  }
  return seen
}

function isHarmlessNode(key: string, child: unknown, scope: Scope, volatility: Volatility): boolean {
  const node = child as Node
  switch (key) {
    case 'intoClause':
    case 'lockingClause':
      return false
    case 'RangeVar': {
      const { schemaname = null, relname } = node as { readonly schemaname?: string; readonly relname: string }
      return (schemaname === null && scope.has(relname)) || volatility.isTable(relname, schemaname)
    }
    case 'FuncCall':
      return !volatility.isVolatileFunction(...qualified(node.funcname))
    case 'A_Expr':
      return !volatility.isVolatileOperator(...qualified(node.name))
    case 'SubLink':
      return !volatility.isVolatileOperator(...qualified(node.operName))
    case 'SortBy':
      return !volatility.isVolatileOperator(...qualified(node.useOp))
    case 'TypeCast':
      return !volatility.isVolatileCast(...qualified((node.typeName as Node).names))
    case 'ColumnRef':
      // `t.f` may call the function f with the row t.
      return lengthOf(node.fields) < 2 || !volatility.isVolatileFunction(qualified(node.fields)[0], null)
    case 'A_Indirection':
      return !volatility.isVolatileFunction(qualified(node.indirection)[0], null)
    default:
      return key === 'SelectStmt' || !key.endsWith('Stmt')
  }
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0
}

/** Reads a list of name parts: the last is the name, the one before it the schema. */
function qualified(list: unknown): [name: string, schema: string | null] {
  const parts = (Array.isArray(list) ? (list as readonly Node[]) : []).map(
    (part) => (part.String as { readonly sval?: string } | undefined)?.sval ?? '',
  )
  return [parts.at(-1) ?? '', parts.at(-2) ?? null]
}
