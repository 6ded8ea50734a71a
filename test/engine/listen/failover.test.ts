/** Listeners of a handle on a primary and its standby. */

import t from 'tap'
import { connect } from '../../../src/database.js'
import { startStandbyPair } from '../../fixtures/standby-pair.js'
import { until } from '../../fixtures/until.js'
import { heard } from './fixtures/heard.js'

// Pairs of servers take their time on a busy machine.
t.setTimeout(120_000)

t.test('a listener', async (t) => {
  const pair = await startStandbyPair({ synchronous: false })
  t.teardown(() => pair.close())
  const { primary, standby } = pair
  const { user, password, database, host } = primary

  t.test('is refused by a standby', async (t) => {
    const db = await connect({ host, port: standby.port, user, password, database, pool: { min: 0, max: 2 } })
    t.teardown(() => db.close())
    await t.rejects(db.listen('a', heard()), { name: 'QueryError', sqlState: '25006', message: /during recovery/ })
    await until(() => db.stats().pool.listening === 0)
  })

  t.test('follows the writer, also while nothing else is done and the old primary lives on', async (t) => {
    const url = `postgres://${user}:${password}@${host}:${primary.port},${host}:${standby.port}/${database}`
    const db = await connect({ url, pool: { min: 0, max: 3 } })
    t.teardown(() => db.close())
    const told = heard()
    await db.listen('a', told)
    t.equal(db.server.port, primary.port)
    await pair.promote()
    await until(() => told.gaps.length === 1)
    t.equal(db.server.port, standby.port)
    await db.notify('a', 'x')
    await until(() => told.all.length === 2)
    t.match(told.all, [{ reason: 'connection-lost' }, 'x'])
    await standby.kill()
    await until(() => (db.stats().events['listen-lost'] ?? 0) === 2)
    await standby.start()
    await until(() => told.gaps.length === 2)
    await db.notify('a', 'y')
    await until(() => told.all.at(-1) === 'y')
  })
})
