/** The network is gone, and nobody was told. */

import { setTimeout as sleep } from 'node:timers/promises'
import { defaults } from '../../../src/config.js'
import { runInArena } from '../arena.js'
import { type Fault, roundsOf, spread } from '../fault.js'

const GONE_MS = 6_000
/** Silent connections are found within the time for which callers wait for one. */
const pool = { acquireTimeoutMs: defaults.pool.acquireTimeoutMs } as const
/** A client cuts before the network is back: it is silent for so long, and then gets no new connection for as long. In ms. */
const LIMITS = { watchdogMs: 1_000, connectTimeoutMs: 1_000 } as const

/** Nothing passes, on old connections and on new ones, for a while. */
export const halfOpen: Fault = {
  name: 'half-open network',
  run: (context) =>
    runInArena(context, { name: halfOpen.name, proxy: true, pool: { ...pool, ...LIMITS } }, async (arena) => {
      const { db, load, proxy, broken, recovered } = arena
      for (const part of spread(roundsOf(context, 3))) {
        await load.reached(part)
        proxy.pause()
        await sleep(GONE_MS)
        proxy.resume()
        await recovered()
      }
      if (db.stats().events['connection-silent'] === undefined) broken.push('no silent connection was cut')
    }),
}

/** All connections go silent for good, and new ones work: those who wait must be served by new ones. */
export const blackHoled: Fault = {
  name: 'all connections black-holed',
  run: (context) =>
    runInArena(
      context,
      { name: blackHoled.name, callers: 64, proxy: true, pool },
      async ({ load, proxy, recovered }) => {
        for (const part of spread(roundsOf(context, 3))) {
          await load.reached(part)
          proxy.blackHole()
          await recovered()
        }
      },
    ),
}
