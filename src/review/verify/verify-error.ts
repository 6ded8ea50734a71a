import { DataAccessError } from '../../errors.js'

/** Nothing could be verified: the release cannot be read. */
export class VerifyError extends DataAccessError {
  override readonly code = 'ASHLAR_VERIFY'
}
