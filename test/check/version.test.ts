import t from 'tap'
import { judgeVersion } from '../../src/check/version.js'

const found = { server: '', latencyMs: 1, isStandby: false }

t.test('judgeVersion', async (t) => {
  t.test('takes 15 to 18', async (t) => {
    for (const number of [150_000, 150_017, 180_004]) t.equal(judgeVersion(number, found).outcome, 'ok')
  })

  t.test('refuses what is older', async (t) => {
    t.throws(() => judgeVersion(140_019, { ...found, server: '14.19' }), {
      message: 'PostgreSQL 14.19 is too old: ashlar needs 15 to 18',
    })
  })

  t.test('warns of what is newer', async (t) => {
    const { outcome, reason } = judgeVersion(190_000, found)
    t.same([outcome, reason], ['warning', 'ashlar is not tested with PostgreSQL 19, only with 15 to 18'])
  })

  t.test('warns of a standby', async (t) => {
    const { outcome, advice } = judgeVersion(180_004, { ...found, isStandby: true })
    t.same([outcome, advice], ['warning', 'connect to the primary'])
  })
})
