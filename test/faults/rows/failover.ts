/** The primary is lost for good, and its standby takes over. */

import { setTimeout as sleep } from 'node:timers/promises'
import { startStandbyPair, withClient } from '../../fixtures/standby-pair.js'
import { runInArena } from '../arena.js'
import { CANARY_PASSWORD } from '../canary.js'
import type { Fault } from '../fault.js'

/** How far the asynchronous standby is behind. */
const LAG_MS = 50
/** Between the loss and the promotion: what notices it takes its time. */
const NOTICE_MS = 200

function failover(synchronous: boolean): Fault {
  const name = `failover to a standby, ${synchronous ? 'synchronous' : 'asynchronous'}`
  return {
    name,
    async run(context) {
      const pair = await startStandbyPair({ synchronous, password: CANARY_PASSWORD })
      const { primary, standby } = pair
      const hosts = `${primary.host}:${primary.port},${standby.host}:${standby.port}`
      const login = `${primary.user}:${encodeURIComponent(CANARY_PASSWORD)}`
      const url = `postgres://${login}@${hosts}/${primary.database}?target_session_attrs=read-write`
      const options = { name, server: primary, connect: { url }, recoveryLimitMs: 2_000, mayLose: !synchronous }
      try {
        return await runInArena(context, options, async ({ load, movedTo, recovered }) => {
          await load.reached(0.4)
          if (!synchronous) {
            // Nothing is sent to the standby any more, so that there is something to lose.
            const text = 'SELECT pid FROM pg_stat_replication'
            const { rows } = await withClient(primary, (client) => client.query(text))
            process.kill(rows[0].pid, 'SIGSTOP')
            await sleep(LAG_MS)
          }
          await primary.kill()
          await sleep(NOTICE_MS)
          // The promotion's own time is part of it.
          const success = recovered()
          await pair.promote()
          movedTo(standby)
          await success
        })
      } finally {
        await pair.close()
      }
    },
  }
}

export const failovers: readonly Fault[] = [failover(false), failover(true)]
