/** Tells from a statement's parse tree which tables and views it names, and what it does with them. */

type Node = Readonly<Record<string, unknown>>
/** Names of the common table expressions in sight. */
type Scope = ReadonlySet<string>

/** The tables of a query, sorted, with their schemas. Views are named as they are, not what lies below them; nor is
 *  what a function reads or writes. */
export interface Tables {
  readonly read: readonly string[]
  /** Inserted into, updated, deleted from or emptied. In `read` only when the statement names them as a source, too. */
  readonly written: readonly string[]
}

/** Gives a relation's name with its schema; `schema` is null for a name that the search path finds. */
export type QualifiedName = (name: string, schema: string | null) => string

/** Finds the tables of statements.
 *  @param tree what libpg-query's `parse` gives */
export function tablesOf(tree: unknown, qualify: QualifiedName): Tables {
  const found = { read: new Set<string>(), written: new Set<string>() }
  collect(tree, new Set(), (kind, { schemaname = null, relname }) => found[kind].add(qualify(relname, schemaname)))
  return { read: [...found.read].sort(), written: [...found.written].sort() }
}

interface Relation {
  readonly schemaname?: string
  readonly relname: string
}

type Add = (kind: keyof Tables, relation: Relation) => void

function collect(value: unknown, scope: Scope, add: Add): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, scope, add)
  } else if (typeof value === 'object' && value !== null) {
    const { withClause, ...node } = value as Node
    const inner = withClause === undefined ? scope : collectWith(withClause as WithClause, scope, add)
    for (const [key, child] of Object.entries(node)) collectChild(key, child, inner, add)
  }
}

function collectChild(key: string, child: unknown, scope: Scope, add: Add): void {
  switch (key) {
    case 'lockingClause':
      // FOR UPDATE OF names what FROM has named.
      return
    case 'RangeVar': {
      const source = child as Relation
      if (source.schemaname !== undefined || !scope.has(source.relname)) add('read', source)
      return
    }
    // A statement's target is no source, and never a common table expression.
    case 'relation':
    case 'rel':
      add('written', child as Relation)
      return
    case 'RangeTableSample': {
      const { relation, ...rest } = child as Node
      collect([relation, rest], scope, add)
      return
    }
    case 'CopyStmt': {
      const { relation, is_from: isFrom = false, ...rest } = child as { relation?: Relation; is_from?: boolean }
      if (relation !== undefined) add(isFrom ? 'written' : 'read', relation)
      collect(rest, scope, add)
      return
    }
    case 'TruncateStmt':
      for (const { RangeVar } of (child as { relations: { RangeVar: Relation }[] }).relations) add('written', RangeVar)
      return
    default:
      collect(child, scope, add)
  }
}

interface WithClause {
  readonly recursive?: boolean
  readonly ctes: readonly { readonly CommonTableExpr: Node & { readonly ctename: string } }[]
}

/** Collects from the expressions of a WITH and gives the scope below it. An expression sees the ones before it, with
 *  RECURSIVE all of them: `WITH t AS (SELECT FROM t)` reads the table t. */
function collectWith({ recursive = false, ctes }: WithClause, outer: Scope, add: Add): Scope {
  const names = ctes.map(({ CommonTableExpr: { ctename } }) => ctename)
  let seen: Scope = new Set(recursive ? [...outer, ...names] : outer)
  for (const { CommonTableExpr: expression } of ctes) {
    collect(expression, seen, add)
    seen = new Set([...seen, expression.ctename])
  }
  return seen
}
