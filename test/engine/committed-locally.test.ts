/** A primary that waits for a standby which does not exist. */

import t from 'tap'
import { connect, type Database } from '../../src/database.js'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { until } from '../fixtures/until.js'

const { close, host, port, user, password, database } = await startEmbeddedServer({
  folder: 'temp',
  settings: { synchronous_commit: 'on' },
})
t.teardown(close)
t.setTimeout(60_000)
const access = { host, port, user, password, database }
/** Waits for no standby. */
const local = await connect({
  ...access,
  pool: { min: 0, max: 2, onConnect: (each) => each.query('SET synchronous_commit = local') },
})
t.teardown(() => local.close())
await local.query('CREATE TABLE note (text text CONSTRAINT note_pkey PRIMARY KEY)')
await local.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
await local.query('SELECT pg_reload_conf()')
await until(
  async () =>
    (await local.query<{ names: string }>("SELECT current_setting('synchronous_standby_names') AS names"))[0]?.names ===
    'nobody',
)

const db = await connect({ ...access, pool: { min: 0, max: 3, watchdogMs: 100 } })
t.teardown(() => db.close())

/** Does something to the session that waits for the standby. */
async function toWaiting(action: 'pg_cancel_backend' | 'pg_terminate_backend'): Promise<void> {
  await until(async () => {
    const rows = await local.query(`SELECT ${action}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
    return rows.length === 1
  })
}

async function failureOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return work.then(
    () => new Error('it did not fail'),
    (error) => error,
  )
}

async function isKept(text: string): Promise<boolean> {
  return (await local.query('SELECT FROM note WHERE text = $1', [text])).length === 1
}

const ways: Readonly<Record<string, (text: string) => Promise<unknown>>> = {
  'a write': (text) => db.query('INSERT INTO note VALUES ($1)', [text]),
  COMMIT: (text) => db.transaction((tx) => tx.query('INSERT INTO note VALUES ($1)', [text])),
  'a load': (text) => db.copyInto('note', ['text'], [[text]]),
}

for (const [what, write] of Object.entries(ways)) {
  t.test(`${what} that waits for a synchronous standby`, async (t) => {
    for (const action of ['pg_cancel_backend', 'pg_terminate_backend'] as const) {
      t.test(`is told to be committed locally after ${action}, and not to have succeeded or failed`, async (t) => {
        const text = `${what} ${action}`
        const failure = failureOf(write(text))
        await toWaiting(action)
        t.match(await failure, {
          name: 'OutcomeUnknownError',
          code: 'ASHLAR_OUTCOME_UNKNOWN',
          outcome: 'committed-locally',
          message: /the wait for a synchronous standby was ended; it took effect on the primary/,
        })
        t.ok(await isKept(text))
      })
    }
  })
}

t.test('a write that is aborted while it waits is told to be committed locally', async (t) => {
  const stopper = new AbortController()
  const failure = failureOf(db.with({ signal: stopper.signal }).query("INSERT INTO note VALUES ('aborted')"))
  await until(async () => (await local.query("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'")).length === 1)
  stopper.abort()
  t.match(await failure, { name: 'OutcomeUnknownError', outcome: 'committed-locally' })
  t.ok(await isKept('aborted'))
})

t.test('COMMIT is not cancelled by what stops the transaction, nor by the watchdog', async (t) => {
  const stopper = new AbortController()
  let isSettled = false
  const failure = failureOf(
    db.transaction((tx) => tx.query("INSERT INTO note VALUES ('commit')"), { signal: stopper.signal, timeoutMs: 500 }),
  ).finally(() => {
    isSettled = true
  })
  await until(async () => (await local.query("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'")).length === 1)
  stopper.abort()
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  t.notOk(isSettled)
  t.equal(db.stats().events['connection-silent'] ?? 0, 0)
  await toWaiting('pg_cancel_backend')
  t.match(await failure, { outcome: 'committed-locally' })
})

t.test('a warning that a function gives changes nothing', async (t) => {
  const text = "DO $$ BEGIN RAISE WARNING 'canceling wait for synchronous replication due to user request'; END $$"
  t.same(await (db as Database).query(text), [])
})
