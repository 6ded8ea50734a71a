/** Sessions: what statements are sent on. No type of pg is named here: these declarations reach every user. */

import type { Column } from './row-shape.js'
import type { Statement } from './statement.js'

/** What came back: rows as arrays of texts, in the order of the columns, not yet decoded. */
export interface RawResult {
  readonly fields: readonly Column[]
  readonly rows: readonly (readonly (string | null)[])[]
  /** Rows changed or returned, as the command tag has it; null where the tag has none. */
  readonly rowCount: number | null
  /** The command tag's word: `SELECT`, `INSERT`, `COMMIT`, `ROLLBACK` ... */
  readonly command: string
}

/** Something that statements can be sent on: the pool, or one transaction. */
export interface Session {
  /** @throws {DataAccessError} when it was not executed, or its outcome is unknown */
  send(statement: Statement, values: unknown[]): Promise<RawResult>
}

/** How a session opens a transaction or savepoint around `work`. */
export interface TransactionalSession extends Session {
  transaction<T>(work: (session: TransactionalSession) => Promise<T>): Promise<T>
}
