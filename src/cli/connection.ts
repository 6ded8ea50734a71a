/** How subcommands connect: few connections, and closed whatever happens. */

import { connect, type Database } from '../database.js'

/** None is opened ahead: a command needs one, rarely a second. */
const pool = { min: 0, max: 2 } as const

/** Runs `work` with a database, and closes it whatever happens.
 *  @throws whatever `connect` and `work` throw */
export async function withDatabase<T>(
  options: {
    readonly url: string | undefined
    readonly migrate?: boolean
    /** The folder of an application, whose migrations count too. Default: null, ashlar's alone. */
    readonly project?: string | null
    /** Default: that of any connection. */
    readonly connectTimeoutMs?: number
    /** Default: that of the environment. */
    readonly commandTimeoutMs?: number | null
  },
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const { url, migrate = false, project = null, connectTimeoutMs, commandTimeoutMs } = options
  const limits = connectTimeoutMs === undefined ? pool : { ...pool, connectTimeoutMs }
  const db = await connect({
    ...(url === undefined ? {} : { url }),
    ...(commandTimeoutMs === undefined ? {} : { commandTimeoutMs }),
    ...(project === null ? {} : { project }),
    migrate,
    pool: limits,
  })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
