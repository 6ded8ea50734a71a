/** SQLSTATEs by what they mean to a caller (PostgreSQL manual, appendix A). */

/** What a failed statement means to its caller. */
export type FailureKind =
  | 'unique'
  | 'foreign-key'
  | 'not-null'
  | 'check'
  | 'transient'
  | 'cancelled'
  | 'undefined-object'
  | 'unknown-outcome'
  | 'other'

const kinds: Readonly<Record<string, FailureKind>> = {
  '08007': 'unknown-outcome',
  '23505': 'unique',
  '23P01': 'unique',
  '23503': 'foreign-key',
  '23001': 'foreign-key',
  '23502': 'not-null',
  '23514': 'check',
  '40001': 'transient',
  '40003': 'unknown-outcome',
  '40P01': 'transient',
  '55P03': 'transient',
  '53100': 'transient',
  '53200': 'transient',
  '57014': 'cancelled',
  '3F000': 'undefined-object',
  '42P01': 'undefined-object',
  '42703': 'undefined-object',
  '42704': 'undefined-object',
  '42883': 'undefined-object',
}

/** With these the server ends the session. They tell it also where the severity is in another language than English. */
const sessionEnds = new Set(['25P03', '25P04', '57P01', '57P02', '57P03', '57P04', '57P05'])

/** Classes whose messages name objects. Of all others, and of what functions raise (P0), the message is replaced. */
const plainClasses = new Set(['08', '0A', '21', '23', '25', '26', '28', '3D', '3F', '40', '42', '53', '55', '57'])

const replacements: Readonly<Record<string, string>> = {
  '22001': 'a text is too long for its column',
  '22003': 'a number is out of range for its type',
  '22007': 'a date or time is malformed',
  '22008': 'a date or time is out of range',
  '22021': 'a text contains a character that the server cannot store',
  '22P02': 'a value is malformed for its type',
  '22P05': 'a text contains a character that the server cannot store',
}

/** Tells what a SQLSTATE means to the caller. */
export function kindOf(sqlState: string): FailureKind {
  return kinds[sqlState] ?? 'other'
}

/** Tells whether an error ends the session. A function may raise any SQLSTATE, which ends nothing: the severity decides.
 *  It is in the server's language (lc_messages), but ERROR, FATAL and PANIC are the same in most. */
export function endsSession(sqlState: string, severity: string | undefined): boolean {
  return severity === 'FATAL' || severity === 'PANIC' || (severity !== 'ERROR' && sessionEnds.has(sqlState))
}

/** Classes of errors about names. The name may come from a value (`$1::regclass`), folded, cut or as one of several. */
const namingClasses = new Set(['0A', '3D', '3F', '42'])

/** Of those, what the server says without a position also of the statement's own text, and never of a value: no right
 *  (to what exists), a column that is always generated, a statement that is prepared already, no constraint for ON CONFLICT,
 *  a parameter without type, no collation. */
const textStates = new Set(['42501', '428C9', '42P05', '42P10', '42P18', '42P22'])

/** What of a server's error tells where it comes from. */
export interface ErrorSource {
  readonly message: string
  /** Where in the statement, or in a text that `where` tells of. */
  readonly position?: string | undefined
  readonly where?: string | undefined
  readonly routine?: string | undefined
}

/** What the caller sent beside the statement. */
export interface Sent {
  readonly values: readonly unknown[]
  /** Whether rows were loaded, whose values are not among those. */
  readonly hasRows: boolean
}

/** Gives a server message without any value of the caller's: some classes are replaced, and so is what may name a value;
 *  in the rest a name that is a value is hidden. */
export function safeMessage(sqlState: string, error: ErrorSource, { values, hasRows }: Sent): string {
  const replacement = replacements[sqlState]
  if (replacement !== undefined) return replacement
  if (sqlState.startsWith('P0')) return raisedMessage(sqlState)
  if (!plainClasses.has(sqlState.slice(0, 2))) return `the server refused the statement (SQLSTATE ${sqlState})`
  if ((values.length > 0 || hasRows) && mayNameValue(sqlState, error, values.length > 0)) {
    return `a name that comes from a value or a function cannot be used (SQLSTATE ${sqlState})`
  }
  return values.reduce<string>((text, value) => hide(text, value), error.message)
}

/** An error of the statement's own text has a position in it. One of a text within (a value that is parsed, a function's
 *  statement, a row that is loaded) tells `where`, too. A COPY has no positions. */
function mayNameValue(sqlState: string, { position, where, routine }: ErrorSource, hasValues: boolean): boolean {
  if (!namingClasses.has(sqlState.slice(0, 2)) || textStates.has(sqlState)) return false
  // The table has changed under a prepared statement.
  if (routine === 'RevalidateCachedQuery') return false
  return where !== undefined || (hasValues && position === undefined)
}

/** What stands for a message that a function or trigger wrote. */
export function raisedMessage(sqlState: string): string {
  return `a function or trigger of the database raised an error (SQLSTATE ${sqlState})`
}

function hide(text: string, value: unknown): string {
  return typeof value === 'string' && value !== '' ? text.replaceAll(`"${value}"`, '"[hidden]"') : text
}
