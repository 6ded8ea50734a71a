import pc from 'picocolors'
import { resolveConfig } from '../config.js'
import { withDatabase } from './connection.js'
import type { Context } from './context.js'
import { printJson, printLine } from './output.js'

/** Least time that a statement may take. Rows that have been going to a default partition for a month are moved by one, 100,000
 *  a second, and who is stopped has to begin anew, with more rows. */
const MIN_TIMEOUT_MS = 3_600_000
const DAY_MS = 86_400_000

/** Keeps the partitions of all tables, deletes operations that are too old, and, where it is asked for, removes for good what
 *  was deleted so many days ago. Safe to repeat, also by several at once. */
export async function upkeep({ url, isJson }: Context, purgeAfterDays: number | null): Promise<void> {
  const config = resolveConfig(url === undefined ? {} : { url })
  const { operationRetentionMs: olderThanMs } = config
  const commandTimeoutMs = config.commandTimeoutMs && Math.max(config.commandTimeoutMs, MIN_TIMEOUT_MS)
  const done = await withDatabase({ url, commandTimeoutMs }, async (db) => {
    // First, as a table that cannot be kept is an error.
    const deletedOperations = olderThanMs === null ? 0 : await db.operations.deleteOld({ olderThanMs })
    const deletedBefore = purgeAfterDays === null ? null : new Date(Date.now() - purgeAfterDays * DAY_MS)
    const purgedServices = deletedBefore === null ? 0 : await db.services.purge({ deletedBefore })
    return { ...(await db.partitions.keep()), deletedOperations, purgedServices }
  })
  if (isJson) {
    printJson(done)
    return
  }
  for (const name of done.created) printLine(`${pc.green('created')}  ${name}`)
  for (const name of done.dropped) printLine(`${pc.yellow('dropped')}  ${name}`)
  for (const name of done.busyTables) printLine(`${pc.yellow('busy')}     ${name}  (left for the next time)`)
  printLine(
    `${done.movedRows} rows moved, ${done.deletedRows} rows and ${done.deletedOperations} operations deleted for their age`,
  )
  if (purgeAfterDays !== null) printLine(`${done.purgedServices} deleted services removed for good`)
}
