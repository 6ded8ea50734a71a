/** What a program gives that wants events logged. */

/** From the least to the most urgent. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

type Write = (fields: object, message: string) => void

/** Takes what is logged: fields without any parameter value or secret, and a message that is the same each time. A logger of
 *  pino is one as it is. What it throws is a warning of the process, once. */
export interface Logger {
  readonly debug?: Write
  readonly info?: Write
  readonly warn: Write
  readonly error: Write
}
