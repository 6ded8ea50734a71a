/** An entity diagram of one schema, in Mermaid's language. */

import type { DiagramColumn, DiagramReference, DiagramTable } from './catalogue.js'

/** Long names of types that everybody knows by a short one. */
const SHORT: readonly (readonly [long: RegExp, short: string])[] = [
  [/^timestamp(\(\d\))? with time zone/, 'timestamptz$1'],
  [/^timestamp(\(\d\))? without time zone/, 'timestamp$1'],
  [/^time(\(\d\))? with time zone/, 'timetz$1'],
  [/^time(\(\d\))? without time zone/, 'time$1'],
  [/^double precision/, 'float8'],
  [/^character varying/, 'varchar'],
  [/^character\b/, 'char'],
]

/** A note of a column is its comment's first sentence, and no longer than this. */
const NOTE_LENGTH = 80

/** Draws the tables of a schema and what they refer to. Tables of other schemas are shown by name. */
export function drawSchema(schema: string, tables: readonly DiagramTable[]): string {
  const own = tables.filter((table) => table.schema === schema)
  return [
    'erDiagram',
    ...own.flatMap((table) => drawTable(table, schema)),
    ...own.flatMap((table) => table.references.map((reference) => drawReference(table, reference))),
    '',
  ].join('\n')
}

function drawTable(table: DiagramTable, schema: string): readonly string[] {
  return [
    `  ${entityName(table.name)} {`,
    ...table.columns.map((column) => `    ${drawColumn(column, table, schema)}`),
    '  }',
  ]
}

function drawColumn(column: DiagramColumn, table: DiagramTable, schema: string): string {
  const { name, type, isNullable, comment } = column
  const word = toWord(name)
  const note = firstSentence(comment ?? '')
  const notes = [
    ...(word === name ? [] : [name]),
    ...(isNullable && !note.startsWith('NULL') ? ['null'] : []),
    ...(note === '' ? [] : [note]),
  ]
  const parts = [toWord(shortType(type, schema)), word, marksOf(name, table).join(', ')]
  if (notes.length > 0) parts.push(`"${toText(notes.join('; '))}"`)
  return parts.filter((part) => part !== '').join(' ')
}

function marksOf(column: string, { primaryKey, uniqueKeys, references }: DiagramTable): readonly string[] {
  return [
    ...(primaryKey.includes(column) ? ['PK'] : []),
    ...(references.some(({ columns }) => columns.includes(column)) ? ['FK'] : []),
    // Of several columns, none of them is unique.
    ...(uniqueKeys.some((columns) => columns.length === 1 && columns[0] === column) ? ['UK'] : []),
  ]
}

/** Draws what is referred to, then what refers: exactly one or none, and any number or one at the most. */
function drawReference(table: DiagramTable, { columns, toSchema, toTable }: DiagramReference): string {
  const target = toSchema === table.schema ? toTable : `${toSchema}.${toTable}`
  const isOptional = table.columns.some(({ name, isNullable }) => isNullable && columns.includes(name))
  const isUnique = [table.primaryKey, ...table.uniqueKeys].some(
    (key) => key.length > 0 && key.every((column) => columns.includes(column)),
  )
  const line = `${isOptional ? '|o' : '||'}--${isUnique ? 'o|' : 'o{'}`
  return `  ${entityName(target)} ${line} ${entityName(table.name)} : "${toText(columns.join(', '))}"`
}

/** Quoted, because some words are Mermaid's own. */
function entityName(name: string): string {
  return `"${toText(name)}"`
}

function shortType(type: string, schema: string): string {
  const own = type.startsWith(`${schema}.`) ? type.slice(schema.length + 1) : type
  return SHORT.reduce((name, [long, short]) => name.replace(long, short), own)
}

/** Types and columns are words that begin with a letter; all other signs become `_`. */
function toWord(text: string): string {
  const word = text.replace(/[^A-Za-z0-9_()[\]]/g, '_')
  return /^[A-Za-z]/.test(word) ? word : `x${word}`
}

function firstSentence(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim()
  const sentence = /^.*?[.;](?= |$)/.exec(plain)?.[0].replace(/[.;]$/, '') ?? plain
  return sentence.length <= NOTE_LENGTH ? sentence : `${sentence.slice(0, NOTE_LENGTH - 3).trimEnd()}...`
}

/** What a quoted text may not hold. `%%` would begin a comment, `#` an entity. */
function toText(text: string): string {
  return text
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replace(/%+/g, ' percent ')
    .replaceAll('#', 'No. ')
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
