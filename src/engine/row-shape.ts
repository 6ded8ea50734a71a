/** Row shapes: column names to property names, and a constructor of row objects made once for each shape. */

import { DecodeError } from './codec.js'
import { decoderOf, describeType, type Format, resultFormat } from './value-types.js'

/** A column of a result: its name and the oid of its type. */
export interface Column {
  readonly name: string
  readonly dataTypeID: number
}

/** Builds a row object from a DataRow message; `start` is where the length of the first field stands.
 *  Throws {@link DecodeError} when a value cannot be held by its column's TypeScript type. */
export type RowConstructor = (bytes: Buffer, start: number) => Record<string, unknown>

/** How the rows of a result become objects. */
export interface RowShape {
  readonly columns: readonly Column[]
  /** For rows whose fields are all in text format. */
  readonly text: RowConstructor
  /** For rows asked for in `resultFormats`; null when no column gains by it. */
  readonly binary: RowConstructor | null
  /** A format code for each column. */
  readonly resultFormats: readonly Format[] | null
}

/** The columns that statements had on one pool, by their `shapes`. Not by the statement alone: a process may have databases
 *  of several ages, and what one of them gives says nothing of another. */
export type Baselines = WeakMap<object, readonly Column[]>

/** Gives the property name of a column as pgtyped's types have it: hints (`!`, `?`) dropped, then camelCase. */
export function propertyName(column: string): string {
  const [first = '', ...rest] = column
    .replace(/[!?]$/, '')
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1\0$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1\0$2')
    .split(/[^\p{L}\d]+/u)
    .filter((word) => word !== '')
  return first.toLowerCase() + rest.map(capitalize).join('')
}

function capitalize(word: string): string {
  // A digit cannot be told from the word before it by its case: `version_2` stays `version_2`.
  return (/^\d/.test(word) ? `_${word[0]}` : word[0]?.toUpperCase()) + word.slice(1).toLowerCase()
}

/** Shapes that were made, by names and types of their columns: raw text comes as a new statement with each call, and to
 *  make a shape of 12 columns takes 100 to 200 us, to find it 1. When full it is emptied: names may be made up at run time. */
const shapes = new Map<string, RowShape>()
const MAX_SHAPES = 1_000

/** Gives the shape of rows with these columns.
 *  @throws {RangeError} when two columns share a property name (one value would be lost) or one is `__proto__` */
export function rowShape(columns: readonly Column[]): RowShape {
  let key = ''
  for (const { name, dataTypeID } of columns) key += `${dataTypeID} ${name}\0`
  let shape = shapes.get(key)
  if (shape === undefined) {
    shape = makeShape(columns)
    if (shapes.size >= MAX_SHAPES) shapes.clear()
    shapes.set(key, shape)
  }
  return shape
}

function makeShape(columns: readonly Column[]): RowShape {
  const properties = columns.map(({ name }) => propertyName(name))
  for (const [index, name] of properties.entries()) {
    if (properties.indexOf(name) !== index) throw new RangeError(`two columns are named ${name}; give one an alias`)
    if (name === '__proto__') throw new RangeError('a column cannot be named __proto__; give it an alias')
  }
  const oids = columns.map(({ dataTypeID }) => dataTypeID)
  const formats = oids.map(resultFormat)
  const isBinaryOfUse = formats.includes(1)
  return {
    columns: columns.map(({ name, dataTypeID }) => ({ name, dataTypeID })),
    text: compile(
      properties,
      oids,
      oids.map(() => 0),
    ),
    binary: isBinaryOfUse ? compile(properties, oids, formats) : null,
    resultFormats: isBinaryOfUse ? formats : null,
  }
}

/** Compiles straight-line code that ends in an object literal: V8 gives all rows one hidden class and fills it without a
 *  lookup (a loop over keys takes ten times as long), and each place of a call to a decoder only ever sees that one, so
 *  that it can be inlined. The comment keeps shapes apart: V8 would let functions of the same source share what it
 *  learned of the calls (12 columns of text, three runs: 3.2 to 3.9 us a row, apart 2.1 to 2.4). */
function compile(properties: readonly string[], oids: readonly number[], formats: readonly Format[]): RowConstructor {
  const decoders = oids.map((oid, index) => decoderOf(oid, formats[index] === 1 ? 'binary' : 'text'))
  const reads = decoders.map(
    (_, index) => `
    length = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]
    at += 4
    let v${index} = null
    if (length >= 0) {
      v${index} = d${index}(bytes, at, at + length)
      at += length
    }`,
  )
  const members = properties.map((name, index) => `${JSON.stringify(name)}: v${index}`)
  const body = `// ${oids} ${formats}
  return (bytes, at) => {
    let length = 0${reads.join('')}
    return { ${members.join(', ')} }
  }`
  return new Function(...decoders.map((_, index) => `d${index}`), body)(...decoders) as RowConstructor
}

/** Tells whether two results have the same names and types in the same order. */
export function sameColumns(known: readonly Column[], columns: readonly Column[]): boolean {
  if (known.length !== columns.length) return false
  for (let index = 0; index < known.length; index += 1) {
    const [before, now] = [known[index], columns[index]]
    if (before?.name !== now?.name || before?.dataTypeID !== now?.dataTypeID) return false
  }
  return true
}

/** Compares what a statement gives now with what it gave before: a table may have changed meanwhile.
 *  @throws {DecodeError} when a property is missing, or is of another TypeScript type */
export function assertCompatible(before: readonly Column[], now: readonly Column[]): void {
  const columns = new Map(now.map((column) => [propertyName(column.name), column]))
  for (const { name, dataTypeID } of before) {
    const property = propertyName(name)
    const column = columns.get(property)
    const was = describeType(dataTypeID)
    const told = `${property} was ${was.typescript} (${was.name})`
    if (column === undefined) throw new DecodeError(`${told}, and is not there any more; ${ADVICE}`)
    const is = describeType(column.dataTypeID)
    if (is.typescript === was.typescript) continue
    throw new DecodeError(`${told} and is ${is.typescript} (${is.name}) now; ${ADVICE}`)
  }
}

const ADVICE = 'a table has changed: generate the queries anew and restart the program'
