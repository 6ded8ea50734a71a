import t from 'tap'
import type { Executor } from '../../src/engine/executor.js'
import { connectTestDatabase } from '../fixtures/database.js'
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
    const work = db.transaction(async (tx) => {
      await write(tx, 'a')
      await tx.query('SELECT pg_terminate_backend(pg_backend_pid())')
    })
    await t.rejects(work, { name: 'ConnectionError' })
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
      await t.rejects(work, { name: 'TransactionError' })
      t.same(await notes(), statement === 'COMMIT' ? ['first'] : [])
      t.equal(db.stats().pool.borrowed, 0)
    })
  }

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
