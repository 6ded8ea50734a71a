import { DataAccessError } from '../../errors.js'

/** Does what ashlar must refuse, and tells how it did.
 *  @throws {Error} when it was not refused, or something else went wrong */
export async function refusal(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof DataAccessError) return `${error.name}: ${error.message}`
    throw error
  }
  throw new Error('the tour expected a refusal')
}
