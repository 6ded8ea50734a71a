/** What the server says of the backends that connections wait for; see watchdog.test.ts for what comes of it. */

import t from 'tap'
import { resolveConfig, type ServersTarget, type ServerTarget } from '../../src/config.js'
import { type Backend, inquire } from '../../src/engine/pool/inquiry.js'
import type { PooledConnection } from '../../src/engine/pool/pooled-connection.js'
import { connect } from '../../src/index.js'
import { createTestDatabase } from '../fixtures/database.js'

const access = await createTestDatabase(t)
const { target, ...limits } = resolveConfig(access, {})
const { servers } = target as ServersTarget
const server = servers[0] as ServerTarget
const db = await connect({ ...access, pool: { min: 0, max: 2 } })
t.teardown(() => db.close())

/** Of this server, a backend that works on nothing. */
async function idleBackend(): Promise<Backend> {
  const [row] = await db.query<{ pid: number; startedAt: string; address: string }>(
    `SELECT
  pg_backend_pid() AS pid,
  extract(epoch FROM pg_postmaster_start_time())::text AS "startedAt",
  concat(inet_server_addr(), ':', inet_server_port()) AS address`,
  )
  if (row === undefined) throw new Error('no row')
  return { ...row, isOwn: true }
}

async function verdictOn(backend: Backend | null, isIntroduced = true): Promise<string | undefined> {
  const suspect = { backend, isIntroduced } as PooledConnection
  const config = { ...limits, servers, targetSessionAttrs: 'any' } as const
  return (await inquire(config, server, [suspect], () => {})).get(suspect)
}

t.test('inquire', async (t) => {
  const idle = await idleBackend()

  t.test('gives up what the server has no backend for', async (t) => {
    t.equal(await verdictOn({ ...idle, pid: 2_147_483_647 }), 'dead')
  })

  t.test('gives up a server that was restarted since, and not one that another answers for', async (t) => {
    const before = { ...idle, startedAt: '1.000000' }
    t.equal(await verdictOn(before), 'dead')
    t.equal(await verdictOn({ ...before, address: '192.0.2.1:5432' }), 'unclear')
  })

  t.test('gives up what has not even told its backend', async (t) => {
    t.equal(await verdictOn(null, false), 'dead')
  })

  t.test('says nothing of what it does not know, or what a pooler hides', async (t) => {
    t.equal(await verdictOn(null), 'unclear')
    t.equal(await verdictOn({ ...idle, isOwn: false }), 'unclear')
  })

  t.test('gives up a backend that has been idle for a while, and not one that just was', async (t) => {
    t.equal(await verdictOn(await idleBackend()), 'works')
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    t.equal(await verdictOn(idle), 'dead')
  })
})
