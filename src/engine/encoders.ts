/** Encoders: what is sent for a value of each type. Text throughout, but for bytes. */

import { type Encode, EncodeError, isStorableText, UNSTORABLE_TEXT } from './codec.js'

export const encodeText: Encode = (value) => {
  if (typeof value !== 'string') throw new EncodeError('must be a string')
  if (!isStorableText(value)) throw new EncodeError(UNSTORABLE_TEXT)
  return value
}

export const encodeBoolean: Encode = (value) => {
  if (typeof value !== 'boolean') throw new EncodeError('must be a boolean')
  return value ? 't' : 'f'
}

/** Makes an encoder of integers that refuses what lies outside the type. */
export function encodeInteger(min: number, max: number): Encode {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw new EncodeError(`must be an integer from ${min} to ${max}`)
    }
    return String(value)
  }
}

export const encodeFloat: Encode = (value) => {
  if (typeof value !== 'number') throw new EncodeError('must be a number')
  return Object.is(value, -0) ? '-0' : String(value)
}

const NUMERIC = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|Infinity)$|^NaN$/i

export const encodeNumeric: Encode = (value) => {
  if ((typeof value !== 'number' && typeof value !== 'string') || !NUMERIC.test(String(value))) {
    throw new EncodeError('must be a number, or a string that holds one')
  }
  return String(value)
}

export const encodeInstant: Encode = (value) => {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw new EncodeError('must be a valid Date')
  const iso = value.toISOString()
  const year = value.getUTCFullYear()
  // ISO 8601 has a year 0 and signs; PostgreSQL counts from 1 BC and reads no sign.
  if (year < 1) return `${String(1 - year).padStart(4, '0')}${iso.slice(iso.indexOf('-', 1))} BC`
  return year > 9_999 ? iso.slice(1) : iso
}

export const encodeBytes: Encode = (value) => {
  if (!(value instanceof Uint8Array)) throw new EncodeError('must be a Buffer or Uint8Array')
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

export const encodeJson: Encode = (value) => {
  const text = stringify(value)
  if (text === undefined) throw new EncodeError('must be a JSON value')
  // Of all escapes that JSON.stringify writes, few begin so, and a search costs less than the expression.
  if (text.includes('\\u') && UNSTORABLE_ESCAPE.test(text)) throw new EncodeError(UNSTORABLE_TEXT)
  return text
}

/** NUL and halves of surrogate pairs, which JSON.stringify writes as escapes; not behind a backslash that is itself escaped. */
const UNSTORABLE_ESCAPE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i

/** A cycle, a bigint or a toJSON that throws: the error of JSON.stringify would name keys or hold values. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
