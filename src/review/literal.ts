/** Literals: values as SQL text that means the same wherever it is pasted, in one line and in characters that show. */

import { valueTypes } from '../engine/value-types.js'
import type { WireValue } from '../engine/wire/message-writer.js'

const INTEGERS = new Set(['int2', 'int4', 'int8'])

/** Gives what is sent for a value as a literal of the parameter's type. Without a type the server chooses one. */
export function literal(value: WireValue, type: string | undefined): string {
  const cast = type === undefined || type === 'unknown' ? '' : `::${typeName(type)}`
  if (value === null) return `NULL${cast}`
  if (Buffer.isBuffer(value)) return `${quote(`\\x${value.toString('hex')}`)}${cast}`
  // Not a negative number: the cast would come before the sign, and the first of int2 is no int2 without it.
  if (type !== undefined && INTEGERS.has(type) && /^\d+$/.test(value)) return `${value}${cast}`
  if (type === 'bool') return `${value === 't'}${cast}`
  return `${quote(value)}${cast}`
}

/** Types with a schema stand there as SQL writes them. The others are PostgreSQL's own names, some of which mean another
 *  type in SQL unless they are qualified: `bit` is bit(1), `char` is character(1). */
function typeName(type: string): string {
  const element = type.replace(/(\[\])+$/, '')
  if (element.includes('.') || Object.hasOwn(valueTypes, element)) return type
  const name = /^[a-z_][a-z0-9_]*$/.test(element) ? element : `"${element.replaceAll('"', '""')}"`
  return `pg_catalog.${name}${type.slice(element.length)}`
}

/** A backslash means what the setting standard_conforming_strings says, but for E''; a tab makes psql complete words when
 *  it is pasted; a line end, a sign that turns the direction of text or one that does not show misleads readers. */
const SPECIAL = /[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const SPECIALS = new RegExp(SPECIAL, 'gu')

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function quote(text: string): string {
  const doubled = text.replaceAll("'", "''")
  return SPECIAL.test(text) ? `E'${doubled.replace(SPECIALS, escaped)}'` : `'${doubled}'`
}

function escaped(sign: string): string {
  const code = (sign.codePointAt(0) as number).toString(16)
  return ESCAPES[sign] ?? (code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`)
}
