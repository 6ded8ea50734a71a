/** Values of enums: added ones need no new type, and no rewrite of the tables that use it. */

import type { SchemaObject } from '../catalogue/object.js'
import { quote } from './annotation.js'
import type { Ways } from './mend.js'

/** Makes an enum. */
export function createEnum(to: SchemaObject): string {
  return `CREATE TYPE ${to.name} AS ENUM (${valuesOf(to).map(quote).join(', ')})`
}

/** Gives the one way when values were only added; none when some are gone or stand elsewhere. */
export function addedEnumValues(from: SchemaObject, to: SchemaObject): Ways {
  const [had, has] = [valuesOf(from), valuesOf(to)]
  if (had.join('\0') !== has.filter((value) => had.includes(value)).join('\0')) return []
  const added = has.flatMap((value, index) => (had.includes(value) ? [] : [{ value, index }]))
  return [
    added.map(({ value, index }) => {
      const before = has[index - 1]
      const next = has.find((other, place) => place > index && had.includes(other))
      const place =
        before === undefined ? (next === undefined ? '' : ` BEFORE ${quote(next)}`) : ` AFTER ${quote(before)}`
      return `ALTER TYPE ${to.name} ADD VALUE ${quote(value)}${place}`
    }),
  ]
}

function valuesOf({ parts: { values = '[]' } }: SchemaObject): readonly string[] {
  return JSON.parse(values) as string[]
}
