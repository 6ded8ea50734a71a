/** What conditions say of columns that are NULL: SQL's logic of three values. */

import type { Routines } from '../routines.js'
import { field, lastName, type Node, nodeList } from '../tree.js'

/** What an expression is when some columns are NULL; `untrue` is false or NULL. */
type Value = 'null' | 'false' | 'untrue' | 'any'

/** Tells whether a ColumnRef is one of the columns that are taken for NULL. */
export type IsNull = (ref: Node) => boolean

/** Tells whether a condition cannot hold while some columns are NULL. When in doubt, it can. */
export function cannotHold(condition: unknown, isNull: IsNull, routines: Routines): boolean {
  return truthOf(condition, isNull, routines) !== 'any'
}

/** Splits a condition into those that all must hold. */
export function conjuncts(condition: unknown): readonly Node[] {
  const node = condition as Node | undefined
  if (node === undefined || node === null) return []
  const bool = field(node, 'BoolExpr')
  return bool?.boolop === 'AND_EXPR' ? nodeList(bool.args).flatMap(conjuncts) : [node]
}

function truthOf(expression: unknown, isNull: IsNull, routines: Routines): Value {
  const of = (child: unknown): Value => truthOf(child, isNull, routines)
  const [kind = '', node] = Object.entries((expression ?? {}) as Record<string, Node>)[0] ?? []
  if (node === undefined) return 'any'
  switch (kind) {
    case 'ColumnRef':
      return isNull(node) ? 'null' : 'any'
    case 'A_Const':
      return constantValue(node)
    case 'TypeCast':
    case 'CollateClause':
      return of(node.arg)
    case 'A_Expr':
      return operatorValue(node, of, routines)
    case 'BoolExpr':
      return boolValue(node, of)
    case 'NullTest':
      return node.nulltesttype === 'IS_NOT_NULL' && of(node.arg) === 'null' ? 'false' : 'any'
    case 'BooleanTest':
      return booleanTestValue(node, of)
    case 'CoalesceExpr':
    case 'MinMaxExpr':
      return nodeList(node.args).every((arg) => of(arg) === 'null') ? 'null' : 'any'
    case 'FuncCall': {
      const isStrict = routines.isStrictFunction(lastName(node.funcname)) && node.func_variadic === undefined
      return isStrict && nodeList(node.args).some((arg) => of(arg) === 'null') ? 'null' : 'any'
    }
    case 'SubLink':
      return node.subLinkType === 'ANY_SUBLINK' && of(node.testexpr) === 'null' ? 'untrue' : 'any'
    default:
      return 'any'
  }
}

function constantValue(node: Node): Value {
  if (node.isnull === true) return 'null'
  const boolean = field(node, 'boolval')
  return boolean !== null && boolean.boolval !== true ? 'false' : 'any'
}

function operatorValue(node: Node, of: (child: unknown) => Value, routines: Routines): Value {
  const isNullOperand = of(node.lexpr) === 'null' || of(node.rexpr) === 'null'
  switch (node.kind) {
    case 'AEXPR_OP':
      return isNullOperand && routines.isStrictOperator(lastName(node.name)) ? 'null' : rowValue(node, of)
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
    case 'AEXPR_SIMILAR':
      return isNullOperand ? 'null' : 'any'
    case 'AEXPR_OP_ANY':
      return isNullOperand ? 'untrue' : 'any'
    case 'AEXPR_IN':
      return of(node.lexpr) === 'null' ? 'null' : 'any'
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
      return of(node.lexpr) === 'null' ? 'null' : 'any'
    default:
      return 'any'
  }
}

/** Rows are compared from the left: with NULL in the first place the result is never true. */
function rowValue({ lexpr, rexpr }: Node, of: (child: unknown) => Value): Value {
  const sides = [lexpr, rexpr].map((side) => nodeList(field((side ?? {}) as Node, 'RowExpr')?.args)[0])
  return sides.some((first) => first !== undefined && of(first) === 'null') ? 'untrue' : 'any'
}

function boolValue({ boolop, args }: Node, of: (child: unknown) => Value): Value {
  const values = nodeList(args).map(of)
  if (boolop === 'NOT_EXPR') return values[0] === 'null' ? 'null' : 'any'
  if (boolop === 'OR_EXPR') {
    if (values.every((value) => value === 'null')) return 'null'
    return values.includes('any') ? 'any' : 'untrue'
  }
  if (values.every((value) => value === 'null')) return 'null'
  return values.every((value) => value === 'any') ? 'any' : 'untrue'
}

function booleanTestValue({ booltesttype, arg }: Node, of: (child: unknown) => Value): Value {
  const value = of(arg)
  if (booltesttype === 'IS_TRUE') return value === 'any' ? 'any' : 'false'
  return value === 'null' && (booltesttype === 'IS_FALSE' || booltesttype === 'IS_NOT_UNKNOWN') ? 'false' : 'any'
}
