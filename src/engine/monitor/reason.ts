/** Why something failed, in one code. */

import { DataAccessError, QueryError } from '../../errors.js'
import type { Reason } from './event.js'

/** Causes that are followed: an error that is its own cause must not hold anybody up. */
const MAX_DEPTH = 8

/** Gives the SQLSTATE, else the code of the socket's error, else that of the ashlar error; of any other error its own code,
 *  else its name. Never a message. */
export function reasonOf(error: unknown): Reason {
  let reason: Reason | null = null
  let each = error
  for (let depth = 0; depth < MAX_DEPTH && each instanceof DataAccessError; depth += 1) {
    if (each instanceof QueryError && each.sqlState !== null) return each.sqlState
    reason = each.code
    each = each.cause
  }
  return codeOf(each) ?? reason ?? (error instanceof Error ? error.name : typeof error)
}

function codeOf(error: unknown): Reason | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
