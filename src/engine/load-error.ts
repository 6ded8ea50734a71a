/** Errors of a load that is a part of some other call, as errors of that call. */

import { OutcomeUnknownError, QueryError } from '../errors.js'
import { ownError } from './own-error.js'

/** The row of the load that a message is about. */
const ROW = /\brows\[(\d+)\]/

/** Gives what a load, or a statement beside it, failed with as an error of the call `query`. `order` has for each row of
 *  the load its place in what that call was given: `rows[0]` becomes `[4]`. What names no query is given as it is. */
export function errorOfLoad(error: unknown, query: string, order: readonly number[]): unknown {
  if (!(error instanceof QueryError || error instanceof OutcomeUnknownError)) return error
  const placed = (text: string): string => text.replace(ROW, (_, row: string) => `[${order[Number(row)]}]`)
  const renamed = ownError(error) as QueryError | OutcomeUnknownError
  const message = placed(error.message.replace(`${error.query}: `, `${query}: `))
  Object.assign(renamed, { message, query })
  if (error instanceof QueryError && error.row !== null) Object.assign(renamed, { row: order[error.row] ?? null })
  if (error.cause instanceof Error) {
    const cause = ownError(error.cause) as Error
    cause.message = placed(cause.message)
    cause.stack = `${cause.name}: ${cause.message}`
    renamed.cause = cause
  }
  Error.captureStackTrace(renamed, errorOfLoad)
  return renamed
}
