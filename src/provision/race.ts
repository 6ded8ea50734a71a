import { QueryError } from '../errors.js'

/** What the server says when another session did the same at the same time: the object is there, or its catalogue row
 *  was changed by both (`tuple concurrently updated` has no SQLSTATE of its own). */
const raced = new Set(['42710', '42P04', '23505', 'XX000'])

/** How often a statement is run that others run too. */
const ATTEMPTS = 5

/** Runs a statement that another session may run too; false when the other was first, which `isThere` looks at. While
 *  it is not there, the statement is run again. */
export async function wasFirst(work: () => Promise<unknown>, isThere: () => Promise<boolean>): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof QueryError) || !raced.has(error.sqlState ?? '')) throw error
      if (await isThere()) return false
      if (attempt === ATTEMPTS) throw error
    }
  }
}

/** Runs a statement again as long as other sessions change the same. For one that may be repeated. */
export async function untilAlone(work: () => Promise<unknown>): Promise<void> {
  await wasFirst(work, async () => false)
}
