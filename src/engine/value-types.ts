/** The one table of types: PostgreSQL's name and oids, the TypeScript type, how text becomes a value and back.
 *  `typesOverrides` in pgtyped.config.json agrees with it; a test compares the two. Oids: pg_type.dat of PostgreSQL. */

import { types } from 'pg'
import { arrayDecoder, arrayEncoder } from './array-text.js'
import { type Decode, DecodeError, type Encode, EncodeError, isStorableText, UNSTORABLE_TEXT } from './codec.js'

interface ValueType {
  readonly oid: number
  readonly arrayOid: number
  readonly typescript: 'boolean' | 'number' | 'string' | 'Date' | 'Buffer' | 'Json'
  readonly decode: Decode
  readonly encode: Encode
}

const asText: Decode = (text) => text

const encodeText: Encode = (value) => {
  if (typeof value !== 'string') throw new EncodeError('must be a string')
  if (!isStorableText(value)) throw new EncodeError(UNSTORABLE_TEXT)
  return value
}

const encodeBoolean: Encode = (value) => {
  if (typeof value !== 'boolean') throw new EncodeError('must be a boolean')
  return value ? 't' : 'f'
}

function encodeInteger(min: number, max: number): Encode {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw new EncodeError(`must be an integer from ${min} to ${max}`)
    }
    return String(value)
  }
}

const encodeFloat: Encode = (value) => {
  if (typeof value !== 'number') throw new EncodeError('must be a number')
  return Object.is(value, -0) ? '-0' : String(value)
}

const NUMERIC = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|Infinity)$|^NaN$/i

const encodeNumeric: Encode = (value) => {
  if ((typeof value !== 'number' && typeof value !== 'string') || !NUMERIC.test(String(value))) {
    throw new EncodeError('must be a number, or a string that holds one')
  }
  return String(value)
}

const encodeInstant: Encode = (value) => {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw new EncodeError('must be a valid Date')
  const iso = value.toISOString()
  const year = value.getUTCFullYear()
  // ISO 8601 has a year 0 and signs; PostgreSQL counts from 1 BC and reads no sign.
  if (year < 1) return `${String(1 - year).padStart(4, '0')}${iso.slice(iso.indexOf('-', 1))} BC`
  return year > 9_999 ? iso.slice(1) : iso
}

const encodeBytes: Encode = (value) => {
  if (!(value instanceof Uint8Array)) throw new EncodeError('must be a Buffer or Uint8Array')
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

const encodeJson: Encode = (value) => {
  const text = stringify(value)
  if (text === undefined) throw new EncodeError('must be a JSON value')
  return text
}

/** A cycle, a bigint or a toJSON that throws: the error of JSON.stringify would name keys or hold values. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

const decodeInstant: Decode = (text) => {
  const value: unknown = types.getTypeParser(1184, 'text')(text)
  if (value instanceof Date) return value
  throw new DecodeError('the instant is infinite or not in ISO 8601 form, which a Date cannot hold')
}

const decodeInt8: Decode = (text) => {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new DecodeError('the bigint lies beyond 2^53-1, which a number cannot hold; cast it to text in the query')
}

const decodeBytes: Decode = (text) => types.getTypeParser(17, 'text')(text)

const text = { typescript: 'string', decode: asText, encode: encodeText } as const
const instant = { typescript: 'Date', decode: decodeInstant, encode: encodeInstant } as const
const json = { typescript: 'Json', decode: JSON.parse as Decode, encode: encodeJson } as const
const float = { typescript: 'number', decode: Number as Decode, encode: encodeFloat } as const
const int32 = encodeInteger(-2_147_483_648, 2_147_483_647)

/** Types by PostgreSQL's internal name. What is not here (enums, domains) travels as text. */
export const valueTypes: Readonly<Record<string, ValueType>> = {
  bool: { oid: 16, arrayOid: 1000, typescript: 'boolean', decode: (value) => value === 't', encode: encodeBoolean },
  bytea: { oid: 17, arrayOid: 1001, typescript: 'Buffer', decode: decodeBytes, encode: encodeBytes },
  int2: { ...float, oid: 21, arrayOid: 1005, encode: encodeInteger(-32_768, 32_767) },
  int4: { ...float, oid: 23, arrayOid: 1007, encode: int32 },
  int8: {
    oid: 20,
    arrayOid: 1016,
    typescript: 'number',
    decode: decodeInt8,
    encode: encodeInteger(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  },
  float4: { ...float, oid: 700, arrayOid: 1021 },
  float8: { ...float, oid: 701, arrayOid: 1022 },
  numeric: { oid: 1700, arrayOid: 1231, typescript: 'string', decode: asText, encode: encodeNumeric },
  text: { ...text, oid: 25, arrayOid: 1009 },
  varchar: { ...text, oid: 1043, arrayOid: 1015 },
  bpchar: { ...text, oid: 1042, arrayOid: 1014 },
  name: { ...text, oid: 19, arrayOid: 1003 },
  uuid: { ...text, oid: 2950, arrayOid: 2951 },
  inet: { ...text, oid: 869, arrayOid: 1041 },
  cidr: { ...text, oid: 650, arrayOid: 651 },
  date: { ...text, oid: 1082, arrayOid: 1182 },
  time: { ...text, oid: 1083, arrayOid: 1183 },
  timetz: { ...text, oid: 1266, arrayOid: 1270 },
  interval: { ...text, oid: 1186, arrayOid: 1187 },
  timestamp: { ...text, oid: 1114, arrayOid: 1115 },
  timestamptz: { ...instant, oid: 1184, arrayOid: 1185 },
  json: { ...json, oid: 114, arrayOid: 199 },
  jsonb: { ...json, oid: 3802, arrayOid: 3807 },
}

const decoders = new Map<number, Decode>()
for (const type of Object.values(valueTypes)) {
  decoders.set(type.oid, type.decode)
  decoders.set(type.arrayOid, arrayDecoder(type.decode))
}

/** Gives the decoder of a column by its type's oid; null for types that stay text, known ones or not. */
export function decoderOf(oid: number): Decode | null {
  const decode = decoders.get(oid) ?? asText
  return decode === asText ? null : decode
}

/** Gives the encoder of a parameter by its type's name; `[]` behind a name means an array of it. */
export function encoderOf(type: string): Encode {
  if (type.endsWith('[]')) return arrayEncoder(encoderOf(type.slice(0, -2)))
  return valueTypes[type]?.encode ?? encodeText
}

/** Encodes a value whose type is not known, for raw text and plain pgtyped queries: by what it is in JavaScript, as pg
 *  does, but before anything is sent. Objects become JSON, arrays PostgreSQL's arrays. */
export const encodeUntyped: Encode = (value) => {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return encodeText(value)
  if (typeof value === 'number') return encodeFloat(value)
  if (typeof value === 'boolean') return encodeBoolean(value)
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return encodeInstant(value)
  if (value instanceof Uint8Array) return encodeBytes(value)
  return Array.isArray(value) ? encodeUntypedArray(value) : encodeJson(value)
}

const encodeUntypedArray = arrayEncoder(encodeUntyped, { nests: true })
