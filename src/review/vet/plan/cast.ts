/** Casts of columns, which take them out of reach of their indexes. */

import type { HeldCondition } from './filters.js'
import type { IndexCatalogue, SchemaIndex } from './index-catalogue.js'

/** A cast that keeps a condition from an index. */
export interface DefeatingCast {
  readonly column: string
  readonly castTo: string
  readonly index: SchemaIndex
}

const NAME = '("(?:[^"]|"")+"|[a-z_][\\w$]*)'
const CAST = `\\(${NAME}\\.${NAME}\\)::([a-z_][\\w$." ]*?(?:\\([\\d,]+\\))?)`
/** A cast column is one side of a comparison, by itself. */
const SIDES = [
  new RegExp(`^\\(${CAST} (?:[-+*/<>=~!@#%^&|?]+|IS) `, 'i'),
  new RegExp(` [-+*/<>=~!@#%^&|?]+ ${CAST}\\)$`, 'i'),
]

/** Gives the cast that keeps a condition from an index that a column has, or null. */
export function defeatingCast(
  { condition, tableOf }: HeldCondition,
  { indexes }: IndexCatalogue,
): DefeatingCast | null {
  for (const side of SIDES) {
    const [, alias = '', column = '', castTo = ''] = side.exec(condition) ?? []
    const table = tableOf(alias.replace(/^"(.*)"$/, '$1').replaceAll('""', '"'))
    const index = indexes.find((one) => one.table === table && one.keys[0]?.column === column)
    if (index !== undefined) return { column, castTo, index }
  }
  return null
}
