/** One exchange with the server: messages that end in one Sync, and what becomes of their answers. */

import type { DatabaseError } from 'pg'
import type { Column } from '../row-shape.js'
import type { TransactionStatus } from '../session.js'
import type { MessageWriter } from './message-writer.js'
import type { PreparedStatements } from './prepared-statements.js'

/** The connection was gone before anything was sent on it. */
export class UnsentError extends Error {
  constructor() {
    super('the connection was lost')
  }
}

/** A standby that COMMIT had to wait for has not confirmed it: cancelled, or ended with the session. */
export class CommittedLocally extends Error {
  constructor() {
    super('the wait for a synchronous standby was ended')
  }
}

/** Gets the answers to what it wrote. Every exchange ends by exactly one call of `onReady`, `onLost` or `onUnwritten`. */
export abstract class Exchange {
  /** Bytes that it wrote. */
  size = 0
  /** Whether the server has committed, and given up waiting for its synchronous standby. */
  isCommittedLocally = false

  /** Whether the server waits for this side, and not this side for it. */
  get isOwnTurn(): boolean {
    return false
  }

  /** Whether it carries statements that later exchanges count on, such as BEGIN. */
  get isCountedOn(): boolean {
    return false
  }

  /** Writes its messages; the last must be a Sync, or what makes the server answer that it is ready. */
  abstract write(out: MessageWriter, prepared: PreparedStatements): void
  /** The server is ready for the next exchange. */
  abstract onReady(status: TransactionStatus): void
  /** The connection is gone. Without `wasSent` nothing of this exchange reached the network. */
  abstract onLost(error: Error, wasSent: boolean): void

  /** Its messages could not be written: nothing of it was sent, and the connection is as it was. */
  onUnwritten(_error: unknown): void {
    this.onLost(new UnsentError(), false)
  }

  /** The columns of the rows to come; empty when there will be none. */
  onColumns(_columns: readonly Column[]): void {}
  /** A row: `start` is where the length of its first field stands. */
  onRow(_bytes: Buffer, _start: number): void {}
  /** A statement is done: its command tag. */
  onCommand(_bytes: Buffer, _start: number, _end: number): void {}
  /** A portal has given as many rows as were asked for, and has more. */
  onSuspended(): void {}
  /** The server waits for COPY data; false when there is none. */
  onCopyIn(): boolean {
    return false
  }
  onError(_error: DatabaseError): void {}
}
