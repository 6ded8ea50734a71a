/** Rows in COPY's text format (PostgreSQL manual, COPY, "Text Format"): fields parted by tabs, rows ended by newlines.
 *  The binary format was tried with `psql \copy` of 100,000 rows (text, int, text[], jsonb, timestamptz): 1,041 ms against 1,067,
 *  and 1,693 against 1,785. That is not worth a second encoder for each type, and there is none for an enum's array or a domain's. */

import { ValidationError } from '../../errors.js'
import { type Encode, EncodeError } from '../codec.js'
import type { Column } from '../row-shape.js'
import { encoderOfOid } from '../value-types.js'
import type { WireValue } from '../wire/message-writer.js'

/** A message to the server holds about so many characters of rows. */
const CHUNK = 65_536
const HEADER_BYTES = 5
const COPY_DATA = 100

/** Characters that mean something in the format. Most texts have none. */
const SPECIAL = /[\\\t\n\r]/
const SPECIALS = /[\\\t\n\r]/g
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

export class RowEncoder {
  readonly #query: string
  readonly #columns: readonly string[]
  readonly #encoders: readonly Encode[]
  #text = ''
  /** Rows taken in so far. */
  rows = 0
  /** Bytes given so far. */
  bytes = 0

  constructor(query: string, columns: readonly string[], types: readonly Column[]) {
    this.#query = query
    this.#columns = columns
    this.#encoders = types.map(({ dataTypeID }) => encoderOfOid(dataTypeID))
  }

  get isEmpty(): boolean {
    return this.#text === ''
  }

  /** Takes in a row. True when there is enough for a message.
   *  @throws {ValidationError} when it is no array of as many values as there are columns, or a value does not fit */
  add(row: unknown): boolean {
    const encoders = this.#encoders
    if (!Array.isArray(row)) throw this.#refuse('', 'must be an array')
    if (row.length !== encoders.length) {
      throw this.#refuse('', `must have ${encoders.length} values, one for each column; it has ${row.length}`)
    }
    let text = this.#text
    for (let index = 0; index < encoders.length; index += 1) {
      if (index > 0) text += '\t'
      text += this.#field(encoders[index] as Encode, row[index], index)
    }
    this.#text = `${text}\n`
    this.rows += 1
    return text.length >= CHUNK
  }

  /** Gives the rows since the last time as one message to the server (CopyData). */
  take(): Buffer {
    const text = this.#text
    this.#text = ''
    const bytes = Buffer.byteLength(text)
    this.bytes += bytes
    const message = Buffer.allocUnsafeSlow(HEADER_BYTES + bytes)
    message[0] = COPY_DATA
    message.writeInt32BE(bytes + 4, 1)
    message.write(text, HEADER_BYTES, 'utf8')
    return message
  }

  #field(encode: Encode, value: unknown, index: number): string {
    if (value === null) return '\\N'
    if (value === undefined) throw this.#refuse(`.${this.#columns[index]}`, 'is missing')
    return fieldOf(this.#encode(encode, value, index))
  }

  #encode(encode: Encode, value: unknown, index: number): WireValue {
    try {
      return encode(value)
    } catch (error) {
      if (error instanceof EncodeError) throw this.#refuse(`.${this.#columns[index]}`, error.message)
      throw error
    }
  }

  #refuse(path: string, message: string): ValidationError {
    return new ValidationError(this.#query, [{ path: `rows[${this.rows}]${path}`, message }])
  }
}

function fieldOf(encoded: WireValue): string {
  if (typeof encoded === 'string') {
    return SPECIAL.test(encoded) ? encoded.replace(SPECIALS, (sign) => escapes[sign] as string) : encoded
  }
  return encoded === null ? '\\N' : `\\\\x${encoded.toString('hex')}`
}
