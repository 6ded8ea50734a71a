/** The whole server is gone, and comes back. */

import { setTimeout as sleep } from 'node:timers/promises'
import { runInArena } from '../arena.js'
import { type Fault, roundsOf, spread } from '../fault.js'

/** Time that the server is down, beside its recovery. */
const DOWN_MS = 100

function down(name: string, end: 'kill' | 'stop'): Fault {
  return {
    name,
    run: (context) =>
      runInArena(context, { name, recoveryLimitMs: 1_000 }, async ({ server, load, recovered }) => {
        for (const part of spread(roundsOf(context, 8))) {
          await load.reached(part)
          await server[end]()
          await sleep(DOWN_MS)
          await server.start()
          await recovered()
        }
      }),
  }
}

export const serverKilled = down('server killed and restarted', 'kill')
/** In good order: each session is told. */
export const serverRestarted = down('server shut down and restarted', 'stop')
