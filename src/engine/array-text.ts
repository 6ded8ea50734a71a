/** PostgreSQL's text form of arrays: `{a,"b c",NULL}` (manual, section 8.15.6). */

import { type Decode, type Encode, EncodeError } from './codec.js'

/** Makes an encoder of arrays from that of their elements; null elements become NULL. With `nests` an element that is an
 *  array is one more dimension; else it is a value, as in jsonb[]. */
export function arrayEncoder(encode: Encode, { nests = false } = {}): Encode {
  const encodeArray = (value: unknown): string => {
    if (!Array.isArray(value)) throw new EncodeError('must be an array')
    return `{${value.map(encodeElement).join(',')}}`
  }
  const encodeElement = (element: unknown): string => {
    if (element === null || element === undefined) return 'NULL'
    return nests && Array.isArray(element) ? encodeArray(element) : quote(encode(element))
  }
  return encodeArray
}

function quote(encoded: unknown): string {
  const text = Buffer.isBuffer(encoded) ? `\\x${encoded.toString('hex')}` : String(encoded)
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** Makes a decoder of arrays from that of their elements; nested arrays come out nested. */
export function arrayDecoder(decode: Decode): Decode {
  return (text) => {
    // A lower bound other than 1 is written in front: [0:1]={a,b}.
    const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0
    return readArray(text, start, decode).values
  }
}

function readArray(text: string, start: number, decode: Decode): { values: unknown[]; next: number } {
  const values: unknown[] = []
  let at = start + 1
  while (text[at] !== '}') {
    if (text[at] === ',') at += 1
    if (text[at] === '{') {
      const inner = readArray(text, at, decode)
      values.push(inner.values)
      at = inner.next
    } else if (text[at] === '"') {
      const end = endOfQuoted(text, at)
      values.push(decode(text.slice(at + 1, end).replace(/\\(.)/gs, '$1')))
      at = end + 1
    } else {
      const end = endOfPlain(text, at)
      const element = text.slice(at, end)
      values.push(element === 'NULL' ? null : decode(element))
      at = end
    }
  }
  return { values, next: at + 1 }
}

function endOfQuoted(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

function endOfPlain(text: string, start: number): number {
  let at = start
  while (text[at] !== ',' && text[at] !== '}') at += 1
  return at
}
