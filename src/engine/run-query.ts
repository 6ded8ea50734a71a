/** Runs a query on a session: compiles it, encodes its parameters, sends it. */

import { RowCountError } from '../errors.js'
import type { Acting } from './actor.js'
import { gather, type Params } from './binding.js'
import type { CallOptions } from './call-limits.js'
import type { Query } from './query.js'
import type { RawResult, Session } from './session.js'
import { type Statement, statementFor } from './statement.js'
import { tellUnreadable } from './unreadable.js'

/** Sends a query with its parameters; what is wrong with those is found before.
 *  @throws {DataAccessError} when it was not executed, or its outcome is unknown */
export async function runQuery(
  session: Session,
  query: Query<unknown, unknown>,
  params: Params,
  limits: CallOptions & Acting,
): Promise<RawResult> {
  const statement = statementFor(query, params)
  return readable(statement, session.send(statement, gather(statement, params), limits))
}

/** Sends a query, and gives its row.
 *  @throws {RowCountError} when it gives more */
export async function runForOne(
  session: Session,
  query: Query<unknown, unknown>,
  params: Params,
  limits: CallOptions & Acting,
  expected = 'at most one row',
): Promise<Record<string, unknown> | undefined> {
  const { rows } = await runQuery(session, query, params, limits)
  if (rows.length > 1) throw new RowCountError(query.name, expected, rows.length)
  return rows[0]
}

/** Waits for a result; a value that cannot be given is told as an error of its query. The server did its part by then:
 *  what a write did, it did. */
export async function readable({ query, isRead }: Statement, sent: Promise<RawResult>): Promise<RawResult> {
  try {
    return await sent
  } catch (error) {
    throw tellUnreadable(error, query, isRead ? '' : '; the statement itself was executed')
  }
}
