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

/** Gives a server message without any value of the caller's: some classes are replaced, and in the others a name that
 *  is a value (as in `$1::regclass`) is hidden. */
export function safeMessage(sqlState: string, message: string, values: readonly unknown[]): string {
  const replacement = replacements[sqlState]
  if (replacement !== undefined) return replacement
  if (sqlState.startsWith('P0')) return raisedMessage(sqlState)
  if (!plainClasses.has(sqlState.slice(0, 2))) return `the server refused the statement (SQLSTATE ${sqlState})`
  return values.reduce<string>((text, value) => hide(text, value), message)
}

/** What stands for a message that a function or trigger wrote. */
export function raisedMessage(sqlState: string): string {
  return `a function or trigger of the database raised an error (SQLSTATE ${sqlState})`
}

function hide(text: string, value: unknown): string {
  return typeof value === 'string' && value !== '' ? text.replaceAll(`"${value}"`, '"[hidden]"') : text
}
