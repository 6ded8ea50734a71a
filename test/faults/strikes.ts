/** Faults at random. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../src/database.js'
import type { FaultProxy } from '../fixtures/fault-proxy.js'
import type { KillableServer } from '../fixtures/killable-server.js'
import { isCommit, isWrite } from '../fixtures/protocol-watch.js'
import { withClient } from '../fixtures/standby-pair.js'
import { APPLICATION } from './arena.js'

interface Stage {
  readonly server: KillableServer
  readonly proxy: FaultProxy
  readonly db: Database
}

const MEAN_PAUSE_MS = 1_500
const PAUSED_MS = 1_000
const LEAK_MS = 300
/** Callers who are stuck must not keep the other strikes from them. */
const LONGEST_LEAK_MS = 10_000

const strikes: readonly ((stage: Stage) => Promise<unknown>)[] = [
  async ({ server }) => {
    await server.kill()
    await server.start()
  },
  async ({ server }) => {
    await server.stop()
    await server.start()
  },
  (stage) => onBackends(stage, 'pg_terminate_backend(pid)'),
  (stage) => onBackends(stage, 'pg_cancel_backend(pid)'),
  async ({ proxy }) => proxy.drop('reset'),
  async ({ proxy }) => proxy.drop('end'),
  async ({ proxy }) => proxy.blackHoleWhere(() => Math.random() < 0.2),
  async ({ proxy }) => {
    proxy.pause()
    await sleep(PAUSED_MS)
    proxy.resume()
  },
  async ({ proxy }) => {
    let left = 5
    proxy.onMessage((statement) => {
      if (left === 0 || Math.random() > 0.1 || !(isWrite(statement) || isCommit(statement))) return null
      left -= 1
      return { how: 'reset', when: left % 2 === 0 ? 'before' : 'after' }
    })
  },
  async ({ server }) => {
    await withClient(server, async (client) => {
      await client.query('ALTER TABLE fault_row ADD COLUMN added int')
      await client.query('ALTER TABLE fault_row DROP COLUMN added')
    })
  },
  async ({ db }) => {
    const leak = (): Promise<void> =>
      db.transaction(async (tx) => {
        await tx.query('SELECT 1')
        await sleep(LEAK_MS)
      })
    const leaks = Promise.allSettled(Array.from({ length: 30 }, leak))
    await Promise.race([leaks, sleep(LONGEST_LEAK_MS, null, { ref: false })])
  },
]

/** Strikes again and again until a time (`performance.now()`), and leaves all in order; gives how often. */
export async function strikeAtRandom({ until, ...stage }: Stage & { readonly until: number }): Promise<number> {
  let count = 0
  while (performance.now() < until) {
    await sleep(Math.min(2 * MEAN_PAUSE_MS * Math.random(), Math.max(0, until - performance.now())))
    await strikes[Math.floor(Math.random() * strikes.length)]?.(stage)
    count += 1
  }
  stage.proxy.onMessage(null)
  return count
}

async function onBackends({ server }: Stage, call: string): Promise<void> {
  const text = `SELECT ${call} FROM pg_stat_activity WHERE application_name = $1 AND random() < 0.3`
  await withClient(server, (client) => client.query(text, [APPLICATION]))
}
