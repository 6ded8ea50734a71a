/** Reads a statement's tree: what its rows are, and each SELECT in it. */

import type { Routines } from '../routines.js'
import type { Tables } from '../tables.js'
import { field, type Node, nodeList, nodesNamed, walk } from '../tree.js'
import { countRows } from './closure.js'
import { conjuncts } from './conditions.js'
import { addConditions, addRange, readItems, tableRelation } from './from.js'
import { columnsOf, type Output, outputKeys, readOutputs } from './outputs.js'
import {
  emptyFrom,
  fewerRows,
  mostRows,
  NOTHING,
  type Nulls,
  type Relation,
  type Rows,
  type Scope,
  UNKNOWN,
} from './relation.js'
import { hasAggregate, readSelected, type Selected } from './selected.js'
import type { Subqueries } from './subqueries.js'

/** What is known of a database's objects. */
export interface Objects {
  readonly tables: Tables
  readonly routines: Routines
  /** The conditions of partial indexes as trees, by their SQL. */
  readonly predicates: ReadonlyMap<string, Node>
}

/** What a statement gives. */
export interface Reading {
  readonly tree: unknown
  /** The SELECT that the statement is; of another kind none. */
  readonly top: Node
  readonly result: Relation
  /** All SELECTs, at any depth, set operations among them; VALUES is none. */
  readonly selects: readonly Selected[]
  readonly subqueries: Subqueries
}

/** Reads one statement.
 *  @param tree what libpg-query's `parse` gives */
export function readStatement(tree: unknown, objects: Objects): Reading {
  const reader = new Reader(objects)
  const statement = (nodeList((tree as Node).stmts)[0]?.stmt ?? {}) as Node
  const result = reader.statement(statement)
  return {
    tree,
    top: field(statement, 'SelectStmt') ?? {},
    result,
    selects: reader.selects,
    subqueries: reader.subqueries,
  }
}

export class Reader {
  readonly routines: Routines
  readonly selects: Selected[] = []
  readonly subqueries: Subqueries
  readonly #tables: Tables
  #ctes: ReadonlyMap<string, Relation> = new Map()

  constructor({ tables, routines, predicates }: Objects) {
    this.#tables = tables
    this.routines = routines
    this.subqueries = { results: new Map(), scopes: new Map(), predicates }
  }

  /** Reads a statement by its kind. */
  statement(wrapped: Node): Relation {
    const [kind = '', node] = Object.entries(wrapped as Record<string, Node>)[0] ?? []
    switch (kind) {
      case 'SelectStmt':
        return this.select(node as Node, null)
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
        return this.#change(kind, node as Node)
      case 'MergeStmt':
        return this.#merge(node as Node)
      default:
        return UNKNOWN
    }
  }

  relationNamed(name: string, schema: string | null): Relation {
    const cte = schema === null ? this.#ctes.get(name) : undefined
    if (cte !== undefined) return cte
    const table = this.#tables.named(name, schema)
    return table === null ? UNKNOWN : tableRelation(table)
  }

  /** Gives how many rows functions in FROM give, each for one row of what stands before it. */
  functionRows(names: readonly string[]): Rows {
    const rows = names.map((name): Rows => {
      if (!this.routines.isSetReturning(name)) return 'one'
      return this.routines.isCustom(name) ? 'many' : 'bounded'
    })
    return mostRows(rows)
  }

  /** Reads the subqueries of an expression. */
  expressions(expression: unknown, scope: Scope): void {
    walk(expression, (key, node) => {
      if (key !== 'SubLink') return key !== 'SelectStmt'
      this.expressions(node.testexpr, scope)
      const inner = field(field(node, 'subselect') ?? {}, 'SelectStmt')
      if (inner !== null) this.subqueries.results.set(node, this.select(inner, scope, node))
      return false
    })
  }

  select(node: Node, outer: Scope | null, link: Node | null = null): Relation {
    return this.#with(node, () => {
      const scope: Scope = { from: emptyFrom(), outer }
      if (link !== null) this.subqueries.scopes.set(link, scope)
      const relation = this.#body(node, scope, link?.subLinkType === 'EXISTS_SUBLINK')
      for (const part of [node.limitCount, node.limitOffset]) this.expressions(part, scope)
      return this.#limited(relation, node)
    })
  }

  /** A LIMIT that is NULL, as `LIMIT ALL` is, limits nothing, and there may be any number of ties. */
  #limited(relation: Relation, { limitCount, limitOption }: Node): Relation {
    const constant = field((limitCount ?? {}) as Node, 'A_Const')
    if (limitCount === undefined || constant?.isnull === true) return relation
    if (limitOption === 'LIMIT_OPTION_WITH_TIES') return relation
    const isOne = (constant?.ival as { ival?: number } | undefined)?.ival === 1
    const { hasOneRow: _, ...rest } = relation
    return { ...rest, rows: fewerRows(relation.rows, isOne ? 'one' : 'bounded') }
  }

  #with<T>(node: Node, work: () => T): T {
    const before = this.#ctes
    const clause = field(node, 'withClause')
    const expressions = nodeList(clause?.ctes).map((each) => field(each, 'CommonTableExpr') ?? {})
    for (const expression of expressions) {
      const name = expression.ctename as string
      if (clause?.recursive === true) this.#add(name, UNKNOWN)
      const read = this.statement((expression.ctequery ?? {}) as Node)
      const range = addRange(emptyFrom(), read, { colnames: expression.aliascolnames }, name)
      this.#add(name, range.relation)
    }
    try {
      return work()
    } finally {
      this.#ctes = before
    }
  }

  #add(name: string, relation: Relation): void {
    this.#ctes = new Map([...this.#ctes, [name, relation]])
  }

  #body(node: Node, scope: Scope, isExists: boolean): Relation {
    if (node.op !== undefined && node.op !== 'SETOP_NONE') return this.#combined(node, scope, isExists)
    if (node.valuesLists !== undefined) {
      this.expressions(node.valuesLists, scope)
      const rows = nodeList(node.valuesLists)
      const count = nodeList(field(rows[0] ?? {}, 'List')?.items).length
      const columns = Array.from({ length: count }, (_, index) => ({
        name: `column${index + 1}`,
        nulls: 'unknown' as const,
        typeOid: null,
      }))
      return { columns, keys: [], rows: rows.length === 1 ? 'one' : 'bounded', hasOneRow: true }
    }
    readItems(node.fromClause, scope, this)
    this.expressions(node.whereClause, scope)
    addConditions(scope, node.whereClause, this)
    addConditions(scope, conditionsOnRows(node, this), this)
    for (const part of [node.targetList, node.havingClause, node.sortClause, node.groupClause])
      this.expressions(part, scope)
    const selected = readSelected(node, scope, this)
    this.selects.push({ ...selected, isExists })
    return selected.relation
  }

  #combined(node: Node, scope: Scope, isExists: boolean): Relation {
    const [left, right] = [node.larg, node.rarg].map((arm) => this.select(arm as Node, scope.outer))
    if (left === undefined || right === undefined) return UNKNOWN
    const isUnion = node.op === 'SETOP_UNION'
    const columns = left.columns?.map((column, index) => {
      const other = right.columns?.[index]?.nulls ?? 'unknown'
      return { ...column, typeOid: null, nulls: isUnion ? together(column.nulls, other) : column.nulls }
    })
    const keys = node.all === true ? [] : [{ columns: (columns ?? []).map(({ name }) => name), predicate: null }]
    const both = mostRows([left.rows, right.rows, 'bounded'])
    const relation: Relation = {
      columns: columns ?? null,
      keys: columns === undefined ? [] : keys,
      rows: isUnion ? both : left.rows,
      ...(isUnion && (left.hasOneRow === true || right.hasOneRow === true) ? { hasOneRow: true } : {}),
    }
    const outputs = relation.columns?.map(({ name, nulls }): Output => {
      return { name, nulls, place: null, expression: { ColumnRef: { fields: [{ String: { sval: name } }] } } }
    })
    this.selects.push({ node, scope, outputs: outputs ?? null, isGrouped: true, isExpanded: false, isExists, relation })
    return relation
  }

  /** What a MERGE gives back: rows that it adds, of its source, and rows of its target that match. Of these no column is known. */
  #merge(node: Node): Relation {
    return this.#with(node, () => {
      const scope: Scope = { from: emptyFrom(), outer: null }
      readItems([node.sourceRelation], scope, this)
      const source = countRows(scope, this.subqueries)
      readItems([{ RangeVar: node.relation }], scope, this)
      this.expressions(node.joinCondition, scope)
      addConditions(scope, node.joinCondition, this)
      if ((field(node, 'returningClause')?.exprs ?? node.returningList) === undefined) return NOTHING
      const takesOthers = nodesNamed(node.mergeWhenClauses, 'MergeWhenClause').some(
        ({ matchKind }) => matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE',
      )
      const rows = mostRows([source, takesOthers ? 'many' : countRows(scope, this.subqueries)])
      return { ...UNKNOWN, rows }
    })
  }

  #change(kind: 'InsertStmt' | 'UpdateStmt' | 'DeleteStmt', node: Node): Relation {
    return this.#with(node, () => {
      const scope: Scope = { from: emptyFrom(), outer: null }
      const target = field(node, 'relation') ?? {}
      const name = target.relname as string
      const table = this.#tables.named(name, (target.schemaname as string | undefined) ?? null)
      const found = table === null ? UNKNOWN : tableRelation(table)
      // What a statement or a trigger has written there is not known.
      const columns = found.columns?.map(
        (column) => ({ ...column, nulls: column.nulls === 'maybe' ? 'unknown' : column.nulls }) as const,
      )
      const written: Relation = kind === 'DeleteStmt' ? found : { ...found, columns: columns ?? null }
      addRange(scope.from, written, field(target, 'alias'), name)
      const source = field(field(node, 'selectStmt') ?? {}, 'SelectStmt')
      const inserted = source === null ? NOTHING : this.select(source, null)
      readItems(node.fromClause ?? node.usingClause, scope, this)
      this.expressions(node.whereClause, scope)
      addConditions(scope, node.whereClause, this)
      for (const part of [node.targetList, node.onConflictClause]) this.expressions(part, scope)
      const list = field(node, 'returningClause')?.exprs ?? node.returningList
      if (list === undefined) return NOTHING
      this.expressions(list, scope)
      const { routines, subqueries } = this
      const outputs = readOutputs(list, { scope, routines, subqueries, aggregated: 'unknown' })
      const rows = kind === 'InsertStmt' ? inserted.rows : countRows(scope, subqueries)
      return {
        columns: columnsOf(outputs),
        keys: outputs === null ? [] : outputKeys({}, { scope, outputs, subqueries, rows, isGrouped: false }),
        rows,
      }
    })
  }
}

/** The parts of HAVING that ask for no aggregate hold for each row of FROM, too; not with grouping sets. */
function conditionsOnRows({ havingClause, groupClause }: Node, { routines }: Reader): unknown {
  if (nodesNamed(groupClause, 'GroupingSet').length > 0) return undefined
  const args = conjuncts(havingClause).filter((part) => !hasAggregate(part, routines))
  return args.length === 0 ? undefined : { BoolExpr: { boolop: 'AND_EXPR', args } }
}

function together(one: Nulls, other: Nulls): Nulls {
  if (one === 'maybe' || other === 'maybe') return 'maybe'
  return one === 'never' && other === 'never' ? 'never' : 'unknown'
}
