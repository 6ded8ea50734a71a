/** The wire: exchanges on one connection, as many in flight as its owner sends, answered in their order. */

import type { DatabaseError } from 'pg'
import { Fifo } from '../fifo.js'
import type { Baselines } from '../row-shape.js'
import type { TransactionStatus } from '../session.js'
import { endsSession } from '../sqlstate.js'
import type { Exchange } from './exchange.js'
import { MessageWriter } from './message-writer.js'
import { PreparedStatements } from './prepared-statements.js'
import { readColumns } from './row-description.js'

/** What a socket must have. */
export interface WireStream {
  readonly writable: boolean
  /** Bytes that Node holds because the system takes no more. */
  readonly writableLength: number
  /** Node's own, not promised: bytes of the write under way that the system has not taken. */
  readonly _handle?: { readonly writeQueueSize?: number } | null
  write(bytes: Buffer): boolean
  on(event: 'drain' | 'close', listener: () => void): unknown
  off(event: 'drain' | 'close', listener: () => void): unknown
  destroy(error?: Error): void
}

/** What of a notice is looked at. */
export interface ServerNotice {
  readonly code?: string | undefined
  readonly routine?: string | undefined
}

/** The server's function that waits for a synchronous standby: its name is the same in every language, and no function of a
 *  database can speak in its name. It warns when a cancel or a termination ends the wait: the transaction is committed then,
 *  and that cannot be undone. */
const SYNC_WAIT = 'SyncRepWaitForLSN'
const syncWaitStates = new Set(['01000', '57P01'])

const CODE = {
  row: 68,
  command: 67,
  ready: 90,
  columns: 84,
  noColumns: 110,
  suspended: 115,
  copyIn: 71,
} as const

export class Wire {
  readonly #stream: WireStream
  readonly #out = new MessageWriter()
  readonly prepared: PreparedStatements
  /** In flight. */
  readonly #exchanges = new Fifo<Exchange>()
  #isFlushing = false
  #status: TransactionStatus = 'I'
  #bytesInFlight = 0
  #lost: Error | null = null
  /** The error by which the server ended the session. */
  #farewell: DatabaseError | null = null
  #isCut = false
  /** How often something has arrived; no clock is read for it. */
  arrivals = 0

  constructor(stream: WireStream, maxPrepared: number, baselines?: Baselines) {
    this.#stream = stream
    this.prepared = new PreparedStatements(maxPrepared, baselines)
  }

  /** Where the session stood when the last exchange ended. */
  get status(): TransactionStatus {
    return this.#status
  }

  /** Exchanges that are not answered yet. */
  get depth(): number {
    return this.#exchanges.size
  }

  /** Bytes of the exchanges that are not answered yet. */
  get bytesInFlight(): number {
    return this.#bytesInFlight
  }

  /** Whether an answer is owed to this side. Not where a load waits for rows of this side's, and all it has was sent. */
  get isWaiting(): boolean {
    const exchange = this.#exchanges.peek()
    return exchange !== undefined && (!exchange.isOwnTurn || this.unsent > 0)
  }

  /** Bytes that the system has not taken from Node. */
  get unsent(): number {
    const { writableLength, _handle } = this.#stream
    return writableLength + (_handle?.writeQueueSize ?? 0)
  }

  /** Also from the moment that it is cut: the socket says so later. */
  get isLost(): boolean {
    return this.#lost !== null || !this.#stream.writable
  }

  /** Why the connection went; null while it stands, and where it was cut on this side. */
  get loss(): Error | null {
    return this.#farewell ?? (this.#isCut ? null : this.#lost)
  }

  /** Sends an exchange behind those in flight. All that is sent in one turn of the event loop goes out in one write. */
  send(exchange: Exchange): void {
    if (this.#lost !== null || !this.#stream.writable) {
      exchange.onLost(this.#lost ?? new Error('the connection was lost'), false)
      return
    }
    const before = this.#out.size
    try {
      exchange.write(this.#out, this.prepared)
    } catch (error) {
      this.#out.rewind(before)
      this.prepared.undo()
      this.#refuse(exchange, error)
      return
    }
    this.prepared.noteSent()
    exchange.size = this.#out.size - before
    this.#bytesInFlight += exchange.size
    this.#exchanges.push(exchange)
    if (!this.#isFlushing) {
      this.#isFlushing = true
      // Behind all microtasks: the callers whose answers came in one chunk get their next calls into one write.
      process.nextTick(flush, this)
    }
  }

  /** Writes what waits. False: the network takes no more for now. */
  flush(): boolean {
    this.#isFlushing = false
    return this.#out.size === 0 || this.#stream.write(this.#out.take())
  }

  /** Writes messages of the exchange that is under way; false: wait for {@link drained}. */
  writeMore(write: (out: MessageWriter) => void): boolean {
    write(this.#out)
    return this.flush()
  }

  /** Writes a message that was made elsewhere, whose memory must not be used again; false: wait for {@link drained}. */
  writeBytes(message: Buffer): boolean {
    this.flush()
    const exchange = this.#exchanges.peek()
    if (exchange !== undefined) {
      exchange.size += message.length
      this.#bytesInFlight += message.length
    }
    return this.#stream.write(message)
  }

  /** Resolves when the network takes more, or the connection is gone. */
  drained(): Promise<void> {
    if (this.#lost !== null) return Promise.resolve()
    return new Promise((resolve) => {
      const stream = this.#stream
      const settle = (): void => {
        stream.off('drain', settle)
        stream.off('close', settle)
        resolve()
      }
      stream.on('drain', settle)
      stream.on('close', settle)
    })
  }

  /** Tells whether a message is an answer to an exchange; what is not concerns the session as a whole. */
  receive(code: number, bytes: Buffer, start: number, end: number): boolean {
    const exchange = this.#exchanges.peek()
    if (exchange === undefined) return false
    switch (code) {
      case CODE.row:
        exchange.onRow(bytes, start + 2)
        return true
      case CODE.ready:
        this.#finish(exchange, String.fromCharCode(bytes[start] as number) as TransactionStatus)
        return true
      case CODE.command:
        exchange.onCommand(bytes, start, end)
        return true
      case CODE.columns:
        exchange.onColumns(readColumns(bytes, start))
        return true
      case CODE.noColumns:
        exchange.onColumns([])
        return true
      case CODE.suspended:
        exchange.onSuspended()
        return true
      case CODE.copyIn:
        if (!exchange.onCopyIn()) this.#refuseCopy()
        return true
      default:
        return milestones.has(code)
    }
  }

  /** Hands an error of the server's to the exchange under way; false when there is none. */
  fail(error: DatabaseError): boolean {
    if (endsSession(error.code ?? '', error.severity)) this.#farewell ??= error
    const exchange = this.#exchanges.peek()
    exchange?.onError(error)
    return exchange !== undefined
  }

  /** Takes note of what the server says beside its answers; rare. */
  notice({ code, routine }: ServerNotice): void {
    const exchange = this.#exchanges.peek()
    if (exchange !== undefined && routine === SYNC_WAIT && syncWaitStates.has(code ?? '')) {
      exchange.isCommittedLocally = true
    }
  }

  /** The connection is gone: settles whatever was in flight. */
  lose(error: Error): void {
    if (this.#lost !== null) return
    // What the server said to the first in flight is the reason for all.
    const reason = this.#farewell ?? error
    this.#lost = reason
    this.#bytesInFlight = 0
    for (const exchange of this.#exchanges.clear()) exchange.onLost(reason, true)
  }

  /** Cuts the connection; what is in flight is lost, for the reason that is given. */
  destroy(reason?: Error): void {
    if (this.#lost === null) this.#isCut = true
    this.#stream.destroy(reason)
  }

  /** Settles an exchange that could not be written. What opens a transaction is dropped with it, so that whatever came next
   *  would run outside of one: there the connection goes too. */
  #refuse(exchange: Exchange, error: unknown): void {
    if (exchange.isCountedOn) this.destroy()
    exchange.onUnwritten(error)
  }

  /** A COPY that nobody has data for: the server would wait for ever. It has passed over the Sync that is sent already. */
  #refuseCopy(): void {
    this.writeMore((out) => {
      out.copyFail('no data')
      out.sync()
    })
  }

  #finish(exchange: Exchange, status: TransactionStatus): void {
    this.#status = status
    this.#bytesInFlight -= exchange.size
    this.#exchanges.shift()
    exchange.onReady(status)
  }
}

function flush(wire: Wire): void {
  wire.flush()
}

/** Messages that only say how far the server is: ParseComplete, BindComplete, CloseComplete, ParameterDescription,
 *  EmptyQueryResponse; and CopyOutResponse with its data, which nobody asks for. */
const milestones = new Set([49, 50, 51, 116, 73, 72, 100, 99])
