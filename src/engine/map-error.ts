/** The one function that turns what pg and the network throw into ashlar's errors. */

import { DatabaseError } from 'pg'
import {
  CancelledError,
  CheckViolationError,
  ConnectionError,
  type ConstraintErrorFields,
  DataAccessError,
  ForeignKeyViolationError,
  NotNullViolationError,
  OutcomeUnknownError,
  QueryError,
  ScrubbedCause,
  TimeoutError,
  TransientError,
  UndefinedObjectError,
  UniqueViolationError,
} from '../errors.js'
import { endsSession, kindOf, safeMessage } from './sqlstate.js'

/** What was going on when the error came. */
export interface FailureContext {
  /** The query's name. */
  readonly query: string
  /** Whether a lost connection leaves open what happened: a write in autocommit, or a COMMIT. */
  readonly isOutcomeAtStake: boolean
  /** Whether the connection is only being made: whatever the server says then, there is none. */
  readonly isConnecting?: boolean
}

/** Nothing was sent yet: the connection is being made. */
export const connecting: FailureContext = { query: 'connect', isOutcomeAtStake: false, isConnecting: true }

/** Maps any error to a public one whose cause is scrubbed. Public errors pass through. `values` are those that were
 *  sent: none of them gets into a message. */
export function mapError(error: unknown, context: FailureContext, values: readonly unknown[] = []): DataAccessError {
  if (error instanceof DataAccessError) return error
  if (error instanceof DatabaseError && error.code !== undefined) {
    return mapServerError(error, error.code, context, safeMessage(error.code, error.message, values))
  }
  return mapSocketError(error, context)
}

/** Tells whether the connection that gave this error must be closed: it is gone, or it holds a prepared statement that
 *  cannot be run any more (the table has changed, or raw SQL has deallocated it). */
export function spoilsConnection(error: DataAccessError): boolean {
  if (error instanceof ConnectionError || error instanceof OutcomeUnknownError) return true
  if (!(error instanceof QueryError)) return false
  const { cause } = error
  return error.sqlState === '26000' || (cause instanceof ScrubbedCause && cause.routine === 'RevalidateCachedQuery')
}

function mapServerError(
  error: DatabaseError,
  sqlState: string,
  context: FailureContext,
  message: string,
): DataAccessError {
  const fields: ConstraintErrorFields = {
    query: context.query,
    sqlState,
    constraint: error.constraint ?? null,
    table: error.table === undefined ? null : `${error.schema}.${error.table}`,
    column: error.column ?? null,
    cause: scrub(error, message),
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

function mapSocketError(error: unknown, context: FailureContext): DataAccessError {
  if (!(error instanceof Error)) return lost('the connection failed', undefined, context)
  const message = isPasswordMissing(error) ? PASSWORD_MISSING : socketMessage(error)
  const cause = new ScrubbedCause({ name: error.name, message, code: codeOf(error) })
  // pg says this of a client that it already knows to be dead: nothing was sent.
  const isUnsent = error.message.includes('not queryable')
  return lost(message, cause, isUnsent ? { ...context, isOutcomeAtStake: false } : context)
}

function lost(message: string, cause: unknown, { query, isOutcomeAtStake }: FailureContext): DataAccessError {
  if (isOutcomeAtStake) return new OutcomeUnknownError(query, cause)
  return new ConnectionError(`${query}: ${message}`, { cause })
}

const PASSWORD_MISSING =
  'the server asks for a password, and none was given (url, password, PGPASSWORD or a password file)'

function isPasswordMissing({ message }: Error): boolean {
  return message.includes('client password must be a string')
}

/** A host with several addresses fails with one error for each (AggregateError, its own message empty). */
function socketMessage(error: Error): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  return [...new Set(errors.map((each) => (each instanceof Error ? each.message : String(each))))].join('; ')
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
