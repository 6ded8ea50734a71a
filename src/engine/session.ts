/** Sessions: what statements are sent on. No type of pg is named here: these declarations reach every user. */

import type { Acting } from './actor.js'
import type { CallOptions } from './call-limits.js'
import type { CopyLoad } from './copy/load.js'
import type { Statement } from './statement.js'
import type { TransactionOptions } from './transaction-options.js'
import type { WireValue } from './wire/message-writer.js'

/** `I`: no transaction; `T`: in one; `E`: in one that has failed. */
export type TransactionStatus = 'I' | 'T' | 'E'

/** What came back. */
export interface RawResult {
  /** Property names in camelCase. */
  readonly rows: Record<string, unknown>[]
  /** Rows changed or returned, as the command tag has it; null where the tag has none. */
  readonly rowCount: number | null
  /** The command tag's words: `INSERT`, `COMMIT`, `ROLLBACK` ...; empty for a read. */
  readonly command: string
  /** Where the session stood behind it. */
  readonly status: TransactionStatus
  /** Whether there are more rows than were asked for: only of a cursor. */
  readonly hasMore: boolean
}

/** Something that statements can be sent on: the pool, or one transaction. */
export interface Session {
  /** @throws {DataAccessError} when it was not executed, or its outcome is unknown */
  send(statement: Statement, values: readonly WireValue[], limits?: CallOptions & Acting): Promise<RawResult>
  /** Runs a COPY FROM STDIN. Rejects with an `OwnFailure` when it failed on this side.
   *  @throws {DataAccessError} when nothing was kept, or the outcome is unknown */
  copy(load: CopyLoad, limits?: CallOptions & Acting): Promise<RawResult>
}

/** How a session opens a transaction or savepoint around `work`. */
export interface TransactionalSession extends Session {
  transaction<T>(work: (session: TransactionalSession) => Promise<T>, options?: TransactionOptions & Acting): Promise<T>
  /** Gives the rows of a statement as they are asked for; nothing is sent before. */
  stream(
    statement: Statement,
    values: readonly WireValue[],
    batchSize: number,
    limits?: CallOptions & Acting,
  ): AsyncIterableIterator<Record<string, unknown>, undefined>
}
