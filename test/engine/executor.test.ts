import t from 'tap'
import { Query, type QueryIR } from '../../src/engine/query.js'
import { connectTestDatabase } from '../fixtures/database.js'

const db = await connectTestDatabase(t)

function ir(statement: string): QueryIR {
  return { statement, params: [] }
}
const numbers = (count: number) =>
  new Query<void, { theNumber: number }>('numbers', ir(`SELECT generate_series(1, ${count}) AS the_number`))

t.test('run', async (t) => {
  t.test('gives rows with camelCase properties', async (t) => {
    t.same(await db.run(numbers(2), undefined), [{ theNumber: 1 }, { theNumber: 2 }])
  })

  t.test('takes a query as plain pgtyped made it', async (t) => {
    const plain = { queryIR: ir('SELECT 1 AS the_number'), run: async () => [] }
    t.same(await db.run(plain, undefined), [{ theNumber: 1 }])
    t.same(await db.run(plain, undefined), [{ theNumber: 1 }])
  })

  t.test('refuses what is no query', async (t) => {
    await t.rejects(db.run({ run: async () => [] }, undefined), TypeError)
  })

  t.test('says what was expected, whichever call it is', async (t) => {
    const none = { run: async () => [] }
    await t.rejects(db.execute(none, undefined), { message: 'expected a query that pgtyped or ashlar generated' })
    for (const lookup of [{}, null, undefined]) {
      await t.rejects(db.lookup(lookup as never, 1), new TypeError('expected a lookup that defineLookup() made'))
    }
  })

  t.test('prepares a statement once a connection', async (t) => {
    await Promise.all([1, 2, 3, 4].map(() => db.run(numbers(3), undefined)))
    await db.transaction(async (tx) => {
      await tx.run(numbers(4), undefined)
      await tx.run(numbers(4), undefined)
      const [row] = await tx.query<{ count: number }>(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%generate\\_series(1, 4)%' AND name <> ''",
      )
      t.equal(row?.count, 1)
    })
  })
})

t.test('one', async (t) => {
  t.test('gives the row', async (t) => {
    t.same(await db.one(numbers(1), undefined), { theNumber: 1 })
  })

  for (const count of [0, 2]) {
    t.test(`refuses ${count} rows`, async (t) => {
      await t.rejects(db.one(numbers(count), undefined), {
        name: 'RowCountError',
        code: 'ASHLAR_ROW_COUNT',
        message: `numbers: expected exactly one row, got ${count}`,
        query: 'numbers',
        actual: count,
      })
    })
  }
})

t.test('maybeOne', async (t) => {
  t.test('gives the row, or null', async (t) => {
    t.same(await db.maybeOne(numbers(1), undefined), { theNumber: 1 })
    t.equal(await db.maybeOne(numbers(0), undefined), null)
  })

  t.test('refuses more', async (t) => {
    await t.rejects(db.maybeOne(numbers(2), undefined), { message: 'numbers: expected at most one row, got 2' })
  })
})

t.test('execute', async (t) => {
  t.test('gives the number of rows', async (t) => {
    t.equal(await db.execute(numbers(3), undefined), 3)
  })

  t.test('gives 0 for a statement that has no rows', async (t) => {
    t.equal(await db.execute(new Query('comment', ir("COMMENT ON SCHEMA agent IS 'x'")), undefined), 0)
  })
})

t.test('query', async (t) => {
  t.test('takes text and values', async (t) => {
    t.same(
      await db.query('SELECT $1::int + 1 AS the_sum, $2::text AS word, $3::timestamptz AS at, $4::int AS none', [
        1,
        'a',
        new Date(5),
        undefined,
      ]),
      [{ theSum: 2, word: 'a', at: new Date(5), none: null }],
    )
  })

  t.test('refuses a COPY, which would leave its connection waiting', async (t) => {
    for (const text of ['COPY t FROM STDIN', '\n-- all\n/* of\nit */ copy t TO STDOUT']) {
      await t.rejects(db.query(text), { name: 'ValidationError', message: 'query: text: must not be a COPY' })
    }
    t.same(await db.query('SELECT 1 AS copy'), [{ copy: 1 }])
  })

  t.test('refuses text and values that cannot be sent, and keeps its connection', async (t) => {
    const { connects } = db.stats().pool
    const text = 'SELECT $1::text'
    for (const [args, path] of [
      [[undefined], 'text'],
      [[123], 'text'],
      [[null], 'text'],
      [['SELECT 1 \0'], 'text'],
      [["SELECT '\ud800'"], 'text'],
      // biome-ignore lint/suspicious/noSparseArray: what is tested
      [[text, [,]], 'values'],
      [[text, new Array(3)], 'values'],
      [[text, 'x'], 'values'],
      [[text, null], 'values'],
    ] as const) {
      const query = db.query as (...args: readonly unknown[]) => Promise<unknown>
      await t.rejects(query(...args), { name: 'ValidationError', issues: [{ path }] })
      await t.rejects(
        db.transaction((tx) => (tx.query as typeof query)(...args)),
        { name: 'ValidationError', issues: [{ path }] },
      )
    }
    await db.query('SELECT 1')
    t.equal(db.stats().pool.connects, Math.max(1, connects))
  })

  t.test('refuses several statements in one text', async (t) => {
    await t.rejects(db.query('SELECT 1; SELECT 2'), { name: 'QueryError', sqlState: '42601' })
  })

  t.test('refuses a NUL character by the number of the value', async (t) => {
    await t.rejects(db.query('SELECT $1::text, $2::text', ['a', 'b\0']), {
      name: 'ValidationError',
      message: 'query: $2: must not contain a NUL character or a lone surrogate',
    })
  })
})
