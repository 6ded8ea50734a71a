/** What a caller gets when the server did its part, and a value of its answer cannot be given. */

import { QueryError } from '../errors.js'
import { DecodeError } from './codec.js'

/** Tells such an error as one of its query; gives any other as it is. `effect` tells what became of the statement. */
export function tellUnreadable(error: unknown, query: string, effect: string): unknown {
  if (!(error instanceof DecodeError || error instanceof RangeError)) return error
  const outcome = effect === '' ? 'not-executed' : 'executed'
  return new QueryError(`the result cannot be given: ${error.message}${effect}`, { query, sqlState: null, outcome })
}
