/** What it means to a running release that a column or parameter is of another type now. */

import { valueTypes } from '../../engine/value-types.js'
import type { Severity } from './finding.js'

/** Types whose values read the same. The engine picks the reader of a column by the type's oid, which it learns anew when a
 *  statement is prepared, and takes the new type where the TypeScript type is the same (`assertCompatible`): so an int4
 *  that becomes an int8 is read rightly by what was compiled before, up to 2^53-1. */
const READ_ALIKE: readonly (readonly string[])[] = [
  ['int2', 'int4', 'int8'],
  ['float4', 'float8'],
  ['text', 'varchar', 'name'],
  ['json', 'jsonb'],
]

/** Which types take whatever was sent for a type, and mean the same by it. A release encodes parameters by the type that
 *  it was compiled with, as text, and the server reads that text as the new type. */
const TAKEN_BY: Readonly<Record<string, readonly string[]>> = {
  int2: ['int4', 'int8', 'numeric'],
  int4: ['int8', 'numeric', 'float8'],
  int8: ['numeric'],
  float4: ['float8', 'numeric'],
  float8: ['numeric'],
  text: ['varchar', 'name'],
  varchar: ['text', 'name'],
  name: ['text', 'varchar'],
  json: ['jsonb'],
  jsonb: ['json'],
  cidr: ['inet'],
}

const INTEGERS = new Set(['int2', 'int4', 'int8'])
const TEXTS = new Set(['text', 'varchar'])

/** Judges a column; null: nothing changes for who reads it. */
export function columnChange(before: string, now: string): Severity | null {
  if (before === now) return null
  if (typescriptOf(before) !== typescriptOf(now)) return 'breaks'
  const [one, other] = [elementOf(before), elementOf(now)]
  return READ_ALIKE.some((types) => types.includes(one) && types.includes(other)) ? null : 'notice'
}

/** Judges a parameter; null: what was sent before means the same. */
export function parameterChange(before: string, now: string): Severity | null {
  if (before === now) return null
  if (isArray(before) !== isArray(now)) return 'breaks'
  const [one, other] = [elementOf(before), elementOf(now)]
  if (TAKEN_BY[one]?.includes(other) === true) return null
  // Only what is out of the smaller one's range is refused.
  if (INTEGERS.has(one) && INTEGERS.has(other)) return 'notice'
  // Text takes anything but what is sent as bytes, and keeps it as it was sent.
  return TEXTS.has(other) && one !== 'bytea' ? 'notice' : 'breaks'
}

/** Gives the TypeScript type of a type by its name in the manifest, as the engine reads it. */
export function typescriptOf(type: string): string {
  if (!isArray(type)) return valueTypes[type]?.typescript ?? 'string'
  const element = valueTypes[elementOf(type)]
  // Arrays of types that are not known stay text.
  return element === undefined ? 'string' : `${element.typescript}[]`
}

function isArray(type: string): boolean {
  return type.endsWith('[]')
}

function elementOf(type: string): string {
  return type.replace(/(\[\])+$/, '')
}
