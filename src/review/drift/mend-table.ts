/** The statements that make a table, or one of its columns, what it is in another schema. */

import { COLUMN_ORDER, type SchemaObject } from '../catalogue/object.js'
import type { Ways } from './mend.js'

/** Makes a table with its columns; what else stands in it comes after it. */
export function createTable(to: SchemaObject, target: readonly SchemaObject[]): readonly Ways[] {
  const { name, parts } = to
  const persistence = parts.persistence === undefined ? '' : 'UNLOGGED '
  const tail = [
    parts['partition key'] === undefined ? '' : ` PARTITION BY ${parts['partition key']}`,
    parts['access method'] === undefined ? '' : ` USING ${parts['access method']}`,
    parts.options === undefined ? '' : ` WITH (${parts.options})`,
  ].join('')
  const parent = /^(.+?) (FOR VALUES .*|DEFAULT)$/s.exec(parts['partition of'] ?? '')
  if (parent !== null) return [[[`CREATE ${persistence}TABLE ${name} PARTITION OF ${parent[1]} ${parent[2]}${tail}`]]]
  const columns = (JSON.parse(parts[COLUMN_ORDER] ?? '[]') as string[]).flatMap((column) => {
    const found = target.find((object) => object.kind === 'column' && object.name === `${name}.${column}`)
    return found === undefined ? [] : [`\n  ${columnClause(found)}`]
  })
  const inherits = parts.inherits === undefined ? '' : ` INHERITS (${parts.inherits})`
  return [
    [
      [
        `CREATE ${persistence}TABLE ${name} (${columns.join(',')}${columns.length === 0 ? '' : '\n'})${inherits}${tail}`,
      ],
    ],
  ]
}

/** Adds a column. */
export function createColumn(to: SchemaObject): string {
  return `ALTER TABLE ${to.parent} ADD COLUMN ${columnClause(to)}`
}

function columnClause({ name, parent, parts }: SchemaObject): string {
  return [
    `${name.slice((parent ?? '').length + 1)} ${parts.type}`,
    parts.collation === undefined ? '' : ` COLLATE ${parts.collation}`,
    parts.default === undefined ? '' : ` DEFAULT ${parts.default}`,
    parts.generated === undefined
      ? ''
      : ` GENERATED ALWAYS AS (${expressionOf(parts.generated)}) ${kindOf(parts.generated)}`,
    parts.identity === undefined ? '' : ` GENERATED ${identityOf(parts.identity)}`,
    parts['not null'] === undefined ? '' : ' NOT NULL',
  ].join('')
}

const expressionOf = (generated: string): string => generated.replace(/ (stored|virtual)$/, '')
const kindOf = (generated: string): string => generated.slice(expressionOf(generated).length + 1).toUpperCase()
const identityOf = (identity: string): string => identity.toUpperCase().replace(' (', ' AS IDENTITY (')

/** Changes a table's own settings. */
export function changeTable(from: SchemaObject, to: SchemaObject, changed: readonly string[]): readonly Ways[] {
  const { name, parts } = to
  const alter = (action: string): Ways => [[`ALTER TABLE ${name} ${action}`]]
  return changed.map((part): Ways => {
    const value = parts[part]
    switch (part) {
      case 'row security':
        return alter(`${value === undefined ? 'DISABLE' : 'ENABLE'} ROW LEVEL SECURITY`)
      case 'forced row security':
        return alter(`${value === undefined ? 'NO FORCE' : 'FORCE'} ROW LEVEL SECURITY`)
      case 'persistence':
        return alter(`SET ${value === undefined ? 'LOGGED' : 'UNLOGGED'}`)
      case 'replica identity':
        return alter(`REPLICA IDENTITY ${value ?? 'DEFAULT'}`)
      case 'options':
        return [changeOptions(`ALTER TABLE ${name}`, from.parts.options, value)]
      default:
        return []
    }
  })
}

/** Sets and resets storage parameters, such as `fillfactor=70, autovacuum_enabled=false`. */
export function changeOptions(alter: string, from = '', to = ''): readonly string[] {
  const [had, has] = [from, to].map((list) => list.split(', ').filter((option) => option !== '')) as [
    string[],
    string[],
  ]
  const nameOf = (option: string): string => option.slice(0, option.indexOf('='))
  const gone = had.map(nameOf).filter((name) => !has.some((option) => nameOf(option) === name))
  return [
    ...(gone.length === 0 ? [] : [`${alter} RESET (${gone.join(', ')})`]),
    ...(has.length === 0 ? [] : [`${alter} SET (${has.join(', ')})`]),
  ]
}

/** Changes a column, one part at a time, and in an order in which they can follow each other. */
export function changeColumn(from: SchemaObject, to: SchemaObject, changed: readonly string[]): readonly Ways[] {
  const column = to.name.slice((to.parent ?? '').length + 1)
  const alter = (action: string): string => `ALTER TABLE ${to.parent} ALTER COLUMN ${column} ${action}`
  const { default: value, type, collation } = to.parts
  const setDefault = alter(value === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${value}`)
  const setType = alter(
    `TYPE ${type}${collation === undefined ? '' : ` COLLATE ${collation}`} USING ${column}::${type}`,
  )
  const ways: Readonly<Record<string, () => Ways>> = {
    // A default that the new type does not take gives way first.
    type: () => [[setType], [alter('DROP DEFAULT'), setType, setDefault]],
    collation: () => (changed.includes('type') ? [] : [[setType]]),
    generated: () => changeGenerated(from, to, alter),
    identity: () => changeIdentity(from, to, alter),
    default: () => [[setDefault]],
    'not null': () => [[alter(`${to.parts['not null'] === undefined ? 'DROP' : 'SET'} NOT NULL`)]],
    storage: () => [[alter(`SET STORAGE ${(to.parts.storage ?? 'DEFAULT').toUpperCase()}`)]],
    compression: () => [[alter(`SET COMPRESSION ${to.parts.compression ?? 'default'}`)]],
    'statistics target': () => [[alter(`SET STATISTICS ${to.parts['statistics target'] ?? '-1'}`)]],
    options: () => [changeOptions(alter('').trimEnd(), from.parts.options, to.parts.options)],
  }
  return Object.entries(ways).flatMap(([part, way]) => (changed.includes(part) ? [way()] : []))
}

type Alter = (action: string) => string

/** A column that is to be computed otherwise, or from now on, is made anew. */
function changeGenerated(from: SchemaObject, to: SchemaObject, alter: Alter): Ways {
  const { generated } = to.parts
  if (generated === undefined) return [[alter('DROP EXPRESSION')]]
  const column = from.name.slice((from.parent ?? '').length + 1)
  const again = [[`ALTER TABLE ${from.parent} DROP COLUMN ${column}`, createColumn(to)]]
  return from.parts.generated === undefined
    ? again
    : [[alter(`SET EXPRESSION AS (${expressionOf(generated)})`)], ...again]
}

function changeIdentity(from: SchemaObject, to: SchemaObject, alter: Alter): Ways {
  const { identity } = to.parts
  if (identity === undefined) return [[alter('DROP IDENTITY')]]
  if (from.parts.identity === undefined) return [[alter(`ADD GENERATED ${identityOf(identity)}`)]]
  // Not made anew: it would count from its start again, over numbers that rows have.
  const [, kind = '', numbers = ''] = /^(.+) \((.+)\)$/.exec(identity) ?? []
  const settings = numbers
    .replace(/(start|increment|minvalue|maxvalue|cache) /g, 'SET $1 ')
    .replace(/( cycle)?$/, (cycle) => (cycle === '' ? ' SET no cycle' : ' SET cycle'))
  return [[alter(`SET GENERATED ${kind.toUpperCase()} ${settings.toUpperCase()}`)]]
}
