/** pg's connection, which logs in, encrypts and ends; once the session stands, answers go to the wire. */

import type { EventEmitter } from 'node:events'
import { Connection, type DatabaseError } from 'pg'
// The package's own ES module is one to newer versions of Node only: it does not say so.
import { Parser } from 'pg-protocol/dist/parser'
import type { Baselines } from '../row-shape.js'
import { MessageReader } from './message-reader.js'
import { type ServerNotice, Wire, type WireStream } from './wire.js'

const ERROR = 69

/** What of pg's connection is used here beside what @types/pg knows. */
interface PgConnection {
  readonly stream: WireStream & EventEmitter
  emit(event: string, message?: unknown): boolean
}

/** A pg connection that reads the server's messages itself. What no exchange of the wire waits for is pg's: a client on it
 *  logs in as always, and its own `query` works while the wire is idle. */
export class WireConnection extends Connection {
  readonly #maxPrepared: number
  readonly #baselines: Baselines | undefined
  #wire: Wire | null = null
  #error: Error | null = null

  constructor(options: ConstructorParameters<typeof Connection>[0], maxPrepared: number, baselines?: Baselines) {
    super(options)
    this.#maxPrepared = maxPrepared
    this.#baselines = baselines
  }

  /** There is one from the moment that the server is reached. */
  get wire(): Wire {
    if (this.#wire === null) throw new Error('not connected')
    return this.#wire
  }

  /** Called by pg with the socket that is to be read from: the encrypted one where there is TLS. */
  attachListeners(stream: WireStream & EventEmitter): void {
    const own = this as unknown as PgConnection
    const wire = new Wire(stream, this.#maxPrepared, this.#baselines)
    this.#wire = wire
    const others = new Parser()
    const reader = new MessageReader((code, bytes, start, end) => {
      if (code !== ERROR && wire.receive(code, bytes, start, end)) return
      // The whole message, header included; copied, because pg keeps parts of it.
      others.parse(Buffer.from(bytes.subarray(start - 5, end)), (message) => {
        const isError = message.name === 'error'
        if (message.name === 'notice') wire.notice(message as ServerNotice)
        if (!isError || !wire.fail(message as DatabaseError)) own.emit(isError ? 'errorMessage' : message.name, message)
      })
    })
    stream.on('data', (chunk: Buffer) => {
      wire.arrivals += 1
      try {
        reader.push(chunk)
      } catch (error) {
        stream.destroy(error as Error)
      }
    })
    stream.on('error', (error: Error) => {
      this.#error ??= error
    })
    stream.on('close', () => wire.lose(this.#error ?? new Error('Connection terminated unexpectedly')))
  }
}
