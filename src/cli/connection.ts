/** How subcommands connect: few connections, and closed whatever happens. */

import { connect, type Database } from '../database.js'

/** Most connections of a command. */
const POOL_MAX = 2

/** Runs `work` with a database, and closes it whatever happens.
 *  @throws whatever `connect` and `work` throw */
export async function withDatabase<T>(
  options: { readonly url: string | undefined; readonly migrate?: boolean },
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const { url, migrate = false } = options
  const db = await connect({ ...(url === undefined ? {} : { url }), migrate, pool: { max: POOL_MAX } })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
