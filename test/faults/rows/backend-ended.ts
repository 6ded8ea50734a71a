/** One backend ends, or its statement does, with other statements behind it. */

import { Client } from 'pg'
import { childrenOf } from '../../fixtures/killable-server.js'
import { withClient } from '../../fixtures/standby-pair.js'
import { until } from '../../fixtures/until.js'
import { APPLICATION, type Arena, runInArena } from '../arena.js'
import { type Fault, roundsOf, spread } from '../fault.js'

const WAITING = "FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'"
const VICTIMS = "FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle' ORDER BY random()"

/** A killed backend takes the whole server along: it starts again by itself. */
export const backendKilled: Fault = {
  name: 'backend killed',
  run: (context) =>
    runInArena(context, { name: backendKilled.name, recoveryLimitMs: 1_000 }, async (arena) => {
      for (const part of spread(roundsOf(context, 6))) {
        await arena.load.reached(part)
        const [victim] = await arena.sql(`SELECT pid ${VICTIMS} LIMIT 1`)
        if (victim === undefined) continue
        const before = childrenOf(arena.server.pid ?? 0)
        process.kill(Number(victim.pid), 'SIGKILL')
        // Of the processes before, none survives; then it takes connections again.
        await until(() => !childrenOf(arena.server.pid ?? 0).some((pid) => before.includes(pid)))
        await until(() => takesConnections(arena))
        await arena.recovered()
      }
    }),
}

async function takesConnections({ server }: Arena): Promise<boolean> {
  const { host, port, user, password, database } = server
  const client = new Client({ host, port, user, password, database })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** Makes the fault of a function that an administrator calls on busy backends: a lock keeps them busy until then. */
function ended(name: string, call: string): Fault {
  return {
    name,
    run: (context) =>
      runInArena(context, { name, recoveryLimitMs: 1_000 }, async ({ load, server, notes, recovered }) => {
        let victims = 0
        await withClient(server, async (admin) => {
          for (const part of spread(roundsOf(context, 100))) {
            await load.reached(part)
            // Now and then one that keeps reads waiting too.
            const mode = victims % 5 === 0 ? 'ACCESS EXCLUSIVE' : 'EXCLUSIVE'
            await admin.query('BEGIN')
            await admin.query(`LOCK TABLE fault_row IN ${mode} MODE`)
            await until(async () => (await admin.query(`SELECT ${WAITING}`, [APPLICATION])).rowCount !== 0)
            const text = `SELECT ${call} FROM (SELECT pid ${WAITING} ORDER BY random() LIMIT 2) AS victim`
            victims += (await admin.query(text, [APPLICATION])).rowCount ?? 0
            await admin.query('COMMIT')
            await recovered()
          }
        })
        notes.push(`${victims} backends`)
      }),
  }
}

export const backendTerminated = ended('backend terminated', 'pg_terminate_backend(pid)')
export const backendCancelled = ended('backend cancelled', 'pg_cancel_backend(pid)')
