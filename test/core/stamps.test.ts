import pg from 'pg'
import t from 'tap'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { createRole } from '../fixtures/role.js'

interface Stamps {
  readonly createdBy: string
  readonly updatedBy: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

const db = await connectTestDatabase(t)
const COLUMNS = 'created_by, updated_by, created_at, updated_at'
const ann = db.as({ actorId: 'ann' })
const bob = db.as({ actorId: 'bob' })

async function stamps(executor: Pick<typeof db, 'query'>, text: string): Promise<Stamps> {
  const [row] = await executor.query<Stamps>(`${text} RETURNING ${COLUMNS}`)
  return row as Stamps
}

t.beforeEach(() => db.query('TRUNCATE registry.service CASCADE'))

t.test('core.actor', async (t) => {
  const actor = async (executor: Pick<typeof db, 'query'>) =>
    (await executor.query<{ actor: string }>('SELECT core.actor() AS actor'))[0]?.actor

  t.test('gives the actor of the executor, and else the session user', async (t) => {
    t.equal(await actor(ann), 'ann')
    t.equal(await actor(db), db.server.user)
    await db.transaction(async (tx) => {
      t.equal(await actor(tx), db.server.user)
      t.equal(await actor(tx.as({ actorId: 'ann' })), 'ann')
      t.equal(await actor(tx), db.server.user, 'the setting is empty by now')
    })
  })

  t.test('gives the session user to a plain connection, whatever its role is', async (t) => {
    const access = await createTestDatabase(t)
    const role = await createRole(t)
    const client = new pg.Client(access)
    await client.connect()
    await client.query(`SET ROLE ${role.user}`)
    await client.query('RESET ROLE')
    const { rows } = await client.query('SELECT core.actor() AS actor')
    await client.end()
    t.same(rows, [{ actor: access.user }])
  })
})

t.test('core.keep_stamps', async (t) => {
  const insert = "INSERT INTO registry.service (name) VALUES ('a')"

  t.test('stamps a new row with its actor, whatever the statement says', async (t) => {
    t.match(await stamps(ann, insert), { createdBy: 'ann', updatedBy: 'ann' })
    const written = "INSERT INTO registry.service (name, created_by, updated_by) VALUES ('b', 'eve', 'eve')"
    t.match(await stamps(bob, written), { createdBy: 'bob', updatedBy: 'bob' })
    t.match(await stamps(db, insert.replace("'a'", "'c'")), { createdBy: db.server.user })
  })

  t.test('stamps a changed row, and keeps who made it and when', async (t) => {
    const made = await stamps(ann, insert)
    const changed = await stamps(
      bob,
      "UPDATE registry.service SET version = '2', created_by = 'eve', created_at = '2000-01-01', updated_by = 'eve', updated_at = '2000-01-01'",
    )
    t.match(changed, { createdBy: 'ann', updatedBy: 'bob', createdAt: made.createdAt })
    t.ok(changed.updatedAt >= made.updatedAt)
  })

  t.test('never turns the time of the last update back', async (t) => {
    await db.query(insert)
    const times = await db.transaction(async (tx) => {
      // The transaction is older than the other's update.
      await tx.query('SELECT now()')
      const other = await stamps(db, "UPDATE registry.service SET version = '2'")
      const own = await stamps(tx, "UPDATE registry.service SET version = '3'")
      return [other.updatedAt, own.updatedAt] as const
    })
    t.ok(times[1] >= times[0])
  })

  t.test('stamps each statement of a transaction with its own actor', async (t) => {
    await db.as({ actorId: 'ann' }).transaction(async (tx) => {
      t.match(await stamps(tx, insert), { createdBy: 'ann' })
      const changed = await stamps(tx.as({ actorId: 'bob' }), "UPDATE registry.service SET version = '2'")
      t.match(changed, { createdBy: 'ann', updatedBy: 'bob' })
      t.match(await stamps(tx, "UPDATE registry.service SET version = '3'"), { updatedBy: 'ann' })
    })
  })
})

t.test('core.hold_stamps', async (t) => {
  t.test('puts back what is written by hand, and stamps nothing where only health has changed', async (t) => {
    const made = await stamps(ann, "INSERT INTO registry.service (name) VALUES ('a')")
    const reports = [
      'success_count = success_count + 1, last_seen_at = now()',
      "created_by = 'eve', updated_by = 'eve'",
      "created_at = '2000-01-01', updated_at = '2000-01-01', response_time_ms = 3",
    ]
    for (const report of reports) {
      t.same(await stamps(bob, `UPDATE registry.service SET ${report}`), made, report)
    }
  })
})
