/** Keys of lookups, as they are told apart: two keys of one text are equal to PostgreSQL, and no others. */

import { EncodeError } from './codec.js'
import { encoderOf } from './value-types.js'

/** Gives the text of a key, which is also that of the column that holds it; null for a key that must be looked up alone,
 *  because it is NULL or malformed, or because the server changes it before it compares. */
export type KeyText = (key: unknown) => string | null

/** In characters. An index of PostgreSQL holds no key of more than some 2,700 bytes. */
const MAX_TEXT_LENGTH = 2_700
/** In bytes. PostgreSQL cuts longer values of type name. */
const MAX_NAME_BYTES = 63

const CANONICAL_UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/
/** What the server reads as a UUID (manual, section 8.12): any case, a hyphen behind any four digits or none, in braces or
 *  not. */
const UUID = /^(\{)?((?:[\da-f]{4}-?){7}[\da-f]{4})(\})?$/i

const uuidText: KeyText = (key) => {
  if (typeof key !== 'string') return null
  if (CANONICAL_UUID.test(key)) return key
  const [, open, body, close] = UUID.exec(key) ?? []
  if (body === undefined || (open === undefined) !== (close === undefined)) return null
  const digits = body.replaceAll('-', '').toLowerCase()
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => digits.slice(from, to))
    .join('-')
}

/** Gives the text of keys that are told apart by what is sent for them. */
function encoded(type: string, isUsable: (text: string) => boolean = () => true): KeyText {
  const encode = encoderOf(type)
  return (key) => {
    if (key === null || key === undefined) return null
    try {
      const text = String(encode(key))
      return isUsable(text) ? text : null
    } catch (error) {
      if (error instanceof EncodeError) return null
      throw error
    }
  }
}

const isShort = (text: string): boolean => text.length <= MAX_TEXT_LENGTH

const keyTexts: Readonly<Record<string, KeyText>> = {
  uuid: uuidText,
  text: encoded('text', isShort),
  varchar: encoded('varchar', isShort),
  name: encoded('name', (text) => Buffer.byteLength(text) <= MAX_NAME_BYTES),
  int2: encoded('int2'),
  int4: encoded('int4'),
  int8: encoded('int8'),
}

/** Tells how keys of a type are told apart; null for a type of which equal values may have different texts (numeric:
 *  1 and 1.0; instants finer than a Date; character: blanks at the end) or that is not known to have none. */
export function keyTextOf(type: string): KeyText | null {
  return keyTexts[type] ?? null
}
