import t, { type Test } from 'tap'
import { connect } from '../../src/database.js'
import type { Executor } from '../../src/engine/executor.js'
import { Query } from '../../src/engine/query.js'
import type { PoolOptions } from '../../src/index.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { startTurnCounter } from '../fixtures/turn-counter.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
await db.query('CREATE TABLE note (text text CONSTRAINT note_text_key UNIQUE)')

const write = (executor: Pick<Executor, 'query'>, text: string) =>
  executor.query('INSERT INTO note VALUES ($1)', [text])
async function notes(executor: Pick<Executor, 'query'> = db): Promise<string[]> {
  return (await executor.query<{ text: string }>('SELECT text FROM note ORDER BY text')).map(({ text }) => text)
}
/** A promise that waits until it is told. */
function gateway(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

/** Whether the test's transaction has written and waits. */
async function hasWritten(): Promise<boolean> {
  const sessions = await db.query(
    "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'INSERT INTO note%' AND state = 'idle in transaction' AND datname = current_database()",
  )
  return sessions.length > 0
}

t.beforeEach(() => db.query('TRUNCATE note'))

t.test('transaction', async (t) => {
  t.test('commits what it did, and gives what the callback gives', async (t) => {
    const result = await db.transaction(async (tx) => {
      await write(tx, 'a')
      return notes(tx)
    })
    t.same(result, ['a'])
    t.same(await notes(), ['a'])
  })

  t.test('rolls back and passes the error on when the callback rejects', async (t) => {
    const error = new Error('mine')
    const work = db.transaction(async (tx) => {
      await write(tx, 'a')
      throw error
    })
    t.equal(await work.catch((thrown: unknown) => thrown), error)
    t.same(await notes(), [])
  })

  t.test('tells that it is one, as the database tells that it is none', async (t) => {
    t.equal(db.isInTransaction, false)
    t.equal(db.with({ timeoutMs: 10_000 }).isInTransaction, false)
    await db.transaction(async (tx) => {
      t.equal(tx.isInTransaction, true)
      t.equal(tx.with({ timeoutMs: 10_000 }).isInTransaction, true)
      await tx.transaction(async (inner) => t.equal(inner.isInTransaction, true))
    })
    t.equal(db.isInTransaction, false)
  })

  t.test('has the repositories', async (t) => {
    const name = await db.transaction(async (tx) => {
      const { projectContextId } = await tx.projectContexts.create({ owner: 'ada', name: 'in a transaction' })
      t.equal(await db.projectContexts.find(projectContextId), null, 'not seen outside before the commit')
      return (await tx.projectContexts.get(projectContextId)).name
    })
    t.equal(name, 'in a transaction')
  })

  t.test('sends statements that are started together one after the other', async (t) => {
    await db.transaction((tx) => Promise.all(['a', 'b', 'c'].map((text) => write(tx, text))))
    t.same(await notes(), ['a', 'b', 'c'])
  })

  t.test('waits for statements that the callback did not wait for', async (t) => {
    await db.transaction(async (tx) => {
      void write(tx, 'a')
    })
    t.same(await notes(), ['a'])
  })

  t.test('is an error when the server answers COMMIT with ROLLBACK', async (t) => {
    const work = db.transaction(async (tx) => {
      await write(tx, 'a')
      await write(tx, 'a').catch(() => {})
    })
    await t.rejects(work, {
      name: 'TransactionError',
      code: 'ASHLAR_TRANSACTION',
      message: 'the transaction was rolled back: an earlier statement in it had failed',
      cause: { name: 'UniqueViolationError', constraint: 'note_text_key' },
    })
    t.same(await notes(), [])
  })

  t.test('refuses to be used after its end', async (t) => {
    let kept: Executor | undefined
    await db.transaction(async (tx) => {
      kept = tx as Executor
    })
    await t.rejects(write(kept as Executor, 'late'), { name: 'TransactionError', message: /has ended/ })
    await t.rejects(
      (kept as Executor).transaction(async () => {}),
      { name: 'TransactionError' },
    )
    t.same(await notes(), [])
  })

  t.test('gives its connection back in every case', async (t) => {
    await db.transaction(async (tx) => write(tx, 'a'))
    await db.transaction(async (tx) => tx.query('SELECT 1/0')).catch(() => {})
    t.equal(db.stats().pool.borrowed, 0)
  })

  t.test('tells of a connection that was lost within it, and leaves the pool healthy', async (t) => {
    const work = async (tx: Executor) => {
      await write(tx, 'a')
      await tx.query('SELECT pg_terminate_backend(pg_backend_pid())')
    }
    await t.rejects(db.transaction(work, { retry: false }), { name: 'ConnectionError' })
    t.same(await notes(), [])
  })
})

t.test('nested transaction', async (t) => {
  t.test('is kept when it resolves', async (t) => {
    await db.transaction(async (tx) => {
      await write(tx, 'outer')
      await tx.transaction((inner) => write(inner, 'inner'))
    })
    t.same(await notes(), ['inner', 'outer'])
  })

  t.test('is undone alone when it rejects', async (t) => {
    await db.transaction(async (tx) => {
      await write(tx, 'outer')
      const nested = tx.transaction(async (inner) => {
        await write(inner, 'inner')
        await write(inner, 'inner')
      })
      await t.rejects(nested, { name: 'UniqueViolationError' })
      await write(tx, 'after')
    })
    t.same(await notes(), ['after', 'outer'])
  })

  t.test('nests further', async (t) => {
    await db.transaction(async (tx) => {
      await tx.transaction(async (inner) => {
        await write(inner, 'kept')
        await inner
          .transaction(async (innermost) => {
            await write(innermost, 'undone')
            throw new Error('undo')
          })
          .catch(() => {})
      })
    })
    t.same(await notes(), ['kept'])
  })

  t.test('is an error when a statement in it failed and nobody said so', async (t) => {
    await db.transaction(async (tx) => {
      await write(tx, 'outer')
      const nested = tx.transaction(async (inner) => {
        await inner.query('SELECT 1/0').catch(() => {})
      })
      await t.rejects(nested, {
        name: 'TransactionError',
        message: 'the nested transaction was rolled back: an earlier statement in it had failed',
        cause: { sqlState: '22012' },
      })
    })
    t.same(await notes(), ['outer'])
  })

  t.test('refuses use of the outer one meanwhile', async (t) => {
    await db.transaction(async (tx) => {
      await tx.transaction(async () => {
        await t.rejects(write(tx, 'outer'), { name: 'TransactionError', message: /a nested transaction is open/ })
        await t.rejects(
          tx.transaction(async () => {}),
          { name: 'TransactionError' },
        )
      })
    })
  })

  t.test('that is still open when the outer one resolves undoes both', async (t) => {
    let nested: Promise<unknown> = Promise.resolve()
    const gate = gateway()
    const work = db.transaction(async (tx) => {
      await write(tx, 'outer')
      nested = tx.transaction(async (inner) => {
        await write(inner, 'early')
        await gate.promise
        await write(inner, 'late')
      })
      nested.catch(() => {})
      await until(hasWritten)
    })
    await t.rejects(work, {
      name: 'TransactionError',
      message: 'a nested transaction was still open; await it inside the callback',
    })
    gate.resolve()
    await t.rejects(nested, { name: 'TransactionError', message: /has ended/ })
    t.same(await notes(), [])
    t.equal(db.stats().pool.borrowed, 0)
  })

  t.test('is undone whole when it rejects while one nested in it is open', async (t) => {
    const gate = gateway()
    let innermost: Promise<unknown> = Promise.resolve()
    await db.transaction(async (tx) => {
      await write(tx, 'before')
      const nested = tx.transaction(async (inner) => {
        await write(inner, 'inner')
        innermost = inner.transaction(async (deep) => {
          await write(deep, 'deep')
          await gate.promise
          await write(deep, 'deeper')
        })
        innermost.catch(() => {})
        await until(hasWritten)
        throw new Error('branch failed')
      })
      await t.rejects(nested, { message: 'branch failed' })
      await write(tx, 'after')
      gate.resolve()
      await t.rejects(innermost, { name: 'TransactionError', message: /has ended/ })
      await write(tx, 'end')
    })
    t.same(await notes(), ['after', 'before', 'end'])
  })
})

t.test('raw SQL that ends the transaction', async (t) => {
  for (const statement of ['COMMIT', 'ROLLBACK']) {
    t.test(`${statement} is an error, and nothing more is written`, async (t) => {
      const work = db.transaction(async (tx) => {
        await write(tx, 'first')
        await tx.query(statement).catch(() => {})
        await write(tx, 'second')
      })
      const isKept = statement === 'COMMIT'
      await t.rejects(work, { name: 'TransactionError', outcome: isKept ? 'executed' : 'not-executed' })
      t.same(await notes(), isKept ? ['first'] : [])
      t.equal(db.stats().pool.borrowed, 0)
    })
  }

  t.test('is an error also where another one is begun at once', async (t) => {
    const work = db.transaction(async (tx) => {
      await write(tx, 'first')
      await tx.query('COMMIT AND CHAIN').catch(() => {})
      await write(tx, 'second').catch(() => {})
    })
    await t.rejects(work, { name: 'TransactionError', outcome: 'executed' })
    t.same(await notes(), ['first'])
  })

  t.test('is not run again when its answer is lost', async (t) => {
    await db.query(`CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(60); RETURN NULL; END $$`)
    await db.query(`CREATE CONSTRAINT TRIGGER end_session AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION end_session()`)
    let runs = 0
    const work = db.transaction(async (tx) => {
      runs += 1
      await write(tx, 'a')
      await tx.query('COMMIT')
    })
    await t.rejects(work, { name: 'OutcomeUnknownError' })
    t.equal(runs, 1)
    await db.query('DROP FUNCTION end_session CASCADE')
  })

  t.test('is told to the statement that did it', async (t) => {
    await t.rejects(
      db.transaction((tx) => tx.query('COMMIT')),
      { message: 'query: the statement ended the transaction; use none of COMMIT and ROLLBACK' },
    )
  })
})

t.test('COMMIT', async (t) => {
  t.test('whose answer is lost leaves the outcome unknown', async (t) => {
    await db.query(`CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$`)
    await db.query(`CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION slow_commit()`)
    const work = db.transaction((tx) => write(tx, 'a'))
    work.catch(() => {})
    await until(async () => {
      const ended = await db.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active' AND datname = current_database()",
      )
      return ended.length > 0
    })
    await t.rejects(work, { name: 'OutcomeUnknownError', query: 'commit' })
    await db.query('DROP TRIGGER slow_commit ON note')
    t.same(await notes(), [])
    t.equal(db.stats().pool.borrowed, 0)
  })
})

t.test('options', async (t) => {
  const modes = `SELECT
    current_setting('transaction_isolation') AS isolation,
    current_setting('transaction_read_only')::boolean AS read_only,
    current_setting('transaction_deferrable')::boolean AS deferrable`

  for (const [options, expected] of [
    [{}, { isolation: 'read committed', readOnly: false, deferrable: false }],
    [{ isolation: 'repeatable read' }, { isolation: 'repeatable read', readOnly: false, deferrable: false }],
    [
      { isolation: 'serializable', readOnly: true },
      { isolation: 'serializable', readOnly: true, deferrable: false },
    ],
    [{ readOnly: true }, { isolation: 'read committed', readOnly: true, deferrable: false }],
    [
      { isolation: 'serializable', readOnly: true, deferrable: true },
      { isolation: 'serializable', readOnly: true, deferrable: true },
    ],
  ] as const) {
    t.test(`${JSON.stringify(options)} reach the server, for this transaction only`, async (t) => {
      const db = await connectTestDatabase(t, { pool: { max: 1 } })
      t.same(await db.transaction((tx) => tx.query(modes), options), [expected])
      t.match(await db.transaction((tx) => tx.query(modes)), [{ isolation: 'read committed', readOnly: false }])
    })
  }

  t.test('read only refuses writes', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    const work = db.transaction((tx) => tx.query('CREATE TABLE note (id int)'), { readOnly: true })
    await t.rejects(work, { name: 'QueryError', sqlState: '25006' })
  })

  for (const [options, path] of [
    [{ isolation: 'snapshot' }, 'isolation'],
    [{ readOnly: 'yes' }, 'readOnly'],
    [{ deferrable: 1 }, 'deferrable'],
    [{ timeoutMs: -1 }, 'timeoutMs'],
  ] as const) {
    t.test(`refuses ${JSON.stringify(options)}, before a connection is borrowed`, async (t) => {
      const db = await connectTestDatabase(t, { pool: { max: 1 } })
      await t.rejects(
        db.transaction(async () => t.fail('was run'), options as never),
        { name: 'ValidationError', issues: [{ path }] },
      )
    })
  }
})

t.test('round trips', async (t) => {
  async function connectCounted(t: Test, pool: PoolOptions) {
    const access = await createTestDatabase(t)
    const counter = await startTurnCounter(t, access.port)
    const db = await connect({ ...access, port: counter.port, pool })
    t.teardown(() => db.close())
    // What a new connection is asked has been answered by then.
    await db.query('SELECT 1')
    return { db, counter }
  }

  t.test('BEGIN travels with the first statement: two writes take three', async (t) => {
    const { db, counter } = await connectCounted(t, { max: 1 })
    await db.query('CREATE TABLE note (id int)')
    await counter.take()
    await db.transaction(async (tx) => {
      await tx.query('INSERT INTO note VALUES (1)')
      await tx.query('INSERT INTO note VALUES (2)')
    })
    t.equal(await counter.take(), 3)
    t.same(await db.query('SELECT id FROM note'), [{ id: 1 }, { id: 2 }])
  })

  t.test('statements that are not awaited one by one take one', async (t) => {
    const { db, counter } = await connectCounted(t, { max: 1 })
    await counter.take()
    await db.transaction(async (tx) => {
      const rows = await Promise.all(Array.from({ length: 20 }, (_, a) => tx.query('SELECT $1::int AS a', [a])))
      t.same(
        rows.flat(),
        Array.from({ length: 20 }, (_, a) => ({ a })),
      )
    })
    t.equal(await counter.take(), 2, 'and one for COMMIT')
  })

  t.test('a savepoint adds only its release', async (t) => {
    const { db, counter } = await connectCounted(t, { max: 1 })
    await counter.take()
    await db.transaction((tx) => tx.transaction((inner) => inner.query('SELECT 1')))
    t.equal(await counter.take(), 3)
  })

  t.test('a transaction without a statement takes none', async (t) => {
    const { db, counter } = await connectCounted(t, { max: 1 })
    await counter.take()
    t.equal(await db.transaction(async (tx) => tx.transaction(async () => 7)), 7)
    t.equal(await counter.take(), 0)
  })

  t.test('a hundred reads at once take a few, on warm lanes', async (t) => {
    const { db, counter } = await connectCounted(t, { min: 0, max: 2, laneDepth: 128 })
    const read = new Query<void, { a: number }>('read', { statement: 'SELECT 1 AS a', params: [] }, { read: true })
    await db.run(read, undefined)
    await counter.take()
    await Promise.all(Array.from({ length: 100 }, () => db.run(read, undefined)))
    // One, but for what a busy machine cuts in pieces.
    t.ok((await counter.take()) <= 5)
  })
})

t.test('statements in flight together', async (t) => {
  t.test('fail behind the one that failed, which alone tells why', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    const work = db.transaction(async (tx) => {
      const results = await Promise.allSettled([
        tx.query('SELECT 1 AS a'),
        tx.query('SELECT 1/0'),
        tx.query('SELECT 2 AS a'),
      ])
      t.match(results, [
        { value: [{ a: 1 }] },
        { reason: { name: 'QueryError', sqlState: '22012' } },
        { reason: { name: 'QueryError', sqlState: '25P02' } },
      ])
    })
    await t.rejects(work, { name: 'TransactionError', cause: { sqlState: '22012' } })
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
  })

  t.test('are waited for when the callback throws', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    const work = db.transaction(async (tx) => {
      tx.query('INSERT INTO note SELECT 1 FROM pg_sleep(0.05)').catch(() => {})
      throw new Error('changed my mind')
    })
    await t.rejects(work, { message: 'changed my mind' })
    t.same(await db.query('SELECT * FROM note'), [])
  })

  t.test('do not run outside of a transaction that a raw COMMIT has ended', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    const work = db.transaction(async (tx) => {
      await Promise.all([
        tx.query('INSERT INTO note VALUES (1)'),
        tx.query('COMMIT'),
        tx.query('INSERT INTO note VALUES (2)'),
      ])
    })
    await t.rejects(work, { name: 'TransactionError' })
    t.same(await db.query('SELECT id FROM note'), [{ id: 1 }])
  })
})

t.test('a call that waits to be sent', async (t) => {
  t.test('stays outside of a savepoint that is opened behind it', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    await db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      const slow = tx.query('SELECT pg_sleep(0.05)')
      // One with a limit is sent with nothing in flight beside it, so it waits.
      const limited = tx.query('INSERT INTO note VALUES (1)', [], { timeoutMs: 10_000 })
      const inner = tx.transaction(async (savepoint) => {
        await savepoint.query('INSERT INTO note VALUES (2)')
        throw new Error('changed my mind')
      })
      await t.rejects(inner, { message: 'changed my mind' })
      await Promise.all([slow, limited])
    })
    t.same(await db.query('SELECT id FROM note'), [{ id: 1 }])
  })

  t.test('is sent before COMMIT, though nobody awaits it', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    let limited: Promise<unknown> | null = null
    await db.transaction(async (tx) => {
      void tx.query('SELECT pg_sleep(0.05)')
      limited = tx.query('INSERT INTO note VALUES (1)', [], { timeoutMs: 10_000 })
    })
    await limited
    t.same(await db.query('SELECT id FROM note'), [{ id: 1 }])
  })
})

t.test('a savepoint in a transaction that has failed', async (t) => {
  t.test('leaves no statement that only seems to be prepared', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 }, maxPreparedStatements: 6 })
    for (let turn = 0; turn < 3; turn += 1) {
      const work = db.transaction(async (tx) => {
        await t.rejects(tx.query('SELECT 1/0'), { name: 'QueryError', sqlState: '22012' })
        await t.rejects(
          tx.transaction((inner) => inner.projectContexts.count()),
          { name: 'QueryError', sqlState: '25P02' },
        )
      })
      await t.rejects(work, { name: 'TransactionError' })
      t.equal(await db.projectContexts.count(), 0)
      t.equal(await db.transaction((tx) => tx.transaction((inner) => inner.projectContexts.count())), 0)
    }
    t.equal(db.stats().pool.connects, 1)
  })
})

t.test('COMMIT', async (t) => {
  t.test('is not hit by the cancelling of a call that nobody awaits', async (t) => {
    const db = await connectTestDatabase(t, { pool: { max: 1 } })
    await db.query('CREATE TABLE note (id int)')
    for (let turn = 0; turn < 10; turn += 1) {
      const controller = new AbortController()
      await db
        .transaction(async (tx) => {
          await tx.query('INSERT INTO note VALUES (1)')
          tx.transaction((inner) => inner.query('SELECT pg_sleep(0.004)', [], { signal: controller.signal })).catch(
            () => {},
          )
          setTimeout(() => controller.abort(), turn / 2)
          await new Promise((resolve) => setTimeout(resolve, 5))
        })
        .catch((error: Error) => t.equal(error.name, 'TransactionError'))
    }
    t.same(await db.query('SELECT 1 AS a'), [{ a: 1 }])
  })
})
