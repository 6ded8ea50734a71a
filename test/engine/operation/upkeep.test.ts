import { setTimeout as pass } from 'node:timers/promises'
import t from 'tap'
import { connect, type Database } from '../../../src/database.js'
import { OperationUpkeep } from '../../../src/engine/operation/upkeep.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { until } from '../../fixtures/until.js'

t.test('OperationUpkeep', async (t) => {
  t.test('cleans once for many uses, and survives a failure', async (t) => {
    let cleaned = 0
    const upkeep = new OperationUpkeep(async () => {
      cleaned += 1
      throw new Error('no connection')
    }, 1)
    for (let use = 0; use < 100; use += 1) upkeep.noteUse()
    t.equal(cleaned, 0, 'not in the way of a call')
    await until(() => cleaned === 1)
    upkeep.noteUse()
    await pass(20)
    t.equal(cleaned, 1)
  })

  t.test('does not clean after it was stopped', async (t) => {
    let cleaned = 0
    const upkeep = new OperationUpkeep(async () => {
      cleaned += 1
    }, 1)
    upkeep.noteUse()
    upkeep.stop()
    upkeep.noteUse()
    await pass(20)
    t.equal(cleaned, 0)
  })
})

t.test('a handle that uses operations', async (t) => {
  const access = await createTestDatabase(t)

  /** Makes one that is two days old. */
  async function makeOld(id: string): Promise<void> {
    await using db = await connect({ ...access, pool: { min: 0, max: 1 } })
    await db.query(
      `INSERT INTO core.operation (operation_id, query, fingerprint, created_at)
       VALUES ($1, 'query', sha256(''), now() - interval '2 days')`,
      [id],
    )
  }

  t.test('deletes in the background those that it need not keep', async (t) => {
    await makeOld('old')
    await using db = await connect({ ...access, pool: { min: 0, max: 2 }, operationRetentionMs: 86_400_000 })
    await db.query('SELECT 1', [], { operationId: 'new' })
    t.not(await db.operations.find('old'), null, 'not yet')
    await until(async () => (await db.operations.find('old')) === null)
    t.not(await db.operations.find('new'), null)
  })

  t.test('deletes none where they are kept for longer, or for ever, or it has no pool', async (t) => {
    await makeOld('kept')
    const pool = { min: 0, max: 2 }
    await using forEver = await connect({ ...access, pool, operationRetentionMs: null })
    await using unpooled = await connect({ ...access, pool: 'none', operationRetentionMs: 86_400_000 })
    await using longer = await connect({ ...access, pool })
    for (const [index, db] of [forEver, unpooled, longer].entries()) {
      await db.query('SELECT 1', [], { operationId: `of handle ${index}` })
    }
    const hasCleaned = (db: Database): boolean => db.stats().pool.statements > 1
    // It was planned last.
    await until(() => hasCleaned(longer))
    t.notOk(hasCleaned(forEver))
    t.notOk(hasCleaned(unpooled))
    t.not(await longer.operations.find('kept'), null)
  })
})
