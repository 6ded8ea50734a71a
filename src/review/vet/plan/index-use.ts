/** Which conditions of a plan an index serves. */

import { conjunctsOf, leftOf, rightOf } from './condition.js'
import type { IndexCatalogue, SchemaIndex } from './index-catalogue.js'
import { indexScansOf, isAlternative, type PlanNode } from './plan-node.js'

/** What a table scan asks one index. */
export interface IndexUse {
  readonly index: SchemaIndex
  /** The conditions by which it finds rows. */
  readonly served: readonly string[]
  /** Conditions on keys behind one that has none: the whole index is read to check them. */
  readonly behind: readonly string[]
  /** Whether it finds the rows of one side of an OR. */
  readonly isAlternative: boolean
}

/** Gives what a table scan asks its indexes; one that is read without a condition is left out. */
export function indexUsesOf(scan: PlanNode, catalogue: IndexCatalogue): readonly IndexUse[] {
  return indexScansOf(scan).flatMap((placed) => {
    const { node } = placed
    const index = catalogue.find(scan.Schema ?? '', node['Index Name'] ?? '')
    if (index === undefined || node['Index Cond'] === undefined) return []
    const conditions = conjunctsOf(node['Index Cond'])
    const behind = new Set(index.method === 'btree' ? conditionsBehind(index, conditions) : [])
    return [
      {
        index,
        served: conditions.filter((condition) => !behind.has(condition)),
        behind: [...behind],
        isAlternative: isAlternative(placed),
      },
    ]
  })
}

/** PostgreSQL 18 may skip from value to value of a leading key; on 15 to 17, and with many values, it reads them all. */
function conditionsBehind(index: SchemaIndex, conditions: readonly string[]): readonly string[] {
  const first = index.keys.findIndex(({ column }) => !conditions.some((condition) => isOn(column, condition)))
  if (first === -1) return []
  const before = index.keys.slice(0, first)
  return conditions.filter((condition) => !before.some(({ column }) => isOn(column, condition)))
}

/** Expressions are written differently in plans and in the catalogue: any stands for any. A row comparison is on its
 *  first key: it finds by that, at least. */
function isOn(column: string | null, condition: string): boolean {
  return leftOf(condition)[0]?.column === column
}

/** Tells whether a use of an index finds at most one row for each value that is asked for. */
export function isUniqueLookup({ index, served, isAlternative }: IndexUse): boolean {
  if (isAlternative) return false
  const equal = served.filter((condition) => rightOf(condition)?.startsWith('= '))
  return index.isUnique && index.keys.every(({ column }) => equal.some((condition) => isOn(column, condition)))
}
