/** Every public error. One root, a stable `code` for each class, and no parameter value or secret in any of them. */

/** What is kept of a driver's error: enough to find the fault, nothing that can hold a row's values. */
export class ScrubbedCause extends Error {
  override readonly name: string
  readonly code: string | null
  readonly schema: string | null
  readonly table: string | null
  readonly column: string | null
  readonly constraint: string | null
  readonly routine: string | null

  constructor(fields: {
    readonly name: string
    readonly message: string
    readonly code?: string | undefined
    readonly schema?: string | undefined
    readonly table?: string | undefined
    readonly column?: string | undefined
    readonly constraint?: string | undefined
    readonly routine?: string | undefined
  }) {
    super(fields.message)
    this.name = fields.name
    this.code = fields.code ?? null
    this.schema = fields.schema ?? null
    this.table = fields.table ?? null
    this.column = fields.column ?? null
    this.constraint = fields.constraint ?? null
    this.routine = fields.routine ?? null
    // The stack of this copy would only repeat where the copy was made.
    this.stack = `${this.name}: ${this.message}`
  }
}

/** What became of a failed call's effect on the database. `not-executed`: there is none, it was not sent or was rolled back;
 *  `executed`: the server did its part, and what came of it cannot be given to the caller; `unknown`: it may or may not have
 *  happened, or some of it has; `committed-locally`: the primary has it, and it is lost if the primary is lost before a standby has it. */
export type Outcome = 'not-executed' | 'executed' | 'unknown' | 'committed-locally'

/** The root of all errors that ashlar throws. */
export abstract class DataAccessError extends Error {
  /** Stable across releases; what a program compares. */
  abstract readonly code: string
  /** What became of the call's effect on the database; a read has none. */
  readonly outcome: Outcome = 'not-executed'

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
  }
}

/** An option, environment variable or URL part that cannot be used. */
export class ConfigError extends DataAccessError {
  override readonly code = 'ASHLAR_CONFIG'
  /** The option, as a path (`pool.max`), or the environment variable's name. */
  readonly field: string
  /** The refused value, or `[hidden]` where it could hold a secret. */
  readonly value: string
  /** What would have been accepted. */
  readonly limit: string

  constructor(fields: { readonly field: string; readonly value: string; readonly limit: string }) {
    super(`${fields.field} is ${fields.value}, but must be ${fields.limit}`)
    this.field = fields.field
    this.value = fields.value
    this.limit = fields.limit
  }
}

/** Why an embedded server could not be used; see {@link EmbeddedServerError}. */
export type EmbeddedServerReason =
  | 'not-installed'
  | 'unsupported-platform'
  | 'binaries-unreadable'
  | 'folder-not-writable'
  | 'folder-in-use'
  | 'version-mismatch'
  | 'no-user'
  | 'no-free-port'
  | 'init-failed'
  | 'start-failed'
  | 'start-timeout'

/** The embedded server could not be prepared or started. The message says what to do. */
export class EmbeddedServerError extends DataAccessError {
  override readonly code = 'ASHLAR_EMBEDDED_SERVER'
  readonly reason: EmbeddedServerReason

  constructor(reason: EmbeddedServerReason, message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

/** A migration file is malformed, or applying or reverting it failed; nothing of it is left. */
export class MigrationError extends DataAccessError {
  override readonly code = 'ASHLAR_MIGRATION'
  /** The migration's file, or null when the fault is not one file's. Of several, the first. */
  readonly file: string | null
  /** The line of that file, from 1, or null where none can be told. */
  readonly line: number | null

  constructor(
    message: string,
    fields: { readonly file?: string; readonly line?: number | null; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: fields.cause })
    this.file = fields.file ?? null
    this.line = fields.line ?? null
  }
}

/** Why a backup was not made or not restored; see {@link BackupError}. */
export type BackupFault =
  /** A program of PostgreSQL (pg_dump, pg_restore, psql) is not installed. */
  | 'tool-missing'
  /** The program or the server is too old. */
  | 'version'
  /** The backup is of another processor or operating system, whose data files this one cannot read. */
  | 'platform'
  /** The file is there already. */
  | 'file-exists'
  /** The file cannot be read or written. */
  | 'file'
  /** No backup, or one of the other kind. */
  | 'not-a-backup'
  /** Cut short or changed since it was written. */
  | 'damaged'
  /** The server has what the backup does not, or the reverse. */
  | 'incomplete'
  /** Another process uses the server or its folder. */
  | 'in-use'
  /** The database to restore into holds something already. */
  | 'not-empty'
  /** The server or the program refused it. */
  | 'refused'

/** A backup was not made, or not restored; unless `outcome` says otherwise nothing of it is left, and the database is as it was.
 *  The message says what to do. */
export class BackupError extends DataAccessError {
  override readonly code = 'ASHLAR_BACKUP'
  override readonly outcome: Outcome
  readonly what: BackupFault
  /** The backup's file. */
  readonly file: string

  constructor(
    what: BackupFault,
    file: string,
    message: string,
    options: { readonly cause?: unknown; readonly outcome?: Outcome } = {},
  ) {
    super(message, options)
    this.what = what
    this.file = file
    this.outcome = options.outcome ?? 'not-executed'
  }
}

/** No connection, or the connection was lost before anything was sent on it. */
export class ConnectionError extends DataAccessError {
  override readonly code: string = 'ASHLAR_CONNECTION'
}

/** What is wrong with the encryption of a connection; see {@link TlsError}. */
export type TlsReason =
  /** The server's certificate is of no authority that is trusted. */
  | 'untrusted'
  /** The server's certificate is for another host. */
  | 'host-name'
  | 'expired'
  | 'not-yet-valid'
  /** The server has no TLS. */
  | 'not-offered'
  /** The server admits this login by TLS alone, or not at all. */
  | 'required'
  /** The server wants a certificate of the client, and got none or refused it. */
  | 'client-certificate'
  /** The two could not agree. */
  | 'handshake'

/** The connection could not be encrypted as asked for. The message says what to do. */
export class TlsError extends ConnectionError {
  override readonly code = 'ASHLAR_TLS'
  readonly reason: TlsReason

  constructor(reason: TlsReason, message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

/** Sizes of a pool at one moment, in connections; `waiting` in calls. */
export interface PoolSizes {
  readonly max: number
  readonly open: number
  readonly idle: number
  readonly borrowed: number
  /** Connections that reads share. */
  readonly lanes: number
  readonly waiting: number
}

/** Who has a connection of a pool. */
export interface ConnectionHolder {
  /** The query that it was last sent; null when none was. */
  readonly query: string | null
  readonly heldMs: number
  /** Where it was borrowed; null unless `pool.leakThresholdMs` is set. */
  readonly stack: string | null
}

/** How many holders a message shows; `holders` has all. */
const MAX_SHOWN_HOLDERS = 3

function shown(holders: readonly ConnectionHolder[]): string {
  const longest = holders.slice(0, MAX_SHOWN_HOLDERS)
  if (longest.length === 0) return ''
  const each = longest.map(({ query, heldMs }) => `${query ?? 'no query yet'} for ${heldMs} ms`)
  const where = longest.some(({ stack }) => stack !== null)
    ? '`holders` tells where'
    : 'pool.leakThresholdMs has it noted where'
  return `; borrowed for longest: ${each.join(', ')} (${where})`
}

/** No connection became free within `acquireTimeoutMs`. */
export class AcquireTimeoutError extends ConnectionError {
  override readonly code = 'ASHLAR_ACQUIRE_TIMEOUT'
  readonly waitedMs: number
  readonly pool: PoolSizes
  /** Those that have had theirs for longest come first. */
  readonly holders: readonly ConnectionHolder[]

  constructor(waitedMs: number, pool: PoolSizes, holders: readonly ConnectionHolder[]) {
    super(
      `no connection became free within ${waitedMs} ms: ${pool.borrowed} of ${pool.max} borrowed, ` +
        `${pool.waiting} waiting${shown(holders)}`,
    )
    this.waitedMs = waitedMs
    this.pool = pool
    this.holders = holders
  }
}

/** As many calls as `pool.maxWaiting` allows are waiting already; nothing was sent. */
export class PoolOverloadedError extends ConnectionError {
  override readonly code = 'ASHLAR_POOL_OVERLOADED'
  /** `pool.maxWaiting`. */
  readonly limit: number
  readonly pool: PoolSizes
  /** The three that have had theirs for longest. */
  readonly holders: readonly ConnectionHolder[]

  constructor(limit: number, pool: PoolSizes, holders: readonly ConnectionHolder[] = []) {
    super(
      `${limit} calls are waiting already: nothing was sent; ${pool.borrowed} of ${pool.max} borrowed${shown(holders)}`,
    )
    this.limit = limit
    this.pool = pool
    this.holders = holders
  }
}

/** The database handle was closed; nothing was sent. */
export class PoolClosedError extends ConnectionError {
  override readonly code = 'ASHLAR_POOL_CLOSED'

  constructor() {
    super('the database handle is closed')
  }
}

/** What a {@link QueryError} carries beside its message. */
export interface QueryErrorFields {
  readonly query: string
  readonly sqlState: string | null
  readonly row?: number | null
  readonly cause?: unknown
  /** Default `not-executed`. */
  readonly outcome?: Outcome
}

/** The server refused a statement. */
export class QueryError extends DataAccessError {
  override readonly code: string = 'ASHLAR_QUERY'
  override readonly outcome: Outcome
  /** The query's name, or `query` for raw text. */
  readonly query: string
  readonly sqlState: string | null
  /** Which row of the input it was, counted from 0, where that is known (`copyInto`, a `createMany` by COPY). */
  readonly row: number | null

  constructor(message: string, fields: QueryErrorFields) {
    super(`${fields.query}: ${message}`, { cause: fields.cause })
    this.query = fields.query
    this.sqlState = fields.sqlState
    this.row = fields.row ?? null
    this.outcome = fields.outcome ?? 'not-executed'
  }
}

/** What a {@link ConstraintError} carries beside its message. */
export interface ConstraintErrorFields extends QueryErrorFields {
  readonly constraint: string | null
  readonly table: string | null
  readonly column: string | null
}

/** A constraint of the database refused the row; nothing was written. */
export abstract class ConstraintError extends QueryError {
  readonly constraint: string | null
  readonly table: string | null
  readonly column: string | null

  constructor(message: string, fields: ConstraintErrorFields) {
    super(message, fields)
    this.constraint = fields.constraint
    this.table = fields.table
    this.column = fields.column
  }
}

/** SQLSTATE 23505, 23P01. */
export class UniqueViolationError extends ConstraintError {
  override readonly code = 'ASHLAR_UNIQUE_VIOLATION'
}

/** SQLSTATE 23503, 23001. */
export class ForeignKeyViolationError extends ConstraintError {
  override readonly code = 'ASHLAR_FOREIGN_KEY_VIOLATION'
}

/** SQLSTATE 23502. */
export class NotNullViolationError extends ConstraintError {
  override readonly code = 'ASHLAR_NOT_NULL_VIOLATION'
}

/** SQLSTATE 23514. */
export class CheckViolationError extends ConstraintError {
  override readonly code: string = 'ASHLAR_CHECK_VIOLATION'
}

/** A row cannot go from the state it is in to the one asked for; the constraint's name ends in `_transition`. */
export class TransitionError extends CheckViolationError {
  override readonly code = 'ASHLAR_TRANSITION'
}

/** Dependencies that must form no cycle would form one; the name of the constraint ends in `_acyclic`. */
export class DependencyCycleError extends CheckViolationError {
  override readonly code = 'ASHLAR_DEPENDENCY_CYCLE'
  /** What the cycle is made of, by name: each requires the next, and the last the first, which is not repeated. Empty when
   *  the database did not tell. */
  readonly cycle: readonly string[]

  constructor(message: string, fields: ConstraintErrorFields & { readonly cycle: readonly string[] }) {
    super(message, fields)
    this.cycle = fields.cycle
  }
}

/** The server gave up for a reason that a later attempt may not meet: serialization, deadlock, lock, resources. */
export class TransientError extends QueryError {
  override readonly code = 'ASHLAR_TRANSIENT'
}

/** The call ran into its time limit, `timeoutMs` or `commandTimeoutMs`; nothing of it was kept. */
export class TimeoutError extends QueryError {
  override readonly code = 'ASHLAR_TIMEOUT'
}

/** The call was aborted by its `signal`, or its statement cancelled on the server; nothing of it was kept. */
export class CancelledError extends QueryError {
  override readonly code = 'ASHLAR_CANCELLED'
}

/** A table, column or function that the query names is not there: usually the migrations were not applied. */
export class UndefinedObjectError extends QueryError {
  override readonly code = 'ASHLAR_UNDEFINED_OBJECT'
}

/** A statement that may write, or COMMIT, was sent and its answer was lost: it may or may not have happened. Never retried
 *  by ashlar, unless the call has an `operationId`. Of outcome `committed-locally` when the primary has it, and gave up
 *  waiting for its synchronous standby. */
export class OutcomeUnknownError extends DataAccessError {
  override readonly code = 'ASHLAR_OUTCOME_UNKNOWN'
  override readonly outcome: 'unknown' | 'committed-locally'
  readonly query: string

  constructor(
    query: string,
    cause?: unknown,
    why = 'the connection was lost before the answer',
    outcome: 'unknown' | 'committed-locally' = 'unknown',
  ) {
    const what =
      outcome === 'unknown'
        ? 'it is not known whether it took effect'
        : 'it took effect on the primary, and is lost if that is lost before a standby has it'
    super(`${query}: ${why}; ${what}`, { cause })
    this.query = query
    this.outcome = outcome
  }
}

/** A call was tried as often as its rule allows, or as long as its time allows; `cause` is what the last attempt met. */
export class RetryExhaustedError extends DataAccessError {
  override readonly code = 'ASHLAR_RETRY_EXHAUSTED'
  override readonly outcome: Outcome
  readonly query: string
  /** How often it was tried, the first time included. */
  readonly attempts: number
  /** From the first attempt to the end of the last, in ms. */
  readonly elapsedMs: number

  constructor(query: string, attempts: number, elapsedMs: number, cause: Error) {
    super(`${query}: given up after ${attempts} attempts in ${elapsedMs} ms: ${cause.message}`, { cause })
    this.query = query
    this.attempts = attempts
    this.elapsedMs = elapsedMs
    this.outcome = cause instanceof DataAccessError ? cause.outcome : 'not-executed'
  }
}

/** A transaction was used in a way that it cannot serve, or the server rolled it back at COMMIT. Of outcome `executed` when
 *  a statement of the program's own has committed it. */
export class TransactionError extends DataAccessError {
  override readonly code = 'ASHLAR_TRANSACTION'
  override readonly outcome: 'not-executed' | 'executed'

  constructor(
    message: string,
    options: { readonly cause?: unknown; readonly outcome?: 'not-executed' | 'executed' } = {},
  ) {
    super(message, options)
    this.outcome = options.outcome ?? 'not-executed'
  }
}

/** A query gave another number of rows than its caller relies on. */
export class RowCountError extends DataAccessError {
  override readonly code: string = 'ASHLAR_ROW_COUNT'
  override readonly outcome: Outcome = 'executed'
  readonly query: string
  readonly expected: string
  /** Of a {@link RowLimitError}, one above the limit: no more were counted. */
  readonly actual: number

  constructor(query: string, expected: string, actual: number, message?: string) {
    super(message ?? `${query}: expected ${expected}, got ${actual}`)
    this.query = query
    this.expected = expected
    this.actual = actual
  }
}

/** The one row that was asked for does not exist. */
export class NotFoundError extends RowCountError {
  override readonly code = 'ASHLAR_NOT_FOUND'
  /** What was looked for, as a table's name: `agent.project_context`. */
  readonly entity: string

  /** Which part of the input named it, where it could be one of several: `[3].dependsOn`. */
  readonly path: string | null

  constructor(query: string, entity: string, path: string | null = null) {
    super(query, 'one row', 0, `${query}: ${path === null ? '' : `${path}: `}no such row in ${entity}`)
    this.entity = entity
    this.path = path
  }
}

/** The filter of a bulk update or delete finds more rows than the caller allowed; nothing was changed. */
export class RowLimitError extends RowCountError {
  override readonly code = 'ASHLAR_ROW_LIMIT'
  override readonly outcome = 'not-executed'
  /** `maxRows` as the caller gave it. */
  readonly maxRows: number

  constructor(query: string, maxRows: number) {
    const expected = `at most ${maxRows} rows`
    super(query, expected, maxRows + 1, `${query}: the filter finds more than ${maxRows} rows; nothing was changed`)
    this.maxRows = maxRows
  }
}

/** One thing wrong with an input: where, and what would have been accepted. Never the value itself. */
export interface ValidationIssue {
  /** Path from the input's root: `codebase.files`, `rows[3].name`; empty for the input itself. */
  readonly path: string
  readonly message: string
}

/** How many issues a message shows; `issues` holds all. */
const MAX_SHOWN_ISSUES = 10

/** Input that was refused before anything was sent; a row of a load: before anything was kept. */
export class ValidationError extends DataAccessError {
  override readonly code = 'ASHLAR_VALIDATION'
  readonly subject: string
  readonly issues: readonly ValidationIssue[]

  constructor(subject: string, issues: readonly ValidationIssue[]) {
    const lines = issues
      .slice(0, MAX_SHOWN_ISSUES)
      .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    const more = issues.length > MAX_SHOWN_ISSUES ? `; and ${issues.length - MAX_SHOWN_ISSUES} more` : ''
    super(`${subject}: ${lines.join('; ')}${more}`)
    this.subject = subject
    this.issues = issues
  }
}
