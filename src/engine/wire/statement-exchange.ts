/** Runs one statement and collects its rows. Other statements may go before it, in the same exchange. */

import type { DatabaseError } from 'pg'
import { QueryError } from '../../errors.js'
import type { Column } from '../row-shape.js'
import type { RawResult, TransactionStatus } from '../session.js'
import type { Statement } from '../statement.js'
import { commandOf, countOf } from './command-tag.js'
import { CommittedLocally, Exchange, UnsentError } from './exchange.js'
import type { MessageWriter, WireValue } from './message-writer.js'
import { isCountedOn, NO_PREFIX, type Prefix } from './prefix.js'
import type { Prepared, PreparedStatements } from './prepared-statements.js'
import { RowCollector } from './row-collector.js'

/** Told once, when the server is ready again or the connection is gone. */
export type OnSettled = (error: unknown, result: RawResult | null) => void

/** Where a statement is bound to, and how many of its rows one exchange brings. */
export interface Portal {
  /** Empty for the unnamed one, which the next statement replaces; another one lives until it is closed or its
   *  transaction ends. */
  readonly name: string
  /** 0: all. */
  readonly maxRows: number
}

const WHOLE: Portal = { name: '', maxRows: 0 }

export class StatementExchange extends Exchange {
  readonly #statement: Statement
  readonly #values: readonly WireValue[]
  readonly #prefix: readonly Prefix[]
  readonly #portal: Portal
  readonly #rows: RowCollector
  readonly #onSettled: OnSettled
  /** How many statements of the prefix have not answered. */
  #prefixLeft: number
  #prepared: Prepared | null = null
  #cache: PreparedStatements | null = null
  /** What this exchange prepares. */
  readonly #preparations: Bound[] = []
  #rowCount: number | null = null
  #command = ''
  #hasMore = false
  #serverError: DatabaseError | null = null

  constructor(
    statement: Statement,
    values: readonly WireValue[],
    onSettled: OnSettled,
    prefix: readonly Prefix[] = NO_PREFIX,
    portal: Portal = WHOLE,
    rows: RowCollector = new RowCollector(statement),
  ) {
    super()
    this.#statement = statement
    this.#values = values
    this.#onSettled = onSettled
    this.#prefix = prefix
    this.#prefixLeft = prefix.length
    this.#portal = portal
    this.#rows = rows
  }

  override get isCountedOn(): boolean {
    return isCountedOn(this.#prefix)
  }

  override write(out: MessageWriter, prepared: PreparedStatements): void {
    this.writePrefix(out, prepared)
    const { name, maxRows } = this.#portal
    const bound = bindStatement(out, prepared, this.#statement, this.#values, name, true)
    if (bound !== null) {
      this.#prepared = bound.prepared
      if (bound.isNew) this.#preparations.push(bound)
    }
    this.#rows.expect(this.#prepared, prepared.baselines)
    out.execute(name, maxRows)
    out.sync()
  }

  protected writePrefix(out: MessageWriter, prepared: PreparedStatements): void {
    this.#cache = prepared
    for (const { statement, values } of this.#prefix) {
      const bound = bindStatement(out, prepared, statement, values, '', false)
      if (bound?.isNew) this.#preparations.push(bound)
      out.execute('', 0)
    }
  }

  override onColumns(columns: readonly Column[]): void {
    this.#rows.onColumns(columns)
  }

  override onRow(bytes: Buffer, start: number): void {
    if (this.#prefixLeft === 0) this.#rows.onRow(bytes, start)
  }

  override onCommand(bytes: Buffer, start: number, end: number): void {
    if (this.#prefixLeft > 0) {
      this.#prefixLeft -= 1
      return
    }
    this.#rowCount = countOf(bytes, start, end)
    // Of a read nobody asks.
    if (!this.#statement.isRead) this.#command = commandOf(bytes, start, end)
  }

  override onSuspended(): void {
    this.#hasMore = true
  }

  override onError(error: DatabaseError): void {
    // What ends the session comes behind what refused the statement.
    this.#serverError ??= error
    // The server may have passed over some of what prepares and closes: both are sent again.
    undoPreparations(this.#cache, this.#preparations)
    if (!isUnusable(error)) return
    if (this.#prepared !== null) this.#cache?.forget(this.#prepared)
    giveUpPrefix(this.#cache, this.#prefix)
  }

  override onReady(status: TransactionStatus): void {
    const error = this.isCommittedLocally ? new CommittedLocally() : (this.#serverError ?? this.#rows.error)
    if (error !== null) {
      this.#onSettled(error, null)
      return
    }
    this.#onSettled(null, {
      rows: this.#rows.take(),
      rowCount: this.#rowCount,
      command: this.#command,
      status,
      hasMore: this.#hasMore,
    })
  }

  override onLost(error: Error, wasSent: boolean): void {
    // A server that ends the session says why first.
    this.#onSettled(
      this.isCommittedLocally ? new CommittedLocally() : (this.#serverError ?? (wasSent ? error : new UnsentError())),
      null,
    )
  }

  override onUnwritten(error: unknown): void {
    const reason = this.isCountedOn ? new UnsentError() : unwritten(this.#statement.query, error)
    this.#onSettled(reason, null)
  }
}

/** What a call fails with whose messages could not be written. */
function unwritten(query: string, error: unknown): QueryError {
  const reason = error instanceof Error ? error.name : typeof error
  return new QueryError(`could not be written, and nothing of it was sent (${reason})`, { query, sqlState: null })
}

export interface Bound {
  readonly prepared: Prepared
  readonly isNew: boolean
  /** Names that are closed before it is prepared. */
  readonly closed: readonly string[]
}

/** Binds a statement to a portal, preparing it first where this connection does not know it yet. Gives null
 *  when it goes without a name. */
export function bindStatement(
  out: MessageWriter,
  prepared: PreparedStatements,
  { preparedName, text }: Statement,
  values: readonly WireValue[],
  portal: string,
  isDescribed: boolean,
): Bound | null {
  if (preparedName === null || prepared.isOff) {
    out.parse('', text)
    out.bind(portal, '', values, null)
    if (isDescribed) out.describe('P', portal)
    return null
  }
  const known = prepared.find(preparedName)
  if (known !== undefined) {
    out.bind(portal, preparedName, values, known.shape?.resultFormats ?? null)
    return { prepared: known, isNew: false, closed: [] }
  }
  const added = prepared.add(preparedName)
  const closed = prepared.takeAbandoned()
  for (const name of closed) out.close('S', name)
  out.parse(preparedName, text)
  if (isDescribed) out.describe('S', preparedName)
  out.bind(portal, preparedName, values, null)
  return { prepared: added, isNew: true, closed }
}

/** Tells whether an error says that what was prepared is not there any more, or does not fit its tables. */
export function isUnusable({ code, routine }: DatabaseError): boolean {
  return code === '26000' || routine === 'RevalidateCachedQuery'
}

/** After such an error: has what goes before be prepared anew. */
export function giveUpPrefix(cache: PreparedStatements | null, prefix: readonly Prefix[]): void {
  for (const { statement } of prefix) if (statement.preparedName !== null) cache?.giveUp(statement.preparedName)
}

/** After an error: whether the server has prepared and closed what the exchange told it to is not known, unless it has
 *  described it. It is given up, so that it is closed and prepared once more. */
export function undoPreparations(cache: PreparedStatements | null, preparations: readonly Bound[]): void {
  for (const { prepared, closed } of preparations) {
    if (prepared.shape === null) cache?.forget(prepared)
    cache?.abandonAgain(closed)
  }
}
