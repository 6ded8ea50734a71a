/** Messages to the server (PostgreSQL manual, section 54.7), written one behind the other into memory that is sent whole. */

/** A value as it is sent: text, bytes (PostgreSQL's binary format) or NULL. */
export type WireValue = string | Buffer | null

/** Slabs of this size are filled by many calls' messages; a larger message has one of its own. */
const SLAB_BYTES = 65_536
/** Below this, writing character by character is faster than the call into C++ (26 against 60 ns for a uuid). */
const SHORT_TEXT = 48

const MESSAGE = { parse: 80, bind: 66, describe: 68, execute: 69, close: 67, sync: 83, flush: 72, query: 81 } as const
const COPY = { data: 100, done: 99, fail: 102 } as const

/** Collects messages. What was taken is never written again, so that a socket may hold on to it. */
export class MessageWriter {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #start = 0
  #end = 0
  /** Where the current message's length stands. */
  #lengthAt = 0

  /** Bytes that wait to be taken. */
  get size(): number {
    return this.#end - this.#start
  }

  /** Gives all messages written since the last time. */
  take(): Buffer {
    const messages = this.#slab.subarray(this.#start, this.#end)
    this.#start = this.#end
    // A large message's slab goes with it.
    if (this.#slab.length > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#start = 0
      this.#end = 0
    }
    return messages
  }

  /** Drops what was written behind the first `size` bytes that wait. */
  rewind(size: number): void {
    this.#end = this.#start + size
  }

  /** Prepares a statement under a name, `''` for the unnamed one; the server chooses the types of its parameters. */
  parse(name: string, text: string): void {
    this.#begin(MESSAGE.parse)
    this.#cstring(name)
    this.#cstring(text)
    this.#int16(0)
    this.#finish()
  }

  /** Binds values to a statement. `resultFormats`: one code a column, or null for text throughout. */
  bind(
    portal: string,
    statement: string,
    values: readonly WireValue[],
    resultFormats: readonly (0 | 1)[] | null,
  ): void {
    this.#begin(MESSAGE.bind)
    this.#cstring(portal)
    this.#cstring(statement)
    this.#formats(values)
    this.#int16(values.length)
    for (let index = 0; index < values.length; index += 1) this.#value(values[index] as WireValue)
    const columns = resultFormats?.length ?? 0
    this.#int16(columns)
    for (let index = 0; index < columns; index += 1) this.#int16(resultFormats?.[index] as 0 | 1)
    this.#finish()
  }

  describe(kind: 'S' | 'P', name: string): void {
    this.#named(MESSAGE.describe, kind, name)
  }

  /** Runs a portal, up to `maxRows` (0: all). */
  execute(portal: string, maxRows: number): void {
    this.#begin(MESSAGE.execute)
    this.#cstring(portal)
    this.#int32(maxRows)
    this.#finish()
  }

  /** Closes a prepared statement or a portal; no error when there is none. */
  close(kind: 'S' | 'P', name: string): void {
    this.#named(MESSAGE.close, kind, name)
  }

  sync(): void {
    this.#begin(MESSAGE.sync)
    this.#finish()
  }

  /** A simple query: text that may hold several statements, and no values. */
  query(text: string): void {
    this.#begin(MESSAGE.query)
    this.#cstring(text)
    this.#finish()
  }

  copyData(data: Buffer): void {
    this.#begin(COPY.data)
    this.#reserve(data.length)
    data.copy(this.#slab, this.#end)
    this.#end += data.length
    this.#finish()
  }

  copyDone(): void {
    this.#begin(COPY.done)
    this.#finish()
  }

  copyFail(reason: string): void {
    this.#begin(COPY.fail)
    this.#cstring(reason)
    this.#finish()
  }

  #named(code: number, kind: 'S' | 'P', name: string): void {
    this.#begin(code)
    this.#slab[this.#end++] = kind.charCodeAt(0)
    this.#cstring(name)
    this.#finish()
  }

  #begin(code: number): void {
    this.#reserve(16)
    this.#slab[this.#end] = code
    this.#lengthAt = this.#end + 1
    this.#end += 5
  }

  #finish(): void {
    this.#slab.writeInt32BE(this.#end - this.#lengthAt, this.#lengthAt)
  }

  /** Makes room; moves what was not taken yet to a new slab when this one is full. */
  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return
    const waiting = this.#end - this.#start
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (waiting + bytes)))
    this.#slab.copy(slab, 0, this.#start, this.#end)
    this.#lengthAt -= this.#start
    this.#slab = slab
    this.#start = 0
    this.#end = waiting
  }

  #formats(values: readonly WireValue[]): void {
    const hasBytes = values.some((value) => typeof value === 'object' && value !== null)
    this.#int16(hasBytes ? values.length : 0)
    if (hasBytes) for (const value of values) this.#int16(typeof value === 'object' && value !== null ? 1 : 0)
  }

  #value(value: WireValue): void {
    if (value === null) {
      this.#int32(-1)
    } else if (typeof value === 'string') {
      this.#reserve(4)
      // Counted from the start of what waits: a long text moves all to another slab.
      const lengthAt = this.size
      this.#end += 4
      this.#text(value)
      this.#slab.writeInt32BE(this.size - lengthAt - 4, this.#start + lengthAt)
    } else {
      this.#int32(value.length)
      this.#reserve(value.length)
      value.copy(this.#slab, this.#end)
      this.#end += value.length
    }
  }

  #cstring(text: string): void {
    this.#text(text)
    this.#reserve(1)
    this.#slab[this.#end++] = 0
  }

  #text(text: string): void {
    if (text.length <= SHORT_TEXT) {
      this.#reserve(text.length)
      if (this.#ascii(text)) return
    }
    // A UTF-16 unit takes three bytes at the most; a long text is measured, so that it is not given three times its room.
    const bytes = text.length <= SHORT_TEXT ? text.length * 3 : Buffer.byteLength(text)
    this.#reserve(bytes)
    this.#end += this.#slab.write(text, this.#end, 'utf8')
  }

  #ascii(text: string): boolean {
    const slab = this.#slab
    let at = this.#end
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit > 127) return false
      slab[at++] = unit
    }
    this.#end = at
    return true
  }

  #int16(value: number): void {
    this.#reserve(2)
    this.#slab[this.#end++] = value >>> 8
    this.#slab[this.#end++] = value
  }

  #int32(value: number): void {
    this.#reserve(4)
    this.#slab[this.#end++] = value >>> 24
    this.#slab[this.#end++] = value >>> 16
    this.#slab[this.#end++] = value >>> 8
    this.#slab[this.#end++] = value
  }
}
