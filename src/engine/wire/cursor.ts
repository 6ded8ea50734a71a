/** A cursor: a statement whose rows are asked for batch by batch, from a portal that lives within a transaction. */

import type { DatabaseError } from 'pg'
import type { TransactionStatus } from '../session.js'
import type { Statement } from '../statement.js'
import { Exchange, UnsentError } from './exchange.js'
import type { MessageWriter, WireValue } from './message-writer.js'
import type { Prefix } from './prefix.js'
import type { PreparedStatements } from './prepared-statements.js'
import { RowCollector } from './row-collector.js'
import { type OnSettled, type Portal, StatementExchange } from './statement-exchange.js'

/** Portals ever named: no two have the same name, on whatever connection. */
let portals = 0

export class Cursor {
  readonly statement: Statement
  readonly values: readonly WireValue[]
  readonly #portal: Portal
  readonly #rows: RowCollector
  #isOpen = false
  /** Whether no more rows are wanted. */
  isGivenUp = false

  constructor(statement: Statement, values: readonly WireValue[], batchSize: number) {
    portals += 1
    this.statement = statement
    this.values = values
    this.#portal = { name: `ashlar_${portals}`, maxRows: batchSize }
    this.#rows = new RowCollector(statement)
  }

  /** Gives a cursor of the same rows for another session, which has not given any. */
  renewed(statement: Statement): Cursor {
    return new Cursor(statement, this.values, this.#portal.maxRows)
  }

  /** Whether its portal was asked for. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Makes the exchange that brings the next batch; the first of them opens the portal. */
  fetch(onSettled: OnSettled, prefix: readonly Prefix[]): Exchange {
    if (this.#isOpen) return new FetchExchange(this.statement, onSettled, prefix, this.#portal, this.#rows)
    this.#isOpen = true
    return new StatementExchange(this.statement, this.values, onSettled, prefix, this.#portal, this.#rows)
  }

  /** Makes the exchange that closes the portal. */
  close(onSettled: (error: unknown) => void): Exchange {
    this.#isOpen = false
    return new CloseExchange(this.#portal.name, onSettled)
  }
}

class FetchExchange extends StatementExchange {
  readonly #portal: Portal

  constructor(
    statement: Statement,
    onSettled: OnSettled,
    prefix: readonly Prefix[],
    portal: Portal,
    rows: RowCollector,
  ) {
    super(statement, [], onSettled, prefix, portal, rows)
    this.#portal = portal
  }

  override write(out: MessageWriter, prepared: PreparedStatements): void {
    this.writePrefix(out, prepared)
    out.execute(this.#portal.name, this.#portal.maxRows)
    out.sync()
  }
}

class CloseExchange extends Exchange {
  readonly #name: string
  readonly #onSettled: (error: unknown) => void
  #error: DatabaseError | null = null

  constructor(name: string, onSettled: (error: unknown) => void) {
    super()
    this.#name = name
    this.#onSettled = onSettled
  }

  override write(out: MessageWriter): void {
    out.close('P', this.#name)
    out.sync()
  }

  override onError(error: DatabaseError): void {
    this.#error = error
  }

  override onReady(_status: TransactionStatus): void {
    this.#onSettled(this.#error)
  }

  override onLost(error: Error, wasSent: boolean): void {
    this.#onSettled(this.#error ?? (wasSent ? error : new UnsentError()))
  }
}
