/** A COPY FROM STDIN: first the server tells the types of the columns, then it is sent rows until there are no more, the
 *  caller gives up, or the server does. */

import type { DatabaseError } from 'pg'
import type { Column } from '../row-shape.js'
import type { RawResult, TransactionStatus } from '../session.js'
import { countOf } from './command-tag.js'
import { CommittedLocally, Exchange, UnsentError } from './exchange.js'
import type { MessageWriter } from './message-writer.js'
import { isCountedOn, type Prefix } from './prefix.js'
import type { PreparedStatements } from './prepared-statements.js'
import {
  type Bound,
  bindStatement,
  giveUpPrefix,
  isUnusable,
  type OnSettled,
  undoPreparations,
} from './statement-exchange.js'
import type { Wire } from './wire.js'

/** Why a load failed on this side, kept apart from what the server and the network fail with. */
export class OwnFailure extends Error {
  readonly reason: unknown

  constructor(reason: unknown) {
    super('the load failed on this side')
    this.reason = reason
  }
}

export interface CopyExchangeOptions {
  readonly describeText: string
  readonly copyText: string
  readonly prefix: readonly Prefix[]
  /** Called when the server waits for rows. */
  readonly onStart: (columns: readonly Column[]) => void
  readonly onSettled: OnSettled
}

/** `asked`: the server has not answered yet; `open`: it takes rows; `done`: it has them all; `failed`: it was told, or has
 *  said, that it will get no more. */
type State = 'asked' | 'open' | 'done' | 'failed'

export class CopyExchange extends Exchange {
  readonly #wire: Wire
  readonly #options: CopyExchangeOptions
  #state: State = 'asked'
  #isGivenUp = false
  #columns: readonly Column[] = []
  /** How many statements of the prefix have not answered. */
  #prefixLeft: number
  #rowCount: number | null = null
  #ownFailure: OwnFailure | null = null
  #serverError: DatabaseError | null = null
  #cache: PreparedStatements | null = null
  /** What of the prefix this exchange prepares. */
  readonly #preparations: Bound[] = []

  constructor(wire: Wire, options: CopyExchangeOptions) {
    super()
    this.#wire = wire
    this.#options = options
    this.#prefixLeft = options.prefix.length
  }

  /** Whether the server takes rows. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether the server was told to keep the rows: from then on it alone knows whether it has. */
  get isDone(): boolean {
    return this.#state === 'done'
  }

  override get isCountedOn(): boolean {
    return isCountedOn(this.#options.prefix)
  }

  override get isOwnTurn(): boolean {
    return this.#state === 'open'
  }

  /** All in one round trip: the description is of the same table that COPY then has a lock on. */
  override write(out: MessageWriter, prepared: PreparedStatements): void {
    const { prefix, describeText, copyText } = this.#options
    this.#cache = prepared
    for (const { statement, values } of prefix) {
      const bound = bindStatement(out, prepared, statement, values, '', false)
      if (bound?.isNew) this.#preparations.push(bound)
      out.execute('', 0)
    }
    out.parse('', describeText)
    out.describe('S', '')
    out.parse('', copyText)
    out.bind('', '', [], null)
    out.execute('', 0)
    // For the case that it never comes to the rows; a server that waits for rows passes over it.
    out.sync()
  }

  /** Sends a CopyData message; false: wait for {@link Wire.drained}. */
  send(message: Buffer): boolean {
    return this.#wire.writeBytes(message)
  }

  /** Tells the server to keep what it was sent. */
  finish(): void {
    if (this.#state !== 'open') return
    this.#state = 'done'
    this.#wire.writeMore((out) => {
      out.copyDone()
      out.sync()
    })
  }

  /** Ends it for a reason of this side's; nothing is kept, unless it is done already. */
  fail(reason: unknown): void {
    if (this.#state === 'done' || this.#state === 'failed') return
    this.#ownFailure ??= new OwnFailure(reason)
    this.giveUp()
  }

  /** Ends it: the server's error says so. */
  giveUp(): void {
    this.#isGivenUp = true
    if (this.#state !== 'open') return
    this.#end((out) => out.copyFail('given up by the client'))
  }

  #end(write: (out: MessageWriter) => void): void {
    this.#state = 'failed'
    this.#wire.writeMore((out) => {
      write(out)
      out.sync()
    })
  }

  override onColumns(columns: readonly Column[]): void {
    this.#columns = columns
  }

  override onCopyIn(): boolean {
    this.#state = 'open'
    if (this.#isGivenUp) this.giveUp()
    else this.#options.onStart(this.#columns)
    return true
  }

  override onCommand(bytes: Buffer, start: number, end: number): void {
    if (this.#prefixLeft > 0) this.#prefixLeft -= 1
    else this.#rowCount = countOf(bytes, start, end)
  }

  override onError(error: DatabaseError): void {
    this.#serverError ??= error
    undoPreparations(this.#cache, this.#preparations)
    if (isUnusable(error)) giveUpPrefix(this.#cache, this.#options.prefix)
    // It passes over everything now, up to the next Sync.
    if (this.#state === 'open') this.#end(() => {})
    else if (this.#state === 'asked') this.#state = 'failed'
  }

  override onReady(status: TransactionStatus): void {
    const error = this.isCommittedLocally ? new CommittedLocally() : (this.#ownFailure ?? this.#serverError)
    if (error !== null) this.#options.onSettled(error, null)
    else this.#options.onSettled(null, resultOf(this.#rowCount, status))
  }

  override onLost(error: Error, wasSent: boolean): void {
    const wasDone = this.#state === 'done'
    // Whoever feeds it must stop.
    if (!wasDone) this.#state = 'failed'
    const reason = this.isCommittedLocally
      ? new CommittedLocally()
      : (this.#serverError ?? (wasSent ? error : new UnsentError()))
    this.#options.onSettled(this.#ownFailure ?? reason, null)
  }

  override onUnwritten(error: unknown): void {
    this.#state = 'failed'
    this.#options.onSettled(this.isCountedOn ? new UnsentError() : new OwnFailure(error), null)
  }
}

function resultOf(rowCount: number | null, status: TransactionStatus): RawResult {
  return { rows: [], rowCount, command: 'COPY', status, hasMore: false }
}
