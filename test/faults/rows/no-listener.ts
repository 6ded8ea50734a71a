/** Connections that end while nobody looks at them. */

import { runInArena } from '../arena.js'
import { type Fault, roundsOf, spread } from '../fault.js'

const TERMINATE = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1'

/** The process would end by an `error` event that has no listener; main.ts and the short form see that. */
export const noListener: Fault = {
  name: 'idle and borrowed connections terminated',
  run: (context) =>
    runInArena(context, { name: noListener.name, recoveryLimitMs: 1_000 }, async (arena) => {
      const { db, load, sql, notes, recovered } = arena
      let terminated = 0
      for (const part of spread(roundsOf(context, 20))) {
        await load.reached(part)
        // One more, that is borrowed and has nothing in flight.
        const idle = db.transaction(async (tx) => {
          await tx.query('SELECT 1')
          terminated += (await sql(`${TERMINATE} AND state LIKE 'idle%'`)).length
          await tx.query('SELECT 1')
        })
        await idle.catch(() => {})
        await recovered()
      }
      notes.push(`${terminated} connections`)
    }),
}
