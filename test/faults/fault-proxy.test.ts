import { Client } from 'pg'
import t from 'tap'
import { createTestDatabase, type DatabaseAccess } from '../fixtures/database.js'
import { startFaultProxy } from '../fixtures/fault-proxy.js'
import { isCommit, isWrite } from '../fixtures/protocol-watch.js'
import type { Fault } from '../fixtures/proxied-connection.js'
import { until } from '../fixtures/until.js'

async function withClient<T>(access: DatabaseAccess, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(access)
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function count(access: DatabaseAccess): Promise<number> {
  return withClient(access, async (client) => Number((await client.query('SELECT count(*) FROM cut')).rows[0].count))
}

t.test('startFaultProxy', async (t) => {
  const direct = await createTestDatabase(t, null)
  await withClient(direct, (client) => client.query('CREATE TABLE cut (id int)'))
  const proxy = await startFaultProxy({ port: direct.port, holeMs: 10 })
  t.teardown(() => proxy.close())
  const access = { ...direct, port: proxy.port }

  t.test('passes everything on', async (t) => {
    t.equal(await count(access), 0)
    await until(() => proxy.connections.size === 0)
  })

  const faults: (Fault & { readonly rows: number })[] = [
    { how: 'reset', when: 'before', rows: 0 },
    { how: 'end', when: 'before', rows: 0 },
    { how: 'reset', when: 'after', rows: 1 },
    { how: 'end', when: 'after', rows: 1 },
  ]
  for (const { rows, ...fault } of faults) {
    t.test(`breaks a connection by ${fault.how} ${fault.when} the server has seen a COMMIT`, async (t) => {
      await withClient(direct, (client) => client.query('TRUNCATE cut'))
      proxy.onMessage((statement) => (isCommit(statement) ? fault : null))
      await withClient(access, async (client) => {
        await client.query('BEGIN')
        await client.query('INSERT INTO cut VALUES ($1)', [1])
        await t.rejects(client.query('COMMIT'))
      })
      t.equal(await count(direct), rows)
      proxy.onMessage(null)
    })
  }

  for (const when of ['before', 'after'] as const) {
    t.test(`swallows everything from ${when} a prepared write on`, async (t) => {
      await withClient(direct, (client) => client.query('TRUNCATE cut'))
      const client = new Client(access)
      client.on('error', () => {})
      await client.connect()
      await client.query({ name: 'write', text: 'INSERT INTO cut VALUES ($1)', values: [1] })
      proxy.onMessage((statement) => (isWrite(statement) ? { how: 'black-hole', when } : null))
      let isSettled = false
      const settled = () => {
        isSettled = true
      }
      client.query({ name: 'write', text: 'INSERT INTO cut VALUES ($1)', values: [2] }).then(settled, settled)
      await until(() => [...proxy.connections].some((each) => each.isBroken))
      await until(async () => (await count(direct)) === (when === 'after' ? 2 : 1))
      proxy.onMessage(null)
      t.equal(await count(access), when === 'after' ? 2 : 1, 'others pass')
      t.notOk(isSettled)
      client.connection.stream.destroy()
      await until(() => proxy.connections.size === 0)
    })
  }

  t.test('holds everything back, and passes it on later', async (t) => {
    await withClient(access, async (client) => {
      proxy.pause()
      const answer = client.query('SELECT 1 AS one')
      let isSettled = false
      void answer.then(() => {
        isSettled = true
      })
      await withClient(direct, (other) => other.query('SELECT 1'))
      t.notOk(isSettled)
      proxy.resume()
      t.strictSame((await answer).rows, [{ one: 1 }])
    })
  })

  t.test('breaks the connections that are busy, and no other', async (t) => {
    const [busy, idle] = [new Client(access), new Client(access)]
    busy.on('error', () => {})
    await Promise.all([busy.connect(), idle.connect()])
    const answer = busy.query('SELECT pg_sleep(60)')
    await until(() => [...proxy.connections].some(({ isBusy }) => isBusy))
    for (const connection of proxy.connections) if (connection.isBusy) connection.break('reset')
    await t.rejects(answer)
    t.strictSame((await idle.query('SELECT 1 AS one')).rows, [{ one: 1 }])
    await idle.end()
  })
})
