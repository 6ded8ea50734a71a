/** The rule `select-star`: columns are named. */

import { findingIn, lineOf } from './place.js'
import type { QueryRule } from './rule.js'
import { field, lastName, locationOf, type Node, namesIn, nodeList } from './tree.js'

const NAME = 'select-star'

export const selectStar: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'A star means other columns after each migration: prepared statements and the types of a running release break.',
  check({ source, variants: [whole], tree }) {
    if (whole === undefined) return []
    return starsIn('', tree, { named: new Set(), from: [] }).map((star) =>
      findingIn(source, lineOf(source, whole, locationOf(star)), {
        rule: NAME,
        message:
          'a star gives other columns after a migration: running releases fail on it (0A000), or send what nobody reads',
        advice: 'name the columns',
      }),
    )
  },
}

/** What names mean where a star stands. */
interface Scope {
  /** Common table expressions whose columns are named. */
  readonly named: ReadonlySet<string>
  /** The FROM of the SELECT. */
  readonly from: readonly Node[]
}

/** Finds stars that give columns of tables: not that of count(t.*), nor those of EXISTS (SELECT * ...), which gives none,
 *  nor of a subquery that names its columns. */
function starsIn(key: string, value: unknown, outer: Scope): readonly Node[] {
  if (Array.isArray(value)) return value.flatMap((item) => starsIn(key, item, outer))
  if (typeof value !== 'object' || value === null) return []
  const { withClause, ...node } = value as Node
  if (key === 'SubLink' && node.subLinkType === 'EXISTS_SUBLINK') {
    const { targetList, ...rest } = field(field(node, 'subselect') ?? {}, 'SelectStmt') ?? {}
    return starsIn('SelectStmt', rest, outer)
  }
  if (key === 'FuncCall' && lastName(node.funcname) === 'count') return []
  if (key === 'ColumnRef') return namesIn(node.fields).at(-1) === null && !isExact(node, outer) ? [node] : []
  const { stars, named } = readWith(withClause, outer)
  const scope = {
    named,
    from: isSelect(key, node) ? nodeList(node.fromClause) : key.endsWith('Stmt') ? [] : outer.from,
  }
  const isWhole = key === 'A_Indirection' && nodeList(node.indirection).some((part) => part.A_Star !== undefined)
  return [
    ...stars,
    ...(isWhole ? [node] : []),
    ...Object.entries(node).flatMap(([name, child]) => starsIn(name, child, scope)),
  ]
}

/** Arms of a UNION stand under no name of their kind, and the sides of a join under the names of such arms. */
function isSelect(key: string, { op }: Node): boolean {
  return key === 'SelectStmt' || ((key === 'larg' || key === 'rarg') && op !== undefined)
}

/** Reads a WITH: the stars in it, and which names have named columns below it. */
function readWith(
  withClause: unknown,
  outer: Scope,
): { readonly stars: readonly Node[]; readonly named: ReadonlySet<string> } {
  const stars: Node[] = []
  const named = new Set(outer.named)
  for (const item of nodeList((withClause as Node | undefined)?.ctes)) {
    const { ctename, ctequery } = field(item, 'CommonTableExpr') ?? {}
    // A recursive one has the columns of its first arm.
    const within = (withClause as Node).recursive === true ? new Set([...named, String(ctename)]) : named
    const found = starsIn('', ctequery, { ...outer, named: within })
    stars.push(...found)
    if (found.length === 0) named.add(String(ctename))
    else named.delete(String(ctename))
  }
  return { stars, named }
}

/** Tells whether a star stands for columns that the statement itself names. */
function isExact({ fields }: Node, scope: Scope): boolean {
  const owner = namesIn(fields).at(-2) ?? null
  const sources = scope.from.flatMap(sourcesIn).filter((source) => owner === null || nameOf(source) === owner)
  return sources.length > 0 && sources.every((source) => hasNamedColumns(source, scope))
}

function sourcesIn(item: Node): readonly Node[] {
  const join = field(item, 'JoinExpr')
  return join === null ? [item] : [join.larg, join.rarg].flatMap((side) => sourcesIn(side as Node))
}

function nameOf(source: Node): unknown {
  const node = Object.values(source)[0] as Node
  return field(node, 'alias')?.aliasname ?? node.relname
}

function hasNamedColumns(source: Node, scope: Scope): boolean {
  const subselect = field(source, 'RangeSubselect')
  if (subselect !== null) return starsIn('', subselect.subquery, scope).length === 0
  const relation = field(source, 'RangeVar')
  return relation !== null && relation.schemaname === undefined && scope.named.has(String(relation.relname))
}
