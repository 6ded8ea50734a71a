import t from 'tap'
import { startStandbyPair, withClient } from '../fixtures/standby-pair.js'

t.test('startStandbyPair', async (t) => {
  for (const synchronous of [true, false]) {
    t.test(`keeps what the ${synchronous ? 'synchronous' : 'asynchronous'} standby has`, async (t) => {
      const pair = await startStandbyPair({ synchronous })
      t.teardown(() => pair.close())
      const { primary, standby } = pair
      await withClient(primary, async (client) => {
        await client.query('CREATE TABLE kept (id int)')
        await client.query('INSERT INTO kept VALUES (1)')
      })
      const write = withClient(standby, (client) => client.query('CREATE TABLE other ()'))
      await t.rejects(write, { code: '25006' }, 'a standby takes no writes')
      // In good order a primary ends when its standby has everything.
      await (synchronous ? primary.kill() : primary.stop())
      await pair.promote()
      const { rows } = await withClient(standby, (client) => client.query('SELECT id FROM kept'))
      t.strictSame(rows, [{ id: 1 }])
      await primary.start()
      const { rows: old } = await withClient(primary, (client) => client.query('SELECT id FROM kept'))
      t.strictSame(old, [{ id: 1 }], 'the old primary comes back with its data')
    })
  }
})
