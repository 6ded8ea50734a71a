/** PostgreSQL's text form of arrays: `{a,"b c",NULL}` (manual, section 8.15.6). */

import { type Decode, type Encode, EncodeError } from './codec.js'

/** PostgreSQL's `MAXDIM`. An array that holds itself has no end. */
const MAX_DIMENSIONS = 6

/** Makes an encoder of arrays from that of their elements; null elements and holes become NULL. With `nests` an element that is an
 *  array is one more dimension; else it is a value, as in jsonb[]. */
export function arrayEncoder(encode: Encode, { nests = false } = {}): Encode {
  const encodeArray = (value: unknown, dimension: number): string => {
    if (!Array.isArray(value)) throw new EncodeError('must be an array')
    if (dimension > MAX_DIMENSIONS) throw new EncodeError(`must have at most ${MAX_DIMENSIONS} dimensions`)
    let text = '{'
    // By index: map passes over holes.
    for (let index = 0; index < value.length; index += 1) {
      if (index > 0) text += ','
      text += encodeElement(value[index], dimension)
    }
    return `${text}}`
  }
  const encodeElement = (element: unknown, dimension: number): string => {
    if (element === null || element === undefined) return 'NULL'
    return nests && Array.isArray(element) ? encodeArray(element, dimension + 1) : quote(encode(element))
  }
  return (value) => encodeArray(value, 1)
}

const SPECIAL = /["\\]/
const SPECIALS = /["\\]/g

function quote(encoded: unknown): string {
  const text = Buffer.isBuffer(encoded) ? `\\x${encoded.toString('hex')}` : String(encoded)
  // Most texts have none of them, and a test is cheaper than a replacement.
  return SPECIAL.test(text) ? `"${text.replace(SPECIALS, '\\$&')}"` : `"${text}"`
}

const [OPEN, CLOSE, COMMA, QUOTE, BACKSLASH, BRACKET, EQUALS] = [...'{},"\\[='].map((sign) => sign.charCodeAt(0))
const NULL = Buffer.from('NULL')

/** Makes a decoder of arrays from that of their elements; nested arrays come out nested. Signs are looked for byte by
 *  byte: in UTF-8 no byte of another character equals one of theirs. */
export function arrayDecoder(decode: Decode): Decode {
  return (bytes, start, end) => {
    // A lower bound other than 1 is written in front: [0:1]={a,b}.
    const open = bytes[start] === BRACKET ? bytes.indexOf(EQUALS as number, start) + 1 : start
    const values: unknown[] = []
    readArray(bytes, open, end, decode, values)
    return values
  }
}

/** Reads the array whose brace stands at `open`; gives the offset behind its closing one. */
function readArray(bytes: Buffer, open: number, end: number, decode: Decode, values: unknown[]): number {
  let at = open + 1
  while (at < end && bytes[at] !== CLOSE) {
    if (bytes[at] === COMMA) at += 1
    if (bytes[at] === OPEN) {
      const inner: unknown[] = []
      at = readArray(bytes, at, end, decode, inner)
      values.push(inner)
    } else if (bytes[at] === QUOTE) {
      at = readQuoted(bytes, at + 1, end, decode, values)
    } else {
      const start = at
      while (at < end && bytes[at] !== COMMA && bytes[at] !== CLOSE) at += 1
      values.push(isNull(bytes, start, at) ? null : decode(bytes, start, at))
    }
  }
  return at + 1
}

function isNull(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 4 && bytes[start] === NULL[0] && bytes.compare(NULL, 0, 4, start, end) === 0
}

/** Reads the element behind a quotation mark; gives the offset behind the closing one. */
function readQuoted(bytes: Buffer, start: number, end: number, decode: Decode, values: unknown[]): number {
  let escapes = 0
  let at = start
  for (; at < end && bytes[at] !== QUOTE; at += 1) {
    if (bytes[at] === BACKSLASH) {
      escapes += 1
      at += 1
    }
  }
  if (escapes === 0) {
    values.push(decode(bytes, start, at))
  } else {
    const plain = withoutEscapes(bytes, start, at, escapes)
    values.push(decode(plain, 0, plain.length))
  }
  return at + 1
}

function withoutEscapes(bytes: Buffer, start: number, end: number, escapes: number): Buffer {
  const plain = Buffer.allocUnsafe(end - start - escapes)
  let to = 0
  for (let at = start; at < end; at += 1) {
    if (bytes[at] === BACKSLASH) at += 1
    plain[to] = bytes[at] as number
    to += 1
  }
  return plain
}
