/** How a transaction is begun. */

import { ValidationError } from '../errors.js'
import type { CallOptions } from './call-limits.js'
import { beginSql } from './session-sql.js'
import type { Statement } from './statement.js'

const levels = ['read committed', 'repeatable read', 'serializable'] as const

/** What a transaction promises, and how its statements are run. */
export interface TransactionOptions extends CallOptions {
  /** What of concurrent transactions it sees (PostgreSQL manual, section 13.2). Default: the server's, `read committed`
   *  unless configured otherwise. */
  readonly isolation?: (typeof levels)[number] | undefined
  /** Whether the server refuses writes in it. Default: the server's, false unless configured otherwise. */
  readonly readOnly?: boolean | undefined
  /** Of a serializable, read-only transaction: waits at its start until it can no more be aborted. Default false. */
  readonly deferrable?: boolean | undefined
}

/** Those that a transaction has beside the options of every call. */
export const TRANSACTION_OPTIONS = ['isolation', 'readOnly', 'deferrable'] as const

/** @throws {ValidationError} when a nested transaction is given what only the outermost one can have */
export function refuseModes(options: TransactionOptions): void {
  for (const path of TRANSACTION_OPTIONS) {
    if (options[path] === undefined) continue
    throw new ValidationError('transaction', [
      { path, message: 'must not be given to a nested transaction, which is as the outermost one is' },
    ])
  }
}

const known = new Map<string, Statement>()

/** Gives the statement that begins a transaction with these options.
 *  @throws {ValidationError} when an option is not what it must be */
export function beginWith({ isolation, readOnly, deferrable, operationId }: TransactionOptions): Statement {
  if (isolation !== undefined && !levels.includes(isolation)) {
    throw new ValidationError('transaction', [{ path: 'isolation', message: `must be one of ${levels.join(', ')}` }])
  }
  for (const [path, value] of Object.entries({ readOnly, deferrable })) {
    if (value !== undefined && typeof value !== 'boolean') {
      throw new ValidationError('transaction', [{ path, message: 'must be true or false' }])
    }
  }
  if (readOnly === true && operationId !== undefined) {
    throw new ValidationError('transaction', [
      { path: 'operationId', message: 'must not be given to a read-only transaction, which can keep no result' },
    ])
  }
  const modes = [
    isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`,
    readOnly === undefined ? '' : readOnly ? ' READ ONLY' : ' READ WRITE',
    deferrable === undefined ? '' : deferrable ? ' DEFERRABLE' : ' NOT DEFERRABLE',
  ].join('')
  let statement = known.get(modes)
  if (statement === undefined) {
    statement = beginSql(modes)
    known.set(modes, statement)
  }
  return statement
}
