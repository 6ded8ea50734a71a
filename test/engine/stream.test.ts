import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { Executor } from '../../src/engine/executor.js'
import { Query } from '../../src/engine/query.js'
import type { StreamOptions } from '../../src/engine/stream-options.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
await db.query(
  'CREATE TABLE note (number int, CONSTRAINT note_number_key UNIQUE (number) DEFERRABLE INITIALLY DEFERRED)',
)

interface Row {
  readonly number: number
}
type Params = Readonly<Record<string, unknown>>
type Streams = Pick<Executor, 'stream'>

function read(statement: string, name = 'numbers'): Query<Params, Row> {
  return new Query(name, { statement, params: [] }, { read: true })
}
function write(statement: string): Query<Params, Row> {
  return new Query('addNotes', { statement, params: [] })
}
const numbers = (count: number) => read(`SELECT generate_series(1, ${count}) AS number`)
/** Of 10 rows; the eighth cannot be made. */
const failing = read('SELECT 1 / (8 - number) AS number FROM generate_series(1, 10) number')
/** Each row takes 50 ms. */
const slow = read(
  'SELECT number FROM generate_series(1, 1000) number WHERE pg_sleep(0.05 + 0 * number) IS NOT NULL',
  'slow',
)
const added = write('INSERT INTO note SELECT generate_series(1, 10) RETURNING number')

/** Reads to the end; gives what came, and what it failed with. */
async function readAll(rows: AsyncIterable<Row>): Promise<{ readonly got: number[]; readonly error: unknown }> {
  const got: number[] = []
  try {
    for await (const { number } of rows) got.push(number)
  } catch (error) {
    return { got, error }
  }
  return { got, error: null }
}

/** Reads the first so many rows, then breaks out. */
async function readFirst(rows: AsyncIterable<Row>, count: number): Promise<number[]> {
  const got: number[] = []
  for await (const { number } of rows) {
    got.push(number)
    if (got.length === count) break
  }
  return got
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

async function notes(): Promise<number> {
  const rows = await db.query<{ count: number }>('SELECT count(*) FROM note')
  return rows[0]?.count ?? -1
}

async function portals(executor: Pick<Executor, 'query'>): Promise<number> {
  return (await executor.query("SELECT 1 FROM pg_cursors WHERE name LIKE 'ashlar%'")).length
}

/** Whether a statement of this name runs on the server now. */
async function isRunning(name: string): Promise<boolean> {
  const sessions = await db.query(
    "SELECT 1 FROM pg_stat_activity WHERE query LIKE $1 AND state = 'active' AND datname = current_database()",
    [`/* ${name} */%`],
  )
  return sessions.length > 0
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Bytes that are in use, and not only not collected yet. */
function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const borrowed = () => db.stats().pool.borrowed

t.beforeEach(() => db.query('TRUNCATE note'))
t.afterEach(() => until(() => borrowed() === 0))

t.test('stream', async (t) => {
  for (const [count, batchSize] of [
    [0, 10],
    [1, 10],
    [9, 10],
    [10, 10],
    [25, 10],
    [30, 10],
    [3, 1],
    [5_000, undefined],
  ] as const) {
    t.test(`gives ${count} rows in batches of ${batchSize ?? 'the default size'}`, async (t) => {
      t.same(await readAll(db.stream(numbers(count), {}, { batchSize })), { got: upTo(count), error: null })
      t.equal(borrowed(), 0)
    })
  }

  t.test('decodes rows as `run` does, prepared before or not', async (t) => {
    const query = new Query<Params, Record<string, unknown>>('types', {
      statement: `SELECT
        number, 'name ' || number AS the_name, 9007199254740991 AS big, '{1,2}'::int8[] AS list,
        now() AS made_at, '{"a":[1]}'::jsonb AS data, NULL::text AS nothing, '\\x0102'::bytea AS bytes
      FROM generate_series(1, 3) number`,
      params: [],
    })
    for (let times = 0; times < 2; times += 1) {
      await db.transaction(async (tx) => {
        const rows: unknown[] = []
        for await (const row of tx.stream(query, {}, { batchSize: 2 })) rows.push(row)
        t.same(rows, await tx.run(query, {}))
      })
    }
  })

  t.test('takes its parameters when it is made', async (t) => {
    const query = new Query<{ last: number }, Row>(
      'upTo',
      {
        statement: 'SELECT generate_series(1, :last!) AS number',
        params: [{ name: 'last', required: true, transform: { type: 'scalar' }, locs: [{ a: 26, b: 31 }] }],
      },
      { read: true, parameterTypes: { last: 'int4' } },
    )
    const params = { last: 3 }
    const rows = db.stream(query, params)
    params.last = 5
    t.same(await readFirst(rows, 9), [1, 2, 3])
    t.throws(() => db.stream(query, {} as { last: number }), {
      name: 'ValidationError',
      message: 'upTo: last: is missing',
    })
  })

  t.test('copies the bytes among its parameters', async (t) => {
    const query = new Query<{ bytes: Buffer }, { bytes: Buffer }>(
      'bytes',
      {
        statement: 'SELECT :bytes!::bytea AS bytes',
        params: [{ name: 'bytes', required: true, transform: { type: 'scalar' }, locs: [{ a: 7, b: 13 }] }],
      },
      { read: true, parameterTypes: { bytes: 'bytea' } },
    )
    const bytes = Buffer.from('before')
    const rows = db.stream(query, { bytes })
    bytes.fill(0)
    for await (const row of rows) t.same(row.bytes, Buffer.from('before'))
  })

  t.test(
    'borrows its connection when the first row is asked for, and gives it back behind the last batch',
    async (t) => {
      const rows = db.stream(numbers(25), {}, { batchSize: 10 })
      const iterator = rows[Symbol.asyncIterator]()
      t.equal(borrowed(), 0)
      await iterator.next()
      t.equal(borrowed(), 1)
      for (let times = 0; times < 20; times += 1) await iterator.next()
      await until(() => borrowed() === 0)
      t.same((await iterator.next()).value, { number: 22 })
      await iterator.return?.()
    },
  )

  t.test('runs the query anew for each loop', async (t) => {
    const rows = db.stream(numbers(3), {})
    t.same((await readAll(rows)).got, [1, 2, 3])
    t.same((await readAll(rows)).got, [1, 2, 3])
  })

  t.test('gives rows in their order to calls that do not wait for each other', async (t) => {
    const iterator = db.stream(numbers(5), {}, { batchSize: 2 })[Symbol.asyncIterator]()
    const results = await Promise.all(upTo(7).map(() => iterator.next()))
    t.same(
      results.map(({ value }) => value?.number),
      [1, 2, 3, 4, 5, undefined, undefined],
    )
    t.same(await iterator.next(), { done: true, value: undefined })
  })

  t.test('asks for the next batch while the consumer works on this one, and for no more', async (t) => {
    await db.query('CREATE SEQUENCE made')
    const query = read("SELECT nextval('made') AS number FROM generate_series(1, 100)")
    const made = async () => (await db.query<{ lastValue: number }>('SELECT last_value FROM made'))[0]?.lastValue
    const rows = db.stream(new Query<Params, Row>('made', query.ir), {}, { batchSize: 10 })
    for await (const { number } of rows) {
      if (number === 1) await until(async () => (await made()) === 20)
      if (number === 10) t.equal(await made(), 20)
      if (number === 11) await until(async () => (await made()) === 30)
      if (number === 12) break
    }
  })

  t.test('keeps memory flat, however slow its consumer is', async (t) => {
    const wide = read("SELECT number, repeat('x', 200) || number AS text FROM generate_series(1, 300000) number")
    let count = 0
    let highest = 0
    const before = heapUsed()
    for await (const _ of db.stream(wide, {})) {
      count += 1
      if (count % 20_000 !== 0) continue
      await new Promise((resolve) => setTimeout(resolve, 5))
      highest = Math.max(highest, heapUsed() - before)
    }
    t.equal(count, 300_000)
    // A batch takes about 0.3 MB, all rows 100.
    t.ok(highest < 10_000_000, `${highest} bytes`)
  })

  t.test('refuses options that are not what they must be, at once', async (t) => {
    for (const batchSize of [0, 1.5, 100_001, Number.NaN, '10' as unknown as number]) {
      t.throws(() => db.stream(numbers(1), {}, { batchSize }), {
        name: 'ValidationError',
        message: 'numbers: batchSize: must be an integer from 1 to 100000',
      })
    }
    t.throws(() => db.stream(numbers(1), {}, { timeoutMs: 0 }), { name: 'ValidationError', message: /timeoutMs/ })
    t.throws(() => db.stream({ run: async () => [] }, {}), TypeError)
  })

  for (const options of [{ preparedStatements: false }, { maxPreparedStatements: 1 }, { pool: 'none' }] as const) {
    t.test(`works with ${JSON.stringify(options)}`, async (t) => {
      const other = await connectTestDatabase(t, options)
      t.same((await readAll(other.stream(numbers(25), {}, { batchSize: 10 }))).got, upTo(25))
      t.same(await readFirst(other.stream(numbers(25), {}, { batchSize: 10 }), 12), upTo(12))
      await other.transaction(async (tx) => {
        const got: number[] = []
        // Others take the place of the stream's prepared statement meanwhile.
        for await (const { number } of tx.stream(numbers(25), {}, { batchSize: 10 })) {
          got.push(number)
          await tx.run(read(`SELECT ${number} AS number`), {})
        }
        t.same(got, upTo(25))
      })
      t.equal(other.stats().pool.borrowed, 0)
    })
  }
})

t.test('a stream of a read', async (t) => {
  t.test('is in a read-only transaction', async (t) => {
    const { error } = await readAll(db.stream(new Query('addNotes', added.ir, { read: true }), {}))
    t.match(error, { name: 'QueryError', sqlState: '25006', query: 'addNotes' })
  })
})

t.test('a stream of a write', async (t) => {
  t.test('is committed when all rows were read', async (t) => {
    t.same((await readAll(db.stream(added, {}, { batchSize: 3 }))).got, upTo(10))
    t.equal(await notes(), 10)
  })

  t.test('is rolled back when the loop ends early, also at the last row', async (t) => {
    for (const count of [1, 3, 5, 10]) {
      t.same(await readFirst(db.stream(added, {}, { batchSize: 3 }), count), upTo(count))
      t.equal(borrowed(), 0)
      t.equal(await notes(), 0)
    }
  })

  t.test('runs a statement that gives no rows', async (t) => {
    t.same(await readAll(db.stream(write('INSERT INTO note VALUES (1)'), {})), { got: [], error: null })
    t.equal(await notes(), 1)
  })

  t.test('tells what COMMIT fails with', async (t) => {
    const twice = write('INSERT INTO note SELECT 1 FROM generate_series(1, 2) RETURNING number')
    const { got, error } = await readAll(db.stream(twice, {}))
    t.same(got, [1, 1])
    t.match(error, { name: 'UniqueViolationError', constraint: 'note_number_key', query: 'addNotes' })
    t.equal(borrowed(), 0)
  })

  t.test('has an unknown outcome when the connection is lost at COMMIT', async (t) => {
    await db.query(`CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'`)
    await db.query(`CREATE CONSTRAINT TRIGGER hang_up AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION hang_up()`)
    const { got, error } = await readAll(db.stream(added, {}, { batchSize: 3 }))
    await db.query('DROP FUNCTION hang_up CASCADE')
    t.same(got, upTo(10))
    t.match(error, { name: 'OutcomeUnknownError', query: 'addNotes' })
    t.equal(await notes(), 0)
  })
})

t.test('a loop that ends early', async (t) => {
  for (const count of [1, 10, 15]) {
    t.test(`gives the connection back clean behind row ${count}`, async (t) => {
      const { connects } = db.stats().pool
      t.same(await readFirst(db.stream(numbers(1_000), {}, { batchSize: 10 }), count), upTo(count))
      t.equal(borrowed(), 0)
      t.equal(await portals(db), 0)
      t.equal(db.stats().pool.connects, connects)
    })
  }

  t.test('gives the connection back when its body throws', async (t) => {
    const error = new Error('mine')
    const work = async () => {
      for await (const _ of db.stream(numbers(1_000), {}, { batchSize: 10 })) throw error
    }
    t.equal(await work().catch((thrown: unknown) => thrown), error)
    t.equal(borrowed(), 0)
  })

  t.test('does not wait for a batch that takes long', async (t) => {
    const stuck = read(
      'SELECT number FROM generate_series(1, 20) number WHERE number <= 10 OR pg_sleep(60 + 0 * number) IS NOT NULL',
      'slow',
    )
    const startedAt = performance.now()
    // Its second batch is under way by then.
    t.same(await readFirst(db.stream(stuck, {}, { batchSize: 10 }), 1), [1])
    t.ok(performance.now() - startedAt < 10_000)
    t.equal(borrowed(), 0)
    t.notOk(await isRunning('slow'))
  })

  t.test('ends calls of `next` that wait, and is no error before the first or behind the last', async (t) => {
    const end = { done: true, value: undefined }
    const iterator = db.stream(slow, {})[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await until(() => isRunning('slow'))
    t.same(await iterator.return?.(), end)
    t.same(await waiting, end)
    t.same(await iterator.next(), end)
    t.same(await iterator.return?.(), end)
    t.equal(borrowed(), 0)
    const unused = db.stream(slow, {})[Symbol.asyncIterator]()
    t.same(await unused.return?.(), end)
    t.same(await unused.next(), end)
    t.equal(borrowed(), 0)
  })

  t.test('leaves the queue for a connection', async (t) => {
    const other = await connectTestDatabase(t, { pool: { min: 0, max: 1 } })
    await other.transaction(async () => {
      const iterator = other.stream(numbers(1), {})[Symbol.asyncIterator]()
      const waiting = iterator.next()
      t.equal(other.stats().pool.waiting, 1)
      await iterator.return?.()
      t.equal(other.stats().pool.waiting, 0)
      t.ok((await waiting).done)
    })
  })
})

t.test('a failure', async (t) => {
  t.test('in a later row is told behind the batches before it', async (t) => {
    const { got, error } = await readAll(db.stream(failing, {}, { batchSize: 3 }))
    t.equal(got.length, 6)
    t.match(error, { name: 'QueryError', sqlState: '22012', query: 'numbers' })
    t.equal(borrowed(), 0)
  })

  t.test('is thrown once, then the stream is at its end', async (t) => {
    const iterator = db.stream(failing, {})[Symbol.asyncIterator]()
    await t.rejects(iterator.next(), { name: 'QueryError', sqlState: '22012' })
    t.ok((await iterator.next()).done)
  })

  t.test('of the statement itself is told as elsewhere', async (t) => {
    const { error } = await readAll(db.stream(read('SELECT number FROM nowhere'), {}))
    t.match(error, { name: 'UndefinedObjectError', query: 'numbers' })
  })

  t.test('to hold a value is an error of the query', async (t) => {
    const query = read('SELECT 9007199254740990 + number AS number FROM generate_series(1, 10) number')
    const { got, error } = await readAll(db.stream(query, {}, { batchSize: 1 }))
    t.same(got, [9007199254740991])
    t.match(error, { name: 'QueryError', message: /^numbers: the result cannot be given: / })
    t.equal(borrowed(), 0)
  })

  t.test('to connect is told by the first row', async (t) => {
    const other = await connectTestDatabase(t)
    await other.close()
    t.match((await readAll(other.stream(numbers(1), {}))).error, { name: 'PoolClosedError' })
  })

  for (const batchSize of [10, 100]) {
    t.test(`of the server in mid-stream is a lost connection, with batches of ${batchSize}`, async (t) => {
      let count = 0
      const work = async () => {
        for await (const _ of db.stream(
          read('SELECT number FROM generate_series(1, 300) number', 'killed'),
          {},
          { batchSize },
        )) {
          count += 1
          if (count !== 5) continue
          await db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '/* killed */%'")
          await until(async () => {
            const left = await db.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '/* killed */%'")
            return left.length === 0
          })
        }
      }
      await t.rejects(work(), { name: 'ConnectionError', message: /^killed: / })
      t.ok(count === batchSize || count === 2 * batchSize, 'gives the batches that have arrived')
      t.equal(borrowed(), 0)
      t.same(await db.run(numbers(1), {}), [{ number: 1 }])
    })
  }
})

t.test('limits', async (t) => {
  t.test('abort a row that is waited for, and the statement on the server', async (t) => {
    const controller = new AbortController()
    const work = readAll(db.stream(slow, {}, { signal: controller.signal }))
    await until(() => isRunning('slow'))
    const abortedAt = performance.now()
    controller.abort()
    t.match((await work).error, { name: 'CancelledError', code: 'ASHLAR_CANCELLED', query: 'slow' })
    t.ok(performance.now() - abortedAt < 2_000)
    t.equal(borrowed(), 0)
    t.notOk(await isRunning('slow'))
  })

  t.test('abort while the consumer is at work: the connection is given back at once', async (t) => {
    const controller = new AbortController()
    let count = 0
    const work = async () => {
      for await (const _ of db.stream(numbers(1_000), {}, { signal: controller.signal, batchSize: 10 })) {
        count += 1
        controller.abort()
        await until(() => borrowed() === 0)
      }
    }
    await t.rejects(work(), { name: 'CancelledError', query: 'numbers' })
    t.equal(count, 1)
  })

  t.test('refuse a signal that was aborted before', async (t) => {
    const { error } = await readAll(db.stream(numbers(1), {}, { signal: AbortSignal.abort() }))
    t.match(error, { name: 'CancelledError' })
  })

  t.test('leave a stream alone that has ended', async (t) => {
    const controller = new AbortController()
    const { signal } = controller
    t.same(await readAll(db.stream(numbers(3), {}, { signal, timeoutMs: 10_000 })), { got: [1, 2, 3], error: null })
    controller.abort()
    t.same(await db.run(numbers(1), {}), [{ number: 1 }])
  })

  t.test('end a stream that is late, whether it waits or its consumer works', async (t) => {
    const late = { name: 'TimeoutError', query: 'slow', message: /100 ms/ }
    t.match((await readAll(db.stream(slow, {}, { timeoutMs: 100 }))).error, late)
    t.equal(borrowed(), 0)
    const work = async () => {
      for await (const _ of db.stream(numbers(1_000), {}, { timeoutMs: 100, batchSize: 10 })) {
        await until(() => borrowed() === 0)
      }
    }
    await t.rejects(work(), { name: 'TimeoutError', query: 'numbers' })
  })

  t.test('come from `with` too', async (t) => {
    t.match((await readAll(db.with({ timeoutMs: 100 }).stream(slow, {}))).error, { name: 'TimeoutError' })
  })

  t.test('of the wait for a connection count', async (t) => {
    const other = await connectTestDatabase(t, { pool: { min: 0, max: 1 } })
    await other.transaction(async () => {
      t.match((await readAll(other.stream(numbers(1), {}, { timeoutMs: 50 }))).error, { name: 'TimeoutError' })
      t.equal(other.stats().pool.waiting, 0)
    })
  })
})

t.test('a stream in a transaction', async (t) => {
  /** Works on each of 25 numbers. */
  async function each(tx: Streams, work: (number: number) => Promise<unknown>, options: StreamOptions = {}) {
    const got: number[] = []
    for await (const { number } of tx.stream(numbers(25), {}, { batchSize: 10, ...options })) {
      got.push(number)
      await work(number)
    }
    return got
  }
  const add = (tx: Pick<Executor, 'query'>, number: number) => tx.query('INSERT INTO note VALUES ($1)', [number])

  for (const options of [{}, { timeoutMs: 60_000 }]) {
    t.test(`lets other statements run between its rows ${JSON.stringify(options)}`, async (t) => {
      await db.transaction(async (tx) => {
        t.same(await each(tx, (number) => add(tx, number), options), upTo(25))
        t.equal(borrowed(), 1)
        t.equal(await portals(tx), 0)
      })
      t.equal(await notes(), 25)
    })

    t.test(`lets savepoints be opened and rolled back between its rows ${JSON.stringify(options)}`, async (t) => {
      await db.transaction(async (tx) => {
        const got = await each(
          tx,
          (number) =>
            tx
              .transaction(async (inner) => {
                await add(inner, number)
                if (number % 2 === 0) await inner.query('SELECT 1/0')
              })
              .catch(() => {}),
          options,
        )
        t.same(got, upTo(25))
      })
      t.equal(await notes(), 13)
    })

    t.test(`goes on when its loop ends early ${JSON.stringify(options)}`, async (t) => {
      await db.transaction(async (tx) => {
        for (const count of [1, 10, 12]) {
          t.same(await readFirst(tx.stream(numbers(1_000), {}, { batchSize: 10, ...options }), count), upTo(count))
          t.equal(await portals(tx), 0)
        }
        await add(tx, 1)
      })
      t.equal(await notes(), 1)
    })
  }

  t.test('may be the first statement, also of a savepoint', async (t) => {
    await db.transaction(async (tx) => {
      await tx.transaction(async (inner) => t.same(await each(inner, (number) => add(inner, number)), upTo(25)))
      await t.rejects(
        tx.transaction(async (inner) => {
          await readAll(inner.stream(write('INSERT INTO note VALUES (100) RETURNING number'), {}))
          throw new Error('mine')
        }),
        { message: 'mine' },
      )
    })
    t.equal(await notes(), 25)
  })

  t.test('runs beside another one', async (t) => {
    await db.transaction(async (tx) => {
      const got = await Promise.all([each(tx, async () => {}), each(tx, (number) => add(tx, number))])
      t.same(got, [upTo(25), upTo(25)])
    })
  })

  t.test('fails the transaction by an error of the server', async (t) => {
    const work = db.transaction(async (tx) => {
      t.match((await readAll(tx.stream(failing, {}))).error, { sqlState: '22012' })
    })
    await t.rejects(work, { name: 'TransactionError', cause: { sqlState: '22012' } })
  })

  t.test('leaves the transaction alone by a value that cannot be held', async (t) => {
    await db.transaction(async (tx) => {
      const { error } = await readAll(tx.stream(read('SELECT 9007199254740999 AS number'), {}))
      t.match(error, { name: 'QueryError', sqlState: null })
      t.equal(await portals(tx), 0)
      await add(tx, 1)
    })
    t.equal(await notes(), 1)
  })

  t.test('is refused when the transaction has ended, also with rows at hand', async (t) => {
    const ended = { name: 'TransactionError', message: /has ended/ }
    const kept = await db.transaction(async (tx) => {
      const open = tx.stream(numbers(25), {}, { batchSize: 10 })[Symbol.asyncIterator]()
      await open.next()
      return [open, tx.stream(numbers(25), {})[Symbol.asyncIterator]()]
    })
    for (const iterator of kept) {
      await t.rejects(iterator.next(), ended)
      t.ok((await iterator.next()).done)
    }
    await db.transaction(async (tx) => {
      const open = await tx.transaction(async (inner) => {
        const iterator = inner.stream(numbers(25), {}, { batchSize: 10 })[Symbol.asyncIterator]()
        await iterator.next()
        return iterator
      })
      await t.rejects(open.next(), ended)
      t.equal(await portals(tx), 0)
    })
  })

  t.test('is refused while a nested transaction is open, as any statement', async (t) => {
    await db.transaction(async (tx) => {
      await tx.transaction(async () => {
        t.match((await readAll(tx.stream(numbers(1), {}))).error, { name: 'TransactionError', message: /nested/ })
      })
      const iterator = tx.stream(numbers(25), {}, { batchSize: 1 })[Symbol.asyncIterator]()
      const first = iterator.next()
      await tx.transaction(async () => t.same((await first).value, { number: 1 }))
      t.same((await iterator.next()).value, { number: 2 }, 'what was not asked for ahead comes when it is needed')
    })
  })

  t.test('is ended by its own limits while the transaction goes on', async (t) => {
    const controller = new AbortController()
    await db.transaction(async (tx) => {
      const { error } = await readAll(
        (async function* () {
          for await (const row of tx.stream(numbers(25), {}, { signal: controller.signal })) {
            controller.abort()
            yield row
          }
        })(),
      )
      t.match(error, { name: 'CancelledError' })
      t.equal(await portals(tx), 0)
      await add(tx, 1)
    })
    t.equal(await notes(), 1)
  })

  t.test('is cancelled on the server by its own limits and by those of the transaction', async (t) => {
    const controller = new AbortController()
    const work = db.transaction(async (tx) => {
      const reading = readAll(tx.stream(slow, {}, { signal: controller.signal }))
      await until(() => isRunning('slow'))
      controller.abort()
      t.match((await reading).error, { name: 'CancelledError', query: 'slow' })
      await tx.query('SELECT 1')
    })
    await t.rejects(work, { name: 'QueryError', sqlState: '25P02' })
    t.notOk(await isRunning('slow'))
    const late = db.transaction(async (tx) => readAll(tx.stream(slow, {})).then(({ error }) => Promise.reject(error)), {
      timeoutMs: 200,
    })
    await t.rejects(late, { name: 'TimeoutError' })
    await until(async () => !(await isRunning('slow')))
  })

  t.test('tells of a lost connection', async (t) => {
    const work = async (tx: Executor) => {
      const reading = each(tx, async (number) => {
        if (number === 5) await tx.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => {})
      })
      await reading
    }
    await t.rejects(db.transaction(work, { retry: false }), { name: 'ConnectionError' })
    t.same(await db.run(numbers(1), {}), [{ number: 1 }])
  })
})

t.test('a stream that nobody reads on is found as a leak', async (t) => {
  const leaks: unknown[] = []
  const other = await connectTestDatabase(t, {
    pool: { min: 0, max: 2, leakThresholdMs: 20, onLeak: (leak) => leaks.push(leak) },
  })
  const iterator = other.stream(numbers(100), {}, { batchSize: 10 })[Symbol.asyncIterator]()
  await iterator.next()
  await until(() => leaks.length > 0)
  t.match(leaks, [{ query: 'numbers' }])
  await iterator.return?.()
})
