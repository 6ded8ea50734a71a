/** The one table of types: PostgreSQL's name and oids, the TypeScript type, how its bytes become a value and a value what is
 *  sent. `typesOverrides` in pgtyped.config.json agrees with it; a test compares the two. Oids: pg_type.dat of PostgreSQL. */

import { arrayDecoder, arrayEncoder } from './array-text.js'
import {
  binaryArrayDecoder,
  decodeBinaryBytes,
  decodeBinaryInstant,
  decodeFloat8,
  decodeInt8,
} from './binary-decoders.js'
import type { Decode, Encode } from './codec.js'
import {
  encodeBoolean,
  encodeBytes,
  encodeFloat,
  encodeInstant,
  encodeInteger,
  encodeJson,
  encodeNumeric,
  encodeText,
} from './encoders.js'
import {
  decodeBigInteger,
  decodeBoolean,
  decodeBytes,
  decodeFloat,
  decodeInstant,
  decodeInteger,
  decodeJson,
  decodeText,
} from './text-decoders.js'

interface ValueType {
  readonly oid: number
  readonly arrayOid: number
  readonly typescript: 'boolean' | 'number' | 'string' | 'Date' | 'Buffer' | 'Json'
  /** Reads the text format. */
  readonly decode: Decode
  /** Reads the binary format, where that is quicker, of single values or of arrays. */
  readonly decodeBinary?: Decode
  readonly encode: Encode
}

const asText = { typescript: 'string', decode: decodeText, encode: encodeText } as const
const text = { ...asText, decodeBinary: decodeText } as const
const instant = {
  typescript: 'Date',
  decode: decodeInstant,
  decodeBinary: decodeBinaryInstant,
  encode: encodeInstant,
} as const
const json = { typescript: 'Json', decode: decodeJson, encode: encodeJson } as const
const integer = { typescript: 'number', decode: decodeInteger } as const
const float = { typescript: 'number', decode: decodeFloat, encode: encodeFloat } as const
const int8 = encodeInteger(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

/** Types by PostgreSQL's internal name. What is not here (enums, domains) travels as text. */
export const valueTypes: Readonly<Record<string, ValueType>> = {
  bool: { oid: 16, arrayOid: 1000, typescript: 'boolean', decode: decodeBoolean, encode: encodeBoolean },
  bytea: {
    oid: 17,
    arrayOid: 1001,
    typescript: 'Buffer',
    decode: decodeBytes,
    decodeBinary: decodeBinaryBytes,
    encode: encodeBytes,
  },
  int2: { ...integer, oid: 21, arrayOid: 1005, encode: encodeInteger(-32_768, 32_767) },
  int4: {
    ...integer,
    oid: 23,
    arrayOid: 1007,
    encode: encodeInteger(-2_147_483_648, 2_147_483_647),
  },
  int8: { ...integer, oid: 20, arrayOid: 1016, decode: decodeBigInteger, decodeBinary: decodeInt8, encode: int8 },
  float4: { ...float, oid: 700, arrayOid: 1021 },
  float8: { ...float, oid: 701, arrayOid: 1022, decodeBinary: decodeFloat8 },
  numeric: { oid: 1700, arrayOid: 1231, typescript: 'string', decode: decodeText, encode: encodeNumeric },
  text: { ...text, oid: 25, arrayOid: 1009 },
  varchar: { ...text, oid: 1043, arrayOid: 1015 },
  bpchar: { ...text, oid: 1042, arrayOid: 1014 },
  name: { ...text, oid: 19, arrayOid: 1003 },
  uuid: { ...asText, oid: 2950, arrayOid: 2951 },
  inet: { ...asText, oid: 869, arrayOid: 1041 },
  cidr: { ...asText, oid: 650, arrayOid: 651 },
  date: { ...asText, oid: 1082, arrayOid: 1182 },
  time: { ...asText, oid: 1083, arrayOid: 1183 },
  timetz: { ...asText, oid: 1266, arrayOid: 1270 },
  interval: { ...asText, oid: 1186, arrayOid: 1187 },
  timestamp: { ...asText, oid: 1114, arrayOid: 1115 },
  timestamptz: { ...instant, oid: 1184, arrayOid: 1185 },
  json: { ...json, oid: 114, arrayOid: 199 },
  jsonb: { ...json, oid: 3802, arrayOid: 3807 },
}

/** The format that results of a type are asked for in: PostgreSQL's code, 0 for text and 1 for binary. */
export type Format = 0 | 1

interface OidEntry {
  readonly name: string
  readonly typescript: string
  readonly text: Decode
  readonly binary: Decode | null
  readonly encode: Encode
}

const byOid = new Map<number, OidEntry>()
for (const [name, type] of Object.entries(valueTypes)) {
  const { oid, arrayOid, typescript, decode, decodeBinary = null, encode } = type
  // Where both formats are the same bytes, only arrays gain by the binary one.
  byOid.set(oid, { name, typescript, text: decode, binary: decodeBinary === decode ? null : decodeBinary, encode })
  byOid.set(arrayOid, {
    name: `${name}[]`,
    typescript: `${typescript}[]`,
    text: arrayDecoder(decode),
    binary: decodeBinary === null ? null : binaryArrayDecoder(decodeBinary),
    encode: arrayEncoder(encode, { nests: typescript !== 'Json' }),
  })
}

/** Gives what a type is called, by its oid, and its TypeScript type; types that are not known stay text. */
export function describeType(oid: number): { readonly name: string; readonly typescript: string } {
  return byOid.get(oid) ?? { name: `type ${oid}`, typescript: 'string' }
}

/** Tells the format in which to ask for results of a type. */
export function resultFormat(oid: number): Format {
  return (byOid.get(oid)?.binary ?? null) === null ? 0 : 1
}

/** Gives the decoder of a column by its type's oid; types that are not known stay text. The binary one is for what
 *  {@link resultFormat} asks for in binary. */
export function decoderOf(oid: number, format: 'text' | 'binary'): Decode {
  const entry = byOid.get(oid)
  return (format === 'binary' ? entry?.binary : null) ?? entry?.text ?? decodeText
}

/** Gives the encoder of a parameter by its type's name; `[]` behind a name means an array of it. */
export function encoderOf(type: string): Encode {
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2)
    // An array within an array of JSON is a JSON array.
    return arrayEncoder(encoderOf(element), { nests: valueTypes[element]?.typescript !== 'Json' })
  }
  return valueTypes[type]?.encode ?? encodeText
}

/** Gives the encoder of a column by its type's oid, for COPY. A value of a type that is not known is encoded by what it
 *  is in JavaScript. */
export function encoderOfOid(oid: number): Encode {
  return byOid.get(oid)?.encode ?? encodeUntyped
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
