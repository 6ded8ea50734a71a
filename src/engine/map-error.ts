/** The one function that turns what pg and the network throw into ashlar's errors. */

import { DatabaseError } from 'pg'
import {
  CancelledError,
  CheckViolationError,
  ConnectionError,
  type ConstraintErrorFields,
  DataAccessError,
  DependencyCycleError,
  ForeignKeyViolationError,
  NotNullViolationError,
  OutcomeUnknownError,
  QueryError,
  ScrubbedCause,
  TimeoutError,
  TransientError,
  TransitionError,
  UndefinedObjectError,
  UniqueViolationError,
} from '../errors.js'
import { DecodeError } from './codec.js'
import { type FailedRow, failedRow } from './copy/failed-row.js'
import type { CopyLoad } from './copy/load.js'
import { endsSession, kindOf, raisedMessage, safeMessage } from './sqlstate.js'
import { tlsFailure, tlsRefusal } from './tls-failure.js'
import { CommittedLocally, UnsentError } from './wire/exchange.js'

/** What was going on when the error came. */
export interface FailureContext {
  /** The query's name. */
  readonly query: string
  /** Whether a lost connection leaves open what happened: a write in autocommit, or a COMMIT. */
  readonly isOutcomeAtStake: boolean
  /** Whether the connection is only being made: whatever the server says then, there is none. */
  readonly isConnecting?: boolean
  /** Whether a transaction is open, which ends with the connection. */
  readonly isInTransaction?: boolean
  /** Whether some of it may be committed when the server refuses the rest. */
  readonly isSplit?: boolean
  /** The load that it is, whose errors name a row. */
  readonly load?: CopyLoad
  /** Who is at work; a value like others, which a function of the database may read. */
  readonly actorId?: string | undefined
}

/** Nothing was sent yet: the connection is being made. */
export const connecting: FailureContext = { query: 'connect', isOutcomeAtStake: false, isConnecting: true }

/** Maps any error to a public one whose cause is scrubbed. Public errors pass through. `values` are those that were
 *  sent: none of them gets into a message. */
export function mapError(error: unknown, context: FailureContext, values: readonly unknown[] = []): DataAccessError {
  if (error instanceof DataAccessError) return error
  // The answer arrived; it is the executor that tells of it.
  if (error instanceof DecodeError || error instanceof RangeError) throw error
  if (error instanceof DatabaseError && error.code !== undefined) {
    const { actorId, load } = context
    const sent = { values: actorId === undefined ? values : [...values, actorId], hasRows: load !== undefined }
    const message = isHidden(error) ? raisedMessage(error.code) : safeMessage(error.code, error, sent)
    return mapServerError(error, error.code, context, message, rowOf(error, context))
  }
  if (error instanceof CommittedLocally) return committedLocally(error, context)
  return mapSocketError(error, context)
}

/** Of whatever it was in: it has happened, and whether it lasts is open. */
function committedLocally({ name, message }: CommittedLocally, { query }: FailureContext): OutcomeUnknownError {
  const cause = new ScrubbedCause({ name, message })
  return new OutcomeUnknownError(query, cause, message, 'committed-locally')
}

function rowOf({ where }: DatabaseError, { load }: FailureContext): FailedRow | null {
  return load === undefined ? null : failedRow(where, load)
}

/** Tells whether the text is one that a function of the database wrote: it can hold anything, unless its author named the
 *  constraint that it speaks for, as a server's own message would. */
function isHidden({ routine, constraint }: DatabaseError): boolean {
  return routine === 'exec_stmt_raise' && constraint === undefined
}

/** Tells whether the connection that gave this error must be closed: it is gone. */
export function spoilsConnection(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof OutcomeUnknownError
}

function mapServerError(
  error: DatabaseError,
  sqlState: string,
  context: FailureContext,
  reason: string,
  place: FailedRow | null,
): DataAccessError {
  const message = place === null ? reason : `${pathOf(place)}: ${reason}`
  const fields: ConstraintErrorFields = {
    query: context.query,
    sqlState,
    row: place?.row ?? null,
    constraint: error.constraint ?? null,
    table: error.table === undefined ? null : [error.schema, error.table].filter(Boolean).join('.'),
    column: error.column ?? null,
    cause: scrub(error, message),
    outcome: context.isSplit && !isOfItsText(error, sqlState) ? 'unknown' : 'not-executed',
  }
  const refusal = context.isConnecting ? tlsRefusal(message, fields.cause, context.query) : null
  if (refusal !== null) return refusal
  if (isNeverGiven(sqlState, error.message)) {
    return lost(message, fields.cause, { ...context, isOutcomeAtStake: false })
  }
  if (context.isConnecting || endsSession(sqlState, error.severity)) return lost(message, fields.cause, context)
  switch (kindOf(sqlState)) {
    case 'unique':
      return new UniqueViolationError(message, fields)
    case 'foreign-key':
      return new ForeignKeyViolationError(message, fields)
    case 'not-null':
      return new NotNullViolationError(message, fields)
    case 'check':
      if (isTransition(fields)) return new TransitionError(message, fields)
      if (isAcyclic(fields)) return new DependencyCycleError(message, { ...fields, cycle: namesIn(error.detail) })
      return new CheckViolationError(message, fields)
    case 'transient':
      return new TransientError(message, fields)
    case 'cancelled':
      return error.message.includes('timeout') ? new TimeoutError(message, fields) : new CancelledError(message, fields)
    case 'undefined-object':
      return new UndefinedObjectError(
        `${message} (are all migrations applied? \`ashlar migrate status\` tells)`,
        fields,
      )
    case 'unknown-outcome':
      return lost(message, fields.cause, context)
    default:
      return new QueryError(message, fields)
  }
}

/** Tells whether a statement was refused as it stands, before anything of it was done. */
function isOfItsText({ where }: DatabaseError, sqlState: string): boolean {
  return sqlState.startsWith('42') && where === undefined
}

/** What PgBouncer says when it had no server connection to give, so that the statement reached none. */
function isNeverGiven(sqlState: string, message: string): boolean {
  return sqlState === '08P01' && /query_wait_timeout|server login has been failing/.test(message)
}

function pathOf({ row, column }: FailedRow): string {
  return column === null ? `rows[${row}]` : `rows[${row}].${column}`
}

/** Triggers that keep the order of a row's states raise a check violation, of a constraint with this ending. */
function isTransition({ constraint }: ConstraintErrorFields): boolean {
  return constraint?.endsWith('_transition') === true
}

/** Triggers that let no cycle be raise a check violation of a constraint with this ending, whose detail names the members
 *  as a JSON array. */
function isAcyclic({ constraint }: ConstraintErrorFields): boolean {
  return constraint?.endsWith('_acyclic') === true
}

function namesIn(detail: string | undefined): readonly string[] {
  try {
    const names: unknown = JSON.parse(detail ?? '')
    return Array.isArray(names) ? names.map(String) : []
  } catch {
    return []
  }
}

function mapSocketError(error: unknown, context: FailureContext): DataAccessError {
  if (!(error instanceof Error)) return lost('the connection failed', undefined, context)
  // pg says this of a client that it already knows to be dead: nothing was sent.
  const isUnsent = error instanceof UnsentError || error.message.includes('not queryable')
  const message = isUnsent ? 'the connection was lost' : socketMessage(error)
  const cause = new ScrubbedCause({ name: error.name, message, code: codeOf(error) })
  const failure = context.isConnecting ? tlsFailure(error, cause, context.query) : null
  if (failure !== null) return failure
  if (!isUnsent) return lost(message, cause, context)
  const end = context.isInTransaction ? '; the transaction was rolled back' : ''
  return lost(`${message}${end}`, cause, { ...context, isOutcomeAtStake: false })
}

function lost(message: string, cause: unknown, { query, isOutcomeAtStake }: FailureContext): DataAccessError {
  if (isOutcomeAtStake) return new OutcomeUnknownError(query, cause)
  return new ConnectionError(`${query}: ${message}`, { cause })
}

/** A host with several addresses fails with one error for each (AggregateError, its own message empty). */
function socketMessage(error: Error): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  const messages = errors.map((each) => (each instanceof Error ? each.message : String(each)))
  // pg shows the whole certificate that it cannot bind a login to.
  return [...new Set(messages)]
    .join('; ')
    .replace(/ when parsing public certificate .*/s, " in the server's certificate")
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function scrub(error: DatabaseError, message: string): ScrubbedCause {
  return new ScrubbedCause({
    name: error.name,
    message,
    code: error.code,
    schema: error.schema,
    table: error.table,
    column: error.column,
    constraint: error.constraint,
    routine: error.routine,
  })
}
