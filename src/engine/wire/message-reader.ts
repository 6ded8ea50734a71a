/** Splits what arrives from the server into messages, wherever the network cut them. */

/** Gets one message: its code, and where its content stands. The bytes are only lent: they are used again. */
export type OnMessage = (code: number, bytes: Buffer, start: number, end: number) => void

const HEADER_BYTES = 5
const nothing = Buffer.alloc(0)

/** The server sends no larger ones. */
const MAX_BYTES = 1_073_741_824

/** @throws {Error} when no message can be so long: what is there is no PostgreSQL, or it is out of step */
function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at)
  if (length < 4 || length > MAX_BYTES) throw new Error('what the server sends is not of the PostgreSQL protocol')
  return length
}

export class MessageReader {
  readonly #onMessage: OnMessage
  /** The beginning of a message whose rest has not arrived. */
  #held = nothing
  #heldBytes = 0

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage
  }

  push(chunk: Buffer): void {
    const start = this.#heldBytes === 0 ? 0 : this.#complete(chunk)
    const rest = this.#split(chunk, start)
    if (rest < chunk.length) this.#hold(chunk, rest, chunk.length)
  }

  /** Completes the message that is held from the beginning of a chunk; gives where the chunk goes on. */
  #complete(chunk: Buffer): number {
    let taken = 0
    if (this.#heldBytes < HEADER_BYTES) {
      taken = Math.min(HEADER_BYTES - this.#heldBytes, chunk.length)
      this.#hold(chunk, 0, taken)
      if (this.#heldBytes < HEADER_BYTES) return taken
    }
    const whole = 1 + lengthAt(this.#held, 1)
    const missing = Math.min(whole - this.#heldBytes, chunk.length - taken)
    this.#hold(chunk, taken, taken + missing, whole)
    if (this.#heldBytes === whole) {
      const message = this.#held
      this.#held = nothing
      this.#heldBytes = 0
      this.#onMessage(message[0] as number, message, HEADER_BYTES, whole)
    }
    return taken + missing
  }

  /** Hands on the messages that are whole; gives where the first begins that is not. */
  #split(bytes: Buffer, start: number): number {
    let at = start
    while (bytes.length - at >= HEADER_BYTES) {
      const next = at + 1 + lengthAt(bytes, at + 1)
      if (next > bytes.length) break
      this.#onMessage(bytes[at] as number, bytes, at + HEADER_BYTES, next)
      at = next
    }
    return at
  }

  #hold(chunk: Buffer, start: number, end: number, whole = HEADER_BYTES): void {
    const bytes = this.#heldBytes + end - start
    if (this.#held.length < Math.max(bytes, whole)) {
      // Room for all of it at once: a large row arrives in many chunks.
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes, whole))
      this.#held.copy(larger, 0, 0, this.#heldBytes)
      this.#held = larger
    }
    chunk.copy(this.#held, this.#heldBytes, start, end)
    this.#heldBytes = bytes
  }
}
