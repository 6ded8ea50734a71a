/** Where two descriptions of a schema differ. */

import { COLUMN_ORDER, type ObjectKind, type SchemaObject } from './object.js'
import { isSameMeaning } from './same-meaning.js'

/** One object that is not what is wanted. */
export interface Difference {
  /** `missing`: only the wanted schema has it; `extra`: only the other has. */
  readonly change: 'missing' | 'extra' | 'changed'
  readonly kind: ObjectKind
  readonly name: string
  /** What differs, when both have it. */
  readonly parts: readonly PartDifference[]
  readonly wanted: SchemaObject | null
  readonly found: SchemaObject | null
}

/** A part that differs; null where it is as PostgreSQL makes it when nothing is said. */
export interface PartDifference {
  readonly part: string
  readonly wanted: string | null
  readonly found: string | null
}

/** Gives the differences, in order of kind and name. What goes with a table or schema that is missing or extra as a
 *  whole is not told apart, of schemas only with `isBySchema`, the default. */
export async function compareCatalogues(
  wanted: readonly SchemaObject[],
  found: readonly SchemaObject[],
  { isBySchema = true }: { readonly isBySchema?: boolean } = {},
): Promise<readonly Difference[]> {
  const [wantedByKey, foundByKey] = [byKey(wanted), byKey(found)]
  const keys = [...new Set([...wantedByKey.keys(), ...foundByKey.keys()])].sort()
  const differences: Difference[] = []
  for (const key of keys) {
    const difference = await compare(wantedByKey.get(key) ?? null, foundByKey.get(key) ?? null)
    if (difference !== null) differences.push(difference)
  }
  const whole = new Set(
    differences
      .filter(({ change, kind }) => change !== 'changed' && (isBySchema || kind !== 'schema'))
      .map(({ name }) => name),
  )
  return differences.filter(({ change, wanted, found }) => {
    const parent = (wanted ?? found)?.parent
    return change === 'changed' || parent === null || parent === undefined || !whole.has(parent)
  })
}

function byKey(objects: readonly SchemaObject[]): ReadonlyMap<string, SchemaObject> {
  return new Map(objects.map((object) => [`${object.kind} ${object.name}`, object]))
}

async function compare(wanted: SchemaObject | null, found: SchemaObject | null): Promise<Difference | null> {
  const object = wanted ?? found
  if (object === null) return null
  const { kind, name } = object
  if (wanted === null) return { change: 'extra', kind, name, parts: [], wanted, found }
  if (found === null) return { change: 'missing', kind, name, parts: [], wanted, found }
  const parts = await differentParts(wanted, found)
  return parts.length === 0 ? null : { change: 'changed', kind, name, parts, wanted, found }
}

async function differentParts(wanted: SchemaObject, found: SchemaObject): Promise<readonly PartDifference[]> {
  const different = [...new Set([...Object.keys(wanted.parts), ...Object.keys(found.parts)])].flatMap((part) => {
    const [want = null, have = null] = [wanted.parts[part], found.parts[part]]
    if (want === have || (part === COLUMN_ORDER && isSameOrder(want, have))) return []
    return [{ part, wanted: want, found: have }]
  })
  const parts: PartDifference[] = []
  for (const difference of different) {
    const { part, wanted: want, found: have } = difference
    if (want === null || have === null || !(await isSameMeaning(wanted.kind, part, want, have))) parts.push(difference)
  }
  return parts
}

/** A column that only one side has is a difference of its own. */
function isSameOrder(wanted: string | null, found: string | null): boolean {
  const [one, other] = [wanted, found].map((list) => JSON.parse(list ?? '[]') as string[])
  const common = (list: string[] = [], others: string[] = []) => list.filter((column) => others.includes(column)).join()
  return common(one, other) === common(other, one)
}
