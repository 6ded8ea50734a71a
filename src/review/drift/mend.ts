/** The statements that make one object of a schema what it is in another. */

import type { Difference } from '../catalogue/compare-catalogues.js'
import type { ObjectKind, SchemaObject } from '../catalogue/object.js'
import { commentOn, grants, quote } from './annotation.js'
import { addedEnumValues, createEnum } from './enum-values.js'
import { changeColumn, changeOptions, changeTable, createColumn, createTable } from './mend-table.js'

/** Statements that only make sense together. */
export type Step = readonly string[]

/** Ways to the same end, of which the first that works is taken. */
export type Ways = readonly Step[]

/** Gives what turns an object from what is wanted into what was found. Empty, where there is no way: @pgkit/migra may know
 *  one. Dependents are never dropped with it. `target` is the whole schema that is to come out. */
export function mend(difference: Difference, target: readonly SchemaObject[]): readonly Ways[] {
  const { kind, wanted: from, found: to } = difference
  if (to === null) return from === null ? [] : [[[drop(from)]]]
  if (from === null) return create(to, target)
  const parts = difference.parts.map(({ part }) => part)
  const others = parts.filter((part) => part !== 'comment' && part !== 'privileges')
  return [
    ...(others.length === 0 ? [] : change(kind, from, to, others)),
    ...(parts.includes('comment') ? [[[commentOn(to)]]] : []),
    ...(parts.includes('privileges') ? [grants(from, to)] : []),
  ]
}

function create(to: SchemaObject, target: readonly SchemaObject[]): readonly Ways[] {
  switch (to.kind) {
    case 'table':
      return createTable(to, target)
    case 'column':
      return [[[createColumn(to)]]]
    case 'enum':
      return [[[createEnum(to)]]]
    case 'sequence':
      return [[[`CREATE SEQUENCE ${to.name} AS ${to.parts.type} ${to.parts.numbers?.toUpperCase()}`]]]
    case 'domain':
      return [[[createDomain(to)]]]
    case 'type':
      return to.parts.attributes === undefined ? [] : [[[`CREATE TYPE ${to.name} AS (${to.parts.attributes})`]]]
    case 'index':
      // One that is not valid is what is left of a build that failed: whether it is to be is not known.
      return to.sql === null || to.parts.valid === 'no' ? [] : [[[to.sql]]]
    default:
      return to.sql === null ? [] : [[[to.sql]]]
  }
}

function createDomain({ name, parts }: SchemaObject): string {
  const constraints = parts.constraints?.split('\n').map((constraint) => ` CONSTRAINT ${constraint}`) ?? []
  const rest = [
    parts.collation === undefined ? '' : ` COLLATE ${parts.collation}`,
    parts.default === undefined ? '' : ` DEFAULT ${parts.default}`,
    parts['not null'] === undefined ? '' : ' NOT NULL',
    ...constraints,
  ]
  return `CREATE DOMAIN ${name} AS ${parts.type}${rest.join('')}`
}

function change(kind: ObjectKind, from: SchemaObject, to: SchemaObject, parts: readonly string[]): readonly Ways[] {
  switch (kind) {
    case 'table':
      return changeTable(from, to, parts)
    case 'column':
      return changeColumn(from, to, parts)
    case 'enum':
      return [addedEnumValues(from, to)]
    case 'trigger':
      return changeTrigger(from, to, parts)
    case 'constraint':
      return changeConstraint(from, to, parts)
    case 'statistics':
      return parts.includes('definition')
        ? recreate(from, to)
        : [[[`ALTER STATISTICS ${to.name} SET STATISTICS ${to.parts.target ?? '-1'}`]]]
    case 'sequence':
      return [[changeSequence(to, parts)]]
    case 'domain':
      return changeDomain(from, to, parts)
    case 'function':
    case 'procedure':
    case 'view':
      // Where the old one cannot be replaced, as with other columns or another result, it gives way.
      return to.sql === null ? [] : [[[to.sql], [drop(from), to.sql]]]
    case 'index':
      return parts.some((part) => part !== 'clustered' && part !== 'valid') ? recreate(from, to) : []
    case 'extension':
      return [[[`ALTER EXTENSION ${to.name} SET SCHEMA ${to.parts.schema}`]]]
    default:
      return recreate(from, to)
  }
}

function recreate(from: SchemaObject, to: SchemaObject): readonly Ways[] {
  return to.sql === null ? [] : [[[drop(from), to.sql]]]
}

/** What it is; or else, where it has one, its index, which it is not made anew for. */
function changeConstraint(from: SchemaObject, to: SchemaObject, parts: readonly string[]): readonly Ways[] {
  if (parts.includes('definition')) return recreate(from, to)
  const { table, own } = partedName(to)
  const index = `${/^("(?:[^"]|"")+"|[^"]+?)\./.exec(table)?.[1]}.${own}`
  const { 'index options': options, 'index comment': comment, clustered } = to.parts
  return parts.map((part): Ways => {
    if (part === 'index options') return [changeOptions(`ALTER INDEX ${index}`, from.parts[part], options)]
    if (part === 'index comment')
      return [[`COMMENT ON INDEX ${index} IS ${comment === undefined ? 'NULL' : quote(comment)}`]]
    if (part === 'clustered')
      return [[`ALTER TABLE ${table} ${clustered === undefined ? 'SET WITHOUT CLUSTER' : `CLUSTER ON ${own}`}`]]
    return []
  })
}

const TRIGGER_STATES: Readonly<Record<string, string>> = {
  disabled: 'DISABLE',
  'replica only': 'ENABLE REPLICA',
  always: 'ENABLE ALWAYS',
}

function changeTrigger(from: SchemaObject, to: SchemaObject, parts: readonly string[]): readonly Ways[] {
  // A new one is enabled: whether it is to be shows when it is there.
  if (parts.includes('definition')) return recreate(from, to)
  const { table, own } = partedName(to)
  return [[[`ALTER TABLE ${table} ${TRIGGER_STATES[to.parts.enabled ?? ''] ?? 'ENABLE'} TRIGGER ${own}`]]]
}

function changeSequence(
  { name, parts: { type, numbers, 'owned by': owner } }: SchemaObject,
  parts: readonly string[],
): Step {
  return parts.flatMap((part) => {
    if (part === 'owned by') return [`ALTER SEQUENCE ${name} OWNED BY ${owner ?? 'NONE'}`]
    if (part === 'type') return [`ALTER SEQUENCE ${name} AS ${type}`]
    if (part !== 'numbers' || numbers === undefined) return []
    return [`ALTER SEQUENCE ${name} ${numbers.toUpperCase()}${numbers.endsWith('cycle') ? '' : ' NO CYCLE'}`]
  })
}

function changeDomain(from: SchemaObject, to: SchemaObject, parts: readonly string[]): readonly Ways[] {
  const alter = `ALTER DOMAIN ${to.name}`
  const constraintsOf = ({ parts: { constraints = '' } }: SchemaObject) =>
    constraints.split('\n').filter((text) => text !== '')
  const without = (one: SchemaObject, other: SchemaObject) =>
    constraintsOf(one).filter((constraint) => !constraintsOf(other).includes(constraint))
  return parts.map((part): Ways => {
    if (part === 'default')
      return [[`${alter} ${to.parts.default === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${to.parts.default}`}`]]
    if (part === 'not null') return [[`${alter} ${to.parts['not null'] === undefined ? 'DROP' : 'SET'} NOT NULL`]]
    if (part !== 'constraints') return []
    return [
      [
        ...without(from, to).map(
          (constraint) => `${alter} DROP CONSTRAINT ${/^("([^"]|"")+"|\S+)/.exec(constraint)?.[0]}`,
        ),
        ...without(to, from).map((constraint) => `${alter} ADD CONSTRAINT ${constraint}`),
      ],
    ]
  })
}

function drop(object: SchemaObject): string {
  const { kind, name } = object
  const { table, own } = partedName(object)
  if (kind === 'column') return `ALTER TABLE ${object.parent} DROP COLUMN ${own}`
  if (kind === 'constraint') return `ALTER TABLE ${table} DROP CONSTRAINT ${own}`
  return `DROP ${kind === 'enum' ? 'TYPE' : kind.toUpperCase()} ${name}`
}

/** What stands in a table is called by that: `name ON table`, or, of a column, `table.name`. */
function partedName({ kind, name, parent }: SchemaObject): { readonly table: string; readonly own: string } {
  const table = parent ?? ''
  const own = kind === 'column' ? name.slice(table.length + 1) : name.slice(0, -` ON ${table}`.length)
  return { table, own }
}
