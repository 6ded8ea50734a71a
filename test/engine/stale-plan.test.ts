import t from 'tap'
import { connect, type Database } from '../../src/index.js'
import { createTestDatabase } from '../fixtures/database.js'
import { readQuery, writeQuery } from '../fixtures/read-query.js'

const access = await createTestDatabase(t)
const admin = await connect({ ...access, applicationName: 'admin', pool: { min: 0, max: 1 } })
t.teardown(() => admin.close())

interface Item {
  itemId: number
  size: number
}

let made = 0
/** A table of its own, with queries on it. */
async function fresh(columns = 'item_id int PRIMARY KEY, size int NOT NULL') {
  made += 1
  const table = `item_${made}`
  await admin.query(`CREATE TABLE ${table} (${columns})`)
  await admin.query(`INSERT INTO ${table} SELECT each, each FROM generate_series(1, 100) AS each`)
  return {
    table,
    find: readQuery<Item>(`find_${table}`, `SELECT item_id, size FROM ${table} WHERE item_id = :value::int`),
    all: readQuery<Item>(`all_${table}`, `SELECT * FROM ${table} WHERE item_id = :value::int`),
    grow: writeQuery<Item>(
      `grow_${table}`,
      `UPDATE ${table} SET size = size + 1 WHERE item_id = :value::int RETURNING item_id, size`,
    ),
  }
}

async function open(): Promise<Database> {
  const db = await connect({ ...access, pool: { min: 0, max: 8 } })
  t.teardown(() => db.close())
  return db
}

t.test('a widened column reaches no caller, on no connection', async (t) => {
  const { table, find, grow } = await fresh()
  const db = await open()
  let isOver = false
  let calls = 0
  const callers = Array.from({ length: 64 }, async (_, index) => {
    while (!isOver) {
      const value = String(1 + ((index + calls) % 100))
      const query = index % 8 === 0 ? grow : find
      const [row] = await db.run(query, { value })
      if (row?.itemId !== Number(value)) throw new Error('another row')
      calls += 1
    }
  })
  const all = Promise.all(callers)
  for (const type of ['bigint', 'int', 'bigint', 'int']) {
    const before = calls
    while (calls < before + 500) await new Promise((resolve) => setTimeout(resolve, 5))
    await admin.query(`ALTER TABLE ${table} ALTER COLUMN size TYPE ${type}`)
  }
  const before = calls
  while (calls < before + 500) await new Promise((resolve) => setTimeout(resolve, 5))
  isOver = true
  await all
  t.equal(db.stats().pool.failures, 0)
  t.ok((db.stats().events['plan-repaired'] ?? 0) > 0, `${db.stats().events['plan-repaired']} repaired`)
})

t.test('a write with a stale plan is executed once', async (t) => {
  const { table, grow } = await fresh()
  const db = await open()
  t.same(await db.run(grow, { value: '1' }), [{ itemId: 1, size: 2 }])
  await admin.query(`ALTER TABLE ${table} ALTER COLUMN size TYPE bigint`)
  t.same(await db.run(grow, { value: '1' }), [{ itemId: 1, size: 3 }])
  t.equal(db.stats().events['plan-repaired'], 1)
  t.same(await db.run(grow, { value: '1' }), [{ itemId: 1, size: 4 }])
  t.equal(db.stats().events['plan-repaired'], 1)
})

t.test('a transaction with a stale plan is run again', async (t) => {
  const { table, find, grow } = await fresh()
  const db = await open()
  let runs = 0
  const work = () =>
    db.transaction(async (tx) => {
      runs += 1
      await tx.run(grow, { value: '1' })
      return tx.one(find, { value: '1' })
    })
  t.same(await work(), { itemId: 1, size: 2 })
  await admin.query(`ALTER TABLE ${table} ALTER COLUMN size TYPE bigint`)
  t.same(await work(), { itemId: 1, size: 3 })
  t.equal(runs, 3, 'once more, though both its statements were stale')
})

t.test('a stream with a stale plan is begun anew', async (t) => {
  const { table, find, grow } = await fresh()
  const db = await connect({ ...access, pool: { min: 0, max: 1, lanes: null } })
  t.teardown(() => db.close())
  const sizes = async (query: typeof find, options = {}) => {
    const found: number[] = []
    for await (const { size } of db.stream(query, { value: '1' }, options)) found.push(size)
    return found
  }
  t.same(await sizes(find), [1])
  t.same(await sizes(grow), [2])
  await admin.query(`ALTER TABLE ${table} ALTER COLUMN size TYPE bigint`)
  t.same(await sizes(find), [2])
  t.same(await sizes(grow), [3])
  t.equal(db.stats().events['plan-repaired'], 2)
  t.match(db.stats(), { pool: { failures: 0, borrowed: 0 }, queries: { [`find_${table}`]: { calls: 2, failures: 0 } } })
  await sizes(find)
  await admin.query(`ALTER TABLE ${table} ALTER COLUMN size TYPE int`)
  await t.rejects(sizes(find, { retry: false }), { name: 'QueryError', sqlState: '0A000' })
})

t.test('a column that was added to SELECT * is given, one that was dropped is an error', async (t) => {
  const { table, all } = await fresh('item_id int PRIMARY KEY, size int NOT NULL, spare text')
  const db = await open()
  t.same(await db.run(all, { value: '1' }), [{ itemId: 1, size: 1, spare: null }])
  await admin.query(`ALTER TABLE ${table} ADD COLUMN name text`)
  t.same(await db.run(all, { value: '1' }), [{ itemId: 1, size: 1, spare: null, name: null }])
  await admin.query(`ALTER TABLE ${table} DROP COLUMN spare`)
  const told = {
    name: 'QueryError',
    message: /spare was string \(text\), and is not there any more; a table has changed/,
  }
  await t.rejects(db.run(all, { value: '1' }), told)
})

t.test('a column of another TypeScript type is a clear error for every caller, again and again', async (t) => {
  const { table, find, grow } = await fresh()
  const db = await open()
  await db.run(find, { value: '1' })
  await db.run(grow, { value: '1' })
  await admin.query(`ALTER TABLE ${table} ALTER COLUMN size TYPE numeric`)
  const message = /size was number \(int4\) and is string \(numeric\) now; a table has changed/
  for (let turn = 0; turn < 3; turn += 1) {
    const calls = Array.from({ length: 40 }, () => db.run(find, { value: '1' }))
    for (const call of await Promise.allSettled(calls)) {
      t.match(call, { status: 'rejected', reason: { name: 'QueryError', message, outcome: 'not-executed' } })
    }
  }
  await t.rejects(db.run(find, { value: '0' }), { name: 'QueryError', message }, 'also where there is no row')
  await t.rejects(db.run(grow, { value: '1' }), { name: 'QueryError', message, outcome: 'executed' })
  await admin.query(`ALTER TABLE ${table} ALTER COLUMN size TYPE int`)
  t.same(await db.run(find, { value: '1' }), [{ itemId: 1, size: 3 }], 'and it works again when that was taken back')
})

t.test('statements that the session has forgotten are prepared anew', async (t) => {
  const { find } = await fresh()
  const db = await connect({ ...access, pool: { min: 0, max: 1, lanes: null } })
  t.teardown(() => db.close())
  await db.run(find, { value: '1' })
  await db.query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")
  t.same(await db.run(find, { value: '1' }), [{ itemId: 1, size: 1 }])
})

t.test('what another database gives for the same query is no change of a table', async (t) => {
  const query = readQuery<{ size: unknown }>('sizes', 'SELECT size FROM stock')
  for (const type of ['numeric', 'int', 'text']) {
    for (const preparedStatements of [true, false]) {
      const db = await connect({ ...(await createTestDatabase(t)), preparedStatements, pool: { min: 0, max: 2 } })
      t.teardown(() => db.close())
      await db.query(`CREATE TABLE stock (size ${type})`)
      await db.query('INSERT INTO stock VALUES (1)')
      t.same(await db.run(query, {}), [{ size: type === 'int' ? 1 : '1' }], type)
      await db.query("ALTER TABLE stock ALTER COLUMN size TYPE bool USING size::text = '1'")
      await t.rejects(db.run(query, {}), { name: 'QueryError', message: /and is boolean \(bool\) now/ }, 'its own is')
    }
  }
})
