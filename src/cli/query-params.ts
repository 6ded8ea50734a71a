/** Parameters of a query from the command line. Messages never hold their values. */

import { EncodeError } from '../engine/codec.js'
import { encoderOf, valueTypes } from '../engine/value-types.js'
import type { ManifestQuery } from '../generate/manifest-file.js'
import { placesOf } from '../review/psql-text.js'
import { parametersOf, type QueryParameter } from '../review/query-parameters.js'
import { UsageError } from './failure.js'
import { nearNames } from './near-names.js'

type Values = Readonly<Record<string, unknown>>

/** Reads assignments (`name=value`, `name:=json`) as the values that the library would be called with. With `isGeneric`
 *  none is needed, and a name alone is one that is given: its value is null, and does not matter. `advice` ends the message
 *  of what is missing.
 *  @throws {UsageError} when one is no value of its parameter, or a parameter is unknown or missing */
export function readParams(
  query: ManifestQuery,
  assignments: readonly string[],
  { isGeneric = false, advice = '' }: { readonly isGeneric?: boolean; readonly advice?: string } = {},
): Values {
  const parameters = parametersOf(query)
  const values: Record<string, unknown> = {}
  for (const assignment of assignments) {
    const given = isGeneric && /^\w+$/.test(assignment) ? `${assignment}:=null` : assignment
    const [, name = '', sign, text = ''] = /^(\w+)(:?=)(.*)$/s.exec(given) ?? []
    if (sign === undefined) throw new UsageError('a parameter must be name=value or name:=json')
    const parameter = parameters.find((each) => each.name === name) ?? refuseUnknown(query, name, parameters)
    if (Object.hasOwn(values, name)) throw new UsageError(`${name} is given twice`)
    values[name] = sign === ':=' ? fromJson(parameter, parse(parameter, text)) : fromText(parameter, text)
  }
  const missing = isGeneric ? [] : missingOf(query, values, parameters)
  if (missing.length > 0) {
    throw new UsageError(`${query.name} needs the parameters ${missing.map(describeParameter).join(', ')}${advice}`)
  }
  return values
}

/** Gives the parameters that were given and change nothing: their lines wait for another one. */
export function idleParams(query: ManifestQuery, values: Values): readonly string[] {
  const places = placesOf(query, values)
  return parametersOf(query)
    .filter(({ name, presence }) => presence !== 'choice' && Object.hasOwn(values, name) && !places.has(name))
    .map(({ name }) => name)
}

/** Says what a parameter is, in a few words. */
function describeParameter({ name, type, with: leads = [], values = [] }: QueryParameter): string {
  if (type === null) return `${name} (${values.join(' | ')})`
  return `${name} (${leads.length === 0 ? type : `${type}, with ${leads.join(' or ')}`})`
}

function refuseUnknown({ name }: ManifestQuery, given: string, parameters: readonly QueryParameter[]): never {
  const names = parameters.map((parameter) => parameter.name)
  const [near] = nearNames(given, names)
  const has = names.length === 0 ? 'none' : parameters.map(describeParameter).join(', ')
  throw new UsageError(
    `${name} has no parameter ${given}${near === undefined ? '' : ` (did you mean ${near}?)`}; it has ${has}`,
  )
}

function missingOf(
  query: ManifestQuery,
  values: Values,
  parameters: readonly QueryParameter[],
): readonly QueryParameter[] {
  const places = placesOf(query, values)
  return parameters.filter(({ name }) => places.get(name)?.mayBeAbsent === false && !Object.hasOwn(values, name))
}

const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false }
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
const NUMBER_WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}
/** With its zone: without one it would be another instant on another machine. */
const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/
const BYTES = /^\\x((?:[0-9a-f]{2})*)$/i

function fromText(parameter: QueryParameter, text: string): unknown {
  const { type } = parameter
  if (type === null) return checkChoice(parameter, text)
  const kind = valueTypes[type]?.typescript
  if (kind === 'Json' || type.endsWith('[]')) return fromJson(parameter, parse(parameter, text))
  if (kind === 'boolean') return check(parameter, Object.hasOwn(WORDS, text) ? WORDS[text] : text)
  if (kind === 'number') {
    const word = Object.hasOwn(NUMBER_WORDS, text) ? NUMBER_WORDS[text] : text
    return check(parameter, NUMBER.test(text) ? Number(text) : word)
  }
  return fromJson(parameter, text)
}

/** Dates and bytes, which JSON does not know, are strings in it. */
function fromJson(parameter: QueryParameter, value: unknown): unknown {
  const { type } = parameter
  if (type === null) return checkChoice(parameter, value)
  if (value === null) return null
  return check(parameter, decode(parameter, type.replace(/(\[\])+$/, ''), value, type.endsWith('[]')))
}

function decode(parameter: QueryParameter, type: string, value: unknown, isArray: boolean): unknown {
  if (value === null) return value
  const kind = valueTypes[type]?.typescript
  // An array within an array of JSON is a JSON array.
  if (isArray && Array.isArray(value)) return value.map((each) => decode(parameter, type, each, kind !== 'Json'))
  if (kind === 'Date' && typeof value === 'string') {
    if (!INSTANT.test(value)) throw refuse(parameter, 'must be an instant such as 2026-11-22T10:00:00Z')
    if (!isDay(value.slice(0, 10))) throw refuse(parameter, 'must be of a day that there is')
    return new Date(value)
  }
  if (kind === 'Buffer' && typeof value === 'string') {
    const [, hex] = BYTES.exec(value) ?? []
    if (hex !== undefined) return Buffer.from(hex, 'hex')
    throw refuse(parameter, 'must be bytes such as \\x00ff')
  }
  return value
}

/** The 31st of February is another day to Date, and an error to the server. */
function isDay(text: string): boolean {
  const day = new Date(text)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

function parse(parameter: QueryParameter, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refuse(parameter, 'must be JSON')
  }
}

/** @throws {UsageError} when the type cannot hold the value */
function check(parameter: QueryParameter, value: unknown): unknown {
  try {
    encoderOf(parameter.type ?? 'text')(value)
    return value
  } catch (error) {
    if (error instanceof EncodeError) throw refuse(parameter, error.message)
    throw error
  }
}

function checkChoice(parameter: QueryParameter, value: unknown): unknown {
  const { values = [] } = parameter
  if (values.includes(value as string)) return value
  throw refuse({ ...parameter, type: 'choice' }, `must be one of ${values.join(', ')}`)
}

function refuse({ name, type }: QueryParameter, message: string): UsageError {
  return new UsageError(`${name} (${type}) ${message}`)
}
