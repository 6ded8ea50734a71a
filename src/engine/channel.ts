/** The connection of one transaction. Statements are sent at once, one behind the other; what opens the transaction or a
 *  savepoint travels with the first statement that needs it. */

import { QueryError, TransactionError } from '../errors.js'
import { type Actor, ActorOfTransaction } from './actor.js'
import { type CallLimits, NO_LIMITS } from './call-limits.js'
import { closeOn, fetchOn, sendOn } from './connection.js'
import type { CopyLoad } from './copy/load.js'
import { type RunningCopy, startCopy } from './copy/running-copy.js'
import { endsTransaction } from './leading-word.js'
import { type FailureContext, spoilsConnection } from './map-error.js'
import type { Pool } from './pool/pool.js'
import { stopLoad } from './pool/pool-session.js'
import type { PooledConnection } from './pool/pooled-connection.js'
import { noteUse } from './pool/session-changes.js'
import { aborted, type Stop, stopOf, stoppable } from './pool/stoppable.js'
import type { RawResult } from './session.js'
import type { Statement } from './statement.js'
import { OwnFailure } from './wire/copy-exchange.js'
import type { Cursor } from './wire/cursor.js'
import type { WireValue } from './wire/message-writer.js'
import { NO_PREFIX, type Prefix } from './wire/prefix.js'

/** Who is at work in a statement; null: nobody is named; undefined: it does not matter. */
type Worker = Actor | null | undefined

/** Sends something, and waits for its answer. */
type Exchange = (context: FailureContext, worker: Worker) => Promise<RawResult>

export class Channel {
  readonly #connection: PooledConnection
  readonly #pool: Pool
  /** What waits for the next statement to travel with. */
  #prefix: Prefix[] = []
  readonly #actor = new ActorOfTransaction()
  /** Who is at work in the transaction as a whole. */
  readonly #own: Actor | undefined
  /** Statements in flight. */
  #inFlight = 0
  #onIdle: (() => void)[] = []
  /** Statements that wait for others to be done before they are sent. */
  #unsent = 0
  readonly #onSent: (() => void)[] = []
  /** While a statement that may be cancelled is in flight: a cancel request hits whatever runs. */
  #alone: Promise<unknown> | null = null
  /** From the moment that a load is asked for until it is over. */
  #isLoading = false
  #load: RunningCopy | null = null
  #isClosed = false
  /** What the caller of a statement got that ended the transaction, and all later ones get. */
  #endedBy: TransactionError | null = null
  #wasUsed = false
  #isSpoiled = false
  #lastFailure: unknown

  /** `begin` opens the transaction; `own` is its actor, if it has one. */
  constructor(connection: PooledConnection, pool: Pool, begin: Statement, own: Actor | undefined) {
    this.#connection = connection
    this.#pool = pool
    this.#own = own
    this.begin(begin)
  }

  /** Whether anything was sent. */
  get wasUsed(): boolean {
    return this.#wasUsed
  }

  /** Whether the connection must not be used again. */
  get isSpoiled(): boolean {
    return this.#isSpoiled
  }

  /** The last error, but for those that only echo an earlier one. */
  get lastFailure(): unknown {
    return this.#lastFailure
  }

  /** Has what opens the transaction travel with the next statement that is sent. */
  begin(statement: Statement): void {
    this.#actor.begin()
    this.open(statement)
  }

  /** Has a statement travel with the next one that is sent. */
  open(statement: Statement): void {
    this.#prefix.push({ statement, values: [] })
  }

  /** Takes back what {@link open} was given; false when it was sent already. */
  takeBack(statement: Statement): boolean {
    if (this.#prefix.at(-1)?.statement !== statement) return false
    this.#prefix.pop()
    return true
  }

  /** @throws {TransactionError} when the transaction has ended, also when this statement ended it (a raw COMMIT) */
  async send(
    statement: Statement,
    values: readonly WireValue[] = [],
    stop: Stop | null = null,
    worker?: Worker,
  ): Promise<RawResult> {
    const { wire } = this.#connection
    return this.#submit(statement, stop, worker, (context, who) =>
      sendOn(wire, statement, values, context, this.#before(this.#takePrefix(), who)),
    )
  }

  /** Rolls back to a savepoint, and gives it up: rolling back alone would leave it behind. Both are sent at once, so that
   *  nothing comes between them; when they fail, COMMIT will be answered by ROLLBACK. */
  async undo(rollBack: Statement, release: Statement): Promise<void> {
    this.#actor.forget()
    await Promise.allSettled([this.send(rollBack), this.send(release)])
  }

  /** Has the next batch of a cursor come.
   *  @throws {CancelledError} when the cursor was given up before it could be sent
   *  @throws {TransactionError} when the transaction has ended */
  async fetch(cursor: Cursor, stop: Stop | null, worker: Worker): Promise<RawResult> {
    const { wire } = this.#connection
    return this.#submit(cursor.statement, stop, worker, (context, who) => {
      if (cursor.isGivenUp) throw aborted(context.query)
      // A savepoint that waits was opened behind this cursor, which is none of its statements.
      const prefix = cursor.isOpen ? NO_PREFIX : this.#takePrefix()
      return fetchOn(wire, cursor, context, this.#before(prefix, who))
    })
  }

  /** Closes a cursor's portal, behind what is in flight. Nobody needs to wait for it; it never rejects. */
  async closeCursor(cursor: Cursor): Promise<void> {
    cursor.isGivenUp = true
    while (this.#alone !== null) await this.#alone
    // The end of the transaction has closed it.
    if (this.#isClosed || !cursor.isOpen) return
    const context = { query: cursor.statement.query, isOutcomeAtStake: false, isInTransaction: true }
    await this.#watch(closeOn(this.#connection.wire, cursor, context)).catch(() => {})
  }

  /** Whether a load is under way: its rows may come from anywhere, but not from this connection. */
  get isLoading(): boolean {
    return this.#isLoading
  }

  /** Runs a load, with nothing in flight beside it. */
  async copy(load: CopyLoad, stop: Stop | null, worker: Worker): Promise<RawResult> {
    this.#isLoading = true
    try {
      while (this.#alone !== null) await this.#alone
      return await this.#doAlone(() => this.#copy(load, stopLoad(stop, this.#pool.config), worker))
    } finally {
      this.#isLoading = false
    }
  }

  /** Ends a load that is under way: what it belongs to has ended. */
  endLoad(): void {
    this.#load?.fail(ended())
  }

  /** Sends COMMIT, with what goes before it in the same exchange, and refuses whatever comes later: the connection may be another caller's by then. */
  async last(statement: Statement, isOutcomeAtStake: boolean, prefix = NO_PREFIX): Promise<RawResult> {
    // A cancel request that is on its way would hit this.
    while (this.#alone !== null) await this.#alone
    if (this.#isClosed) throw this.#endedBy ?? ended()
    this.#isClosed = true
    this.#connection.isCommitting = true
    const { wire } = this.#connection
    const context = { query: statement.query, isOutcomeAtStake, isInTransaction: true, actorId: this.#own?.id }
    // What was deferred runs now. A transaction that has failed would refuse to have the actor set, and not be ended.
    const whole = wire.status === 'E' ? prefix : this.#before(prefix, this.#own ?? null)
    return this.#watch(sendOn(wire, statement, [], context, whole))
  }

  /** Refuses whatever comes later. */
  close(): void {
    this.#isClosed = true
  }

  /** Resolves when nothing is in flight any more. */
  async idle(): Promise<void> {
    while (this.#inFlight > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  /** Resolves when nothing waits to be sent any more. */
  async allSent(): Promise<void> {
    while (this.#unsent > 0) await new Promise<void>((resolve) => this.#onSent.push(resolve))
  }

  async #submit(statement: Statement, stop: Stop | null, worker: Worker, exchange: Exchange): Promise<RawResult> {
    const sent = this.#waitToBeSent()
    const send: Exchange = (context, who) => {
      const answer = exchange(context, who)
      sent()
      return answer
    }
    try {
      while (this.#alone !== null) await this.#alone
      // A raw COMMIT whose answer is lost may have committed.
      const isOutcomeAtStake = endsTransaction(statement)
      if (stop === null && !isOutcomeAtStake) return await this.#run(statement, stop, worker, send, false)
      return await this.#doAlone(() => this.#run(statement, stop, worker, send, isOutcomeAtStake))
    } finally {
      sent()
    }
  }

  /** Counts something as not sent yet; gives what ends that. */
  #waitToBeSent(): () => void {
    this.#unsent += 1
    let isSent = false
    return () => {
      if (isSent) return
      isSent = true
      this.#unsent -= 1
      if (this.#unsent === 0) for (const resolve of this.#onSent.splice(0)) resolve()
    }
  }

  /** Does something with nothing in flight beside it. */
  async #doAlone(work: () => Promise<RawResult>): Promise<RawResult> {
    let onDone = (): void => {}
    this.#alone = new Promise<void>((resolve) => {
      onDone = resolve
    })
    try {
      await this.idle()
      return await work()
    } finally {
      // A cancel request may be on its way still, to whatever runs next.
      await this.#connection.cancelling
      this.#alone = null
      onDone()
    }
  }

  async #run(
    statement: Statement,
    stop: Stop | null,
    worker: Worker,
    exchange: Exchange,
    isOutcomeAtStake: boolean,
  ): Promise<RawResult> {
    this.#assertOpen(statement.query, stop)
    const connection = this.#connection
    const context = { query: statement.query, isOutcomeAtStake, isInTransaction: true, actorId: worker?.id }
    // Before a raw ROLLBACK nothing may stand that a failed transaction refuses; behind it, something else may be set.
    const answer = exchange(context, isOutcomeAtStake ? undefined : worker)
    if (isOutcomeAtStake) this.#actor.forget()
    this.#wasUsed = true
    const result = await this.#watch(
      stop === null ? answer : stoppable(answer, connection, this.#pool, stop, { context }),
    )
    connection.borrower = statement.query
    noteUse(connection, statement, result)
    // COMMIT AND CHAIN has begun another one, which must not be taken for this.
    if (result.status === 'I' || result.command === 'COMMIT') {
      this.#isClosed = true
      this.#endedBy = endedBy(statement.query, result.command)
      throw this.#endedBy
    }
    return result
  }

  async #copy(load: CopyLoad, stop: Stop | null, worker: Worker): Promise<RawResult> {
    this.#assertOpen(load.query, stop)
    const connection = this.#connection
    connection.borrower = load.query
    connection.uses += 1
    const prefix = this.#before(this.#takePrefix(), worker)
    const copy = startCopy(connection.wire, load, { isInTransaction: true, prefix, actorId: worker?.id })
    this.#wasUsed = true
    this.#load = copy
    try {
      return await this.#watch(stop === null ? copy.result : stoppable(copy.result, connection, this.#pool, stop, copy))
    } finally {
      this.#load = null
    }
  }

  #assertOpen(query: string, stop: Stop | null): void {
    if (this.#isClosed) throw this.#endedBy ?? ended()
    if (stop?.signal?.aborted) throw aborted(query)
  }

  /** Gives what is to travel with what is sent now. */
  #takePrefix(): readonly Prefix[] {
    const prefix = this.#prefix
    this.#prefix = []
    return prefix
  }

  #before(prefix: readonly Prefix[], worker: Worker): readonly Prefix[] {
    return worker === undefined ? prefix : this.#actor.before(prefix, worker)
  }

  async #watch<T>(answer: Promise<T>): Promise<T> {
    this.#inFlight += 1
    try {
      return await answer
    } catch (error) {
      this.#isSpoiled ||= spoilsConnection(error)
      // "Transaction is aborted" only echoes the failure that aborted it.
      const isEcho = error instanceof QueryError && error.sqlState === '25P02'
      if (!isEcho) this.#lastFailure = error instanceof OwnFailure ? error.reason : error
      throw error
    } finally {
      this.#inFlight -= 1
      if (this.#inFlight === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
    }
  }
}

/** Gives how a call in a transaction is stopped: by its own limits, or by those of the transaction. */
export function stopIn(limits: CallLimits = NO_LIMITS, transaction: Stop | null): Stop | null {
  const own = stopOf(limits, { isServerAware: false })
  if (own === null || transaction === null) return own ?? transaction
  const signals = [own.signal, transaction.signal].filter((each) => each !== undefined)
  const deadlines = [own.deadline, transaction.deadline].filter((each) => each !== null)
  return {
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    deadline: deadlines.toSorted((one, other) => one.at - other.at)[0] ?? null,
    isServerAware: false,
  }
}

function endedBy(query: string, command: string): TransactionError {
  const message = `${query}: the statement ended the transaction; use none of COMMIT and ROLLBACK`
  return new TransactionError(message, { outcome: command === 'ROLLBACK' ? 'not-executed' : 'executed' })
}

/** What use after the end gets. */
export function ended(): TransactionError {
  return new TransactionError('the transaction has ended; await all its calls inside its callback')
}
