import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'

const db = await connectTestDatabase(t, { operationRetentionMs: null })

/** Makes operations that began some days ago, the oldest first. */
async function operations(...days: number[]): Promise<void> {
  await db.query('TRUNCATE core.operation')
  for (const [index, day] of days.entries()) {
    await db.query(
      `INSERT INTO core.operation (operation_id, query, fingerprint, created_at)
       VALUES ($1, 'query', sha256(''), now() - $2 * interval '1 day')`,
      [`${index}: ${day} days`, day],
    )
  }
}

async function left(): Promise<string[]> {
  const rows = await db.query<{ id: string }>('SELECT operation_id AS id FROM core.operation ORDER BY created_at')
  return rows.map(({ id }) => id)
}

t.test('findOperation', async (t) => {
  t.test('finds an operation, and tells when it was called again', async (t) => {
    const before = new Date(Date.now() - 1_000)
    const call = () => db.query('SELECT 1 AS a', [], { operationId: 'found' })
    await call()
    const first = await db.operations.find('found')
    t.match(first, { operationId: 'found', query: 'query', createdAt: Date, replayedAt: null })
    t.ok((first?.createdAt ?? before) > before)
    await call()
    const again = await db.operations.find('found')
    t.same(again?.createdAt, first?.createdAt)
    t.ok((again?.replayedAt ?? before) > before)
  })

  t.test('gives null when there is none', async (t) => {
    t.equal(await db.operations.find('none'), null)
  })

  t.test('refuses what cannot be the id of one', async (t) => {
    for (const operationId of ['', 'a'.repeat(256), 'a\0', 5]) {
      await t.rejects(db.operations.find(operationId as string), { name: 'ValidationError' })
    }
  })
})

t.test('deleteOldOperations', async (t) => {
  t.test('deletes what is older than seven days', async (t) => {
    await operations(9, 7.01, 6.99, 0)
    t.equal(await db.operations.deleteOld(), 2)
    t.same(await left(), ['2: 6.99 days', '3: 0 days'])
  })

  t.test('deletes what is older than it is told, to the millisecond, in as many batches as it takes', async (t) => {
    await operations(5, 4, 3, 2, 1)
    t.equal(await db.operations.deleteOld({ olderThanMs: 1.5 * 86_400_000, batchSize: 2 }), 4)
    t.same(await left(), ['4: 1 days'])
    t.equal(await db.operations.deleteOld({ olderThanMs: 0 }), 1)
    t.same(await left(), [])
    t.equal(await db.operations.deleteOld({ olderThanMs: 0 }), 0)
  })

  t.test('deletes the oldest first, and no more than it may', async (t) => {
    await operations(9, 12, 11, 10)
    t.equal(await db.operations.deleteOld({ batchSize: 1, maxBatches: 3 }), 3)
    t.same(await left(), ['0: 9 days'])
  })

  t.test('leaves what a replay has locked, and does not wait for it', async (t) => {
    await operations(9, 8)
    await db.transaction(async (tx) => {
      await tx.query("UPDATE core.operation SET replayed_at = now() WHERE operation_id = '0: 9 days'")
      t.equal(await db.operations.deleteOld(), 1)
    })
    t.same(await left(), ['0: 9 days'])
  })

  t.test('is found by its index', async (t) => {
    const plan = await db.transaction(async (tx) => {
      await tx.query('SET LOCAL enable_seqscan = off')
      return tx.query(
        'EXPLAIN SELECT operation_id FROM core.operation WHERE created_at < now() - make_interval(secs => 5) ORDER BY created_at LIMIT 10',
      )
    })
    t.match(JSON.stringify(plan), /operation_created_at_idx/)
  })

  t.test('refuses what is out of its limits', async (t) => {
    for (const options of [
      { olderThanMs: -1 },
      { olderThanMs: 0.5 },
      { batchSize: 0 },
      { batchSize: 10_001 },
      { maxBatches: 0 },
      { age: 5 },
    ]) {
      await t.rejects(db.operations.deleteOld(options as never), { name: 'ValidationError' }, JSON.stringify(options))
    }
  })
})

t.test('core.operation', async (t) => {
  const insert = (id: string, hash = "sha256('')") =>
    db.query(`INSERT INTO core.operation (operation_id, query, fingerprint) VALUES ($1, 'query', ${hash})`, [id])

  t.test('takes ids of 1 to 255 characters', async (t) => {
    await insert('😀'.repeat(255))
    for (const id of ['', 'a'.repeat(256)]) {
      await t.rejects(insert(id), { name: 'CheckViolationError', constraint: 'operation_operation_id_length' })
    }
  })

  t.test('takes fingerprints of 32 bytes', async (t) => {
    await t.rejects(insert('short', "'\\x00'"), {
      name: 'CheckViolationError',
      constraint: 'operation_fingerprint_length',
    })
  })

  t.test('has each id once', async (t) => {
    await insert('once')
    await t.rejects(insert('once'), { name: 'UniqueViolationError', constraint: 'operation_pkey' })
  })
})
