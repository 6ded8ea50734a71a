/** What an encoder and a decoder of one type are. */

import type { WireValue } from './wire/message-writer.js'

/** Turns a value into what is sent. Throws {@link EncodeError} when the value is of the wrong kind. */
export type Encode = (value: unknown) => WireValue

/** Turns the content of a field, the bytes from `start` to `end`, into a value; never called for NULL. The value shares no
 *  memory with the bytes: they belong to a message, whose buffer is used again. Throws {@link DecodeError} when the
 *  TypeScript type cannot hold it. */
export type Decode = (bytes: Buffer, start: number, end: number) => unknown

/** A value that its parameter's type cannot hold. The message never contains the value. */
export class EncodeError extends Error {}

/** A value of the server's that its TypeScript type cannot hold, such as a bigint past 2^53-1. */
export class DecodeError extends Error {}

/** What is wrong with a text that PostgreSQL cannot hold. */
export const UNSTORABLE_TEXT = 'must not contain a NUL character or a lone surrogate'

/** Tells whether PostgreSQL can hold the text: no NUL character, no lone surrogate. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
