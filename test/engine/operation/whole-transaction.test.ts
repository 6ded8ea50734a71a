import t from 'tap'
import type { Executor } from '../../../src/engine/executor.js'
import { connect, type TransactionOptions } from '../../../src/index.js'
import { connectTestDatabase, createTestDatabase } from '../../fixtures/database.js'
import { startTurnCounter } from '../../fixtures/turn-counter.js'

const db = await connectTestDatabase(t)
await db.query('CREATE TABLE note (id int CONSTRAINT note_pkey PRIMARY KEY)')

let named = 0
/** Gives an id of its own. */
function newId(): string {
  named += 1
  return `operation ${named}`
}

const write = (executor: Pick<Executor, 'query'>, id: number) => executor.query('INSERT INTO note VALUES ($1)', [id])
async function ids(): Promise<number[]> {
  return (await db.query<{ id: number }>('SELECT id FROM note ORDER BY id')).map(({ id }) => id)
}

t.beforeEach(() => db.query('TRUNCATE note'))

t.test('a transaction with an operationId', async (t) => {
  t.test('is executed once, and its callback is not called again', async (t) => {
    const operationId = newId()
    let calls = 0
    const call = () =>
      db.transaction(
        async (tx) => {
          calls += 1
          await write(tx, 1)
          return {
            rows: await tx.query('SELECT id, now() AS at FROM note'),
            bytes: Buffer.from('a'),
            nothing: undefined,
          }
        },
        { operationId },
      )
    const first = await call()
    t.strictSame(await call(), first)
    t.equal(calls, 1)
    t.same(await ids(), [1])
    t.match(await db.operations.find(operationId), { query: 'transaction', replayedAt: Date })
    t.equal(db.stats().events['operation-replayed'], 1)
  })

  t.test('is kept also when it sends nothing, and gives nothing', async (t) => {
    const operationId = newId()
    let calls = 0
    const call = () =>
      db.transaction(
        async () => {
          calls += 1
        },
        { operationId },
      )
    t.equal(await call(), undefined)
    t.equal(await call(), undefined)
    t.equal(calls, 1)
  })

  t.test('is executed once for 2 and for 50 callers at a time', async (t) => {
    for (const callers of [2, 50]) {
      const operationId = newId()
      let calls = 0
      const call = () =>
        db.transaction(
          async (tx) => {
            calls += 1
            await write(tx, callers)
            return Math.random()
          },
          { operationId },
        )
      const all = await Promise.all(Array.from({ length: callers }, call))
      t.same(new Set(all).size, 1)
      t.equal(calls, 1)
    }
  })

  t.test('leaves nothing when its callback rejects, and can be made again', async (t) => {
    const operationId = newId()
    const error = new Error('mine')
    const failed = db.transaction(
      async (tx) => {
        await write(tx, 1)
        throw error
      },
      { operationId },
    )
    t.equal(await failed.catch((thrown: unknown) => thrown), error)
    t.equal(await db.operations.find(operationId), null)
    t.equal(await db.transaction(async (tx) => (await write(tx, 1)).length, { operationId }), 0)
    t.same(await ids(), [1])
  })

  t.test('leaves nothing when a statement in it has failed, whatever its callback makes of that', async (t) => {
    const operationId = newId()
    const swallowed = db.transaction(
      async (tx) => {
        await write(tx, 1)
        await write(tx, 1).catch(() => {})
        return 'done'
      },
      { operationId },
    )
    await t.rejects(swallowed, { name: 'TransactionError', cause: { name: 'UniqueViolationError' } })
    t.equal(await db.operations.find(operationId), null)
    t.same(await ids(), [])
  })

  t.test('that a statement in it has committed is not executed again', async (t) => {
    const operationId = newId()
    let calls = 0
    const call = () =>
      db.transaction(
        async (tx) => {
          calls += 1
          await write(tx, 1)
          await tx.query('COMMIT')
        },
        { operationId },
      )
    await t.rejects(call(), { name: 'TransactionError', outcome: 'executed' })
    await t.rejects(call(), { name: 'TransactionError', outcome: 'executed', message: /its result was not kept/ })
    t.equal(calls, 1)
    t.same(await ids(), [1])
  })

  t.test('leaves nothing when its result cannot be kept', async (t) => {
    for (const result of [() => 1, { a: Symbol('a') }, 'a\0', 'a'.repeat(2_000_000)]) {
      const operationId = newId()
      const call = db.transaction(
        async (tx) => {
          await write(tx, 1)
          return result
        },
        { operationId },
      )
      await t.rejects(call, { name: 'TransactionError', outcome: 'not-executed', message: /^transaction: its result / })
      t.equal(await db.operations.find(operationId), null)
    }
    t.same(await ids(), [])
  })

  t.test('leaves nothing when it is late', async (t) => {
    const operationId = newId()
    const late = db.transaction((tx) => tx.query('SELECT pg_sleep(60)'), { operationId, timeoutMs: 50 })
    await t.rejects(late, { name: 'TimeoutError' })
    t.equal(await db.operations.find(operationId), null)
  })

  t.test('may have nested ones', async (t) => {
    const operationId = newId()
    await db.transaction(
      async (tx) => {
        await tx.transaction((inner) => write(inner, 1))
        await tx.transaction((inner) => Promise.all([write(inner, 2), write(inner, 1)])).catch(() => {})
      },
      { operationId },
    )
    t.same(await ids(), [1])
    t.match(await db.operations.find(operationId), { operationId })
  })

  t.test('is one also by the options of its handle', async (t) => {
    const limited = db.with({ operationId: newId() })
    let calls = 0
    const call = () =>
      limited.transaction(async (tx) => {
        calls += 1
        await write(tx, 1)
      })
    await call()
    await call()
    t.equal(calls, 1)
  })

  t.test('is refused when the id is of another call, and its callback is not called', async (t) => {
    const operationId = newId()
    await db.query('SELECT 1', [], { operationId })
    let calls = 0
    const other = db.transaction(
      async () => {
        calls += 1
      },
      { operationId },
    )
    await t.rejects(other, {
      name: 'ValidationError',
      issues: [{ path: 'operationId', message: 'was used by another call: query' }],
    })
    t.equal(calls, 0)
  })

  t.test('is refused when it is read-only', async (t) => {
    const refused = { name: 'ValidationError', issues: [{ path: 'operationId' }] }
    await t.rejects(
      db.transaction(async () => {}, { operationId: 'a', readOnly: true }),
      refused,
    )
  })

  t.test('takes one round trip more than one without', async (t) => {
    const access = await createTestDatabase(t)
    const counter = await startTurnCounter(t, access.port)
    await using handle = await connect({
      ...access,
      port: counter.port,
      pool: { min: 0, max: 1, pingAfterIdleMs: null },
    })
    await handle.query('CREATE TABLE note (id int)')
    await counter.take()
    await handle.transaction(async (tx) => void (await write(tx, 1)), { operationId: 'a' })
    t.equal(await counter.take(), 3)
    await handle.transaction(async (tx) => void (await write(tx, 1)), { operationId: 'a' })
    t.equal(await counter.take(), 2)
    await write(handle.with({ operationId: 'b' }), 2)
    t.equal(await counter.take(), 2)
    await write(handle.with({ operationId: 'b' }), 2)
    t.equal(await counter.take(), 2)
  })
})

t.test('a transaction of any isolation', async (t) => {
  const levels: readonly TransactionOptions['isolation'][] = ['read committed', 'repeatable read', 'serializable']
  for (const isolation of levels) {
    t.test(`is executed once for 20 callers at a time when it is ${isolation}`, async (t) => {
      const operationId = newId()
      let calls = 0
      /** A conflict is the server's to tell, and the caller's to try again. */
      const call = async (): Promise<number> => {
        try {
          return await db.transaction(
            async (tx) => {
              calls += 1
              await tx.query('INSERT INTO note SELECT count(*) FROM note')
              return Math.random()
            },
            { operationId, isolation, retry: false },
          )
        } catch (error) {
          t.match(error, { name: 'TransientError', sqlState: '40001', outcome: 'not-executed' })
          return call()
        }
      }
      const all = await Promise.all(Array.from({ length: 20 }, call))
      t.equal(new Set(all).size, 1)
      t.equal(calls, 1)
      t.same(await ids(), [0])
    })
  }
})

t.test('a call in a transaction', async (t) => {
  t.test('refuses an operationId, which is of the whole transaction', async (t) => {
    const refused = {
      name: 'ValidationError',
      issues: [{ path: 'operationId', message: 'is of the whole transaction' }],
    }
    const own = { operationId: 'a' }
    await db.transaction(async (tx) => {
      await t.rejects(tx.query('SELECT 1', [], own), refused)
      await t.rejects(
        tx.transaction(async () => {}, own),
        refused,
      )
      await t.rejects(tx.copyInto('note', ['id'], [[1]], own), refused)
      t.throws(() => tx.with(own), refused)
      await write(tx, 1)
    })
    t.same(await ids(), [1])
  })
})
