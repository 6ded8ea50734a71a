import { isNativeError } from 'node:util/types'
import t from 'tap'
import { connect } from '../../src/database.js'
import type { Executor } from '../../src/engine/executor.js'
import { defineLookup, type Lookup, lookupMany } from '../../src/engine/lookup.js'
import { Query, type QueryTraits } from '../../src/engine/query.js'
import { ValidationError } from '../../src/errors.js'
import { findTemplate, findTemplates, listTemplates } from '../../src/generated/agent/template.queries.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { newTemplate } from '../fixtures/template-row.js'

const db = await connectTestDatabase(t)
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'

/** Counts the statements that `work` sends. */
async function counted<T>(work: () => Promise<T>): Promise<[result: T, statements: number]> {
  const before = db.stats().pool.statements
  const result = await work()
  return [result, db.stats().pool.statements - before]
}

/** Makes a query of a text with one parameter. */
function query<Params, Row>(name: string, text: string, parameter: string, type: string, traits: QueryTraits = {}) {
  const a = text.indexOf(`:${parameter}!`)
  const param = {
    name: parameter,
    required: true,
    transform: { type: 'scalar' },
    locs: [{ a, b: a + parameter.length + 1 }],
  }
  return new Query<Params, Row>(
    name,
    { statement: text, params: [param] },
    { read: true, parameterTypes: { [parameter]: type }, ...traits },
  )
}

/** Makes a lookup of `key` in a table (or other source of rows) with a column `key`. */
function lookupIn<Key>(source: string, type: string, columns = 'key, detail') {
  return defineLookup({
    one: query<{ key: Key }, { key: Key; detail: unknown }>(
      'findThing',
      `SELECT ${columns} FROM ${source} WHERE key = :key!`,
      'key',
      type,
    ),
    many: query<{ keys: Key[] }, { key: Key; detail: unknown }>(
      'findThings',
      `SELECT ${columns} FROM ${source} WHERE key = ANY(:keys!)`,
      'keys',
      `${type}[]`,
    ),
    parameter: 'key',
    manyParameter: 'keys',
    column: 'key',
  })
}

await db.query('CREATE SCHEMA demo')
await db.query('CREATE TABLE demo.number (key int PRIMARY KEY, detail jsonb NOT NULL)')
await db.query(
  `INSERT INTO demo.number SELECT key, jsonb_build_object('key', key) FROM generate_series(1, 3000) AS key`,
)
const numbers = lookupIn<number>('demo.number', 'int4')

function all<Key, Row>(executor: Executor, lookup: Lookup<Key, Row>, keys: readonly Key[]): Promise<(Row | null)[]> {
  return Promise.all(keys.map((key) => executor.lookup(lookup, key)))
}

const coalescing = db.with({ coalesce: true })

t.test('lookup', async (t) => {
  t.test('finds the row of a key, or null, each in a statement of its own', async (t) => {
    const [rows, statements] = await counted(() => all(db, numbers, [2, 5_000, 1]))
    t.same(rows, [{ key: 2, detail: { key: 2 } }, null, { key: 1, detail: { key: 1 } }])
    t.equal(statements, 3)
  })

  t.test('refuses several rows of a key', async (t) => {
    const twice = lookupIn<number>('(VALUES (1, 1), (1, 2), (2, 3)) AS twice (key, detail)', 'int4')
    for (const executor of [db, coalescing]) {
      const results = await Promise.allSettled([executor.lookup(twice, 1), executor.lookup(twice, 2)])
      t.match(results, [
        { reason: { name: 'RowCountError', message: 'findThing: expected at most one row, got 2' } },
        { value: { key: 2, detail: 3 } },
      ])
    }
  })

  t.test('refuses an option that is none', async (t) => {
    await t.rejects(db.lookup(numbers, 1, { coalesce: 1 } as never), {
      name: 'ValidationError',
      message: 'findThing: coalesce: must be true or false',
    })
  })
})

t.test('coalescing', async (t) => {
  t.test('makes one statement of the lookups of one tick', async (t) => {
    const [rows, statements] = await counted(() => all(coalescing, numbers, [3, 5_000, 1, 2]))
    t.same(
      rows.map((row) => row?.key),
      [3, undefined, 1, 2],
    )
    t.equal(rows[1], null)
    t.equal(statements, 1)
  })

  t.test('gathers what is called behind other promises of the tick', async (t) => {
    const later = async (hops: number) => {
      for (let hop = 0; hop < hops; hop += 1) await null
      return coalescing.lookup(numbers, hops + 1)
    }
    const [rows, statements] = await counted(() => Promise.all([later(0), later(3), later(20)]))
    t.same(
      rows.map((row) => row?.key),
      [1, 4, 21],
    )
    t.equal(statements, 1)
  })

  t.test('sends what is called in another tick by itself', async (t) => {
    const [, statements] = await counted(async () => {
      const first = all(coalescing, numbers, [1, 2])
      await new Promise((resolve) => setImmediate(resolve))
      await Promise.all([first, all(coalescing, numbers, [3, 4])])
    })
    t.equal(statements, 2)
  })

  t.test('runs the query of one row for one key', async (t) => {
    const { many, ...rest } = numbers
    const broken = { ...rest, many: query('broken', 'SELECT :keys!::int4[] / 0', 'keys', 'int4[]') } as typeof numbers
    t.match(await all(coalescing, broken, [7, 7]), [{ key: 7 }, { key: 7 }])
  })

  t.test('keeps the keys of different lookups apart', async (t) => {
    const doubled = lookupIn<number>('(SELECT key, key * 2 AS detail FROM demo.number) AS doubled', 'int4')
    const [rows, statements] = await counted(() =>
      Promise.all([
        ...[1, 2].map((key) => coalescing.lookup(numbers, key)),
        coalescing.lookup(doubled, 2),
        coalescing.lookup(doubled, 3),
      ]),
    )
    t.match(rows, [{ detail: { key: 1 } }, { detail: { key: 2 } }, { detail: 4 }, { detail: 6 }])
    t.equal(statements, 2)
  })

  t.test('spreads many keys over the lanes, and each gets its row', async (t) => {
    const keys = Array.from({ length: 3_000 }, (_, index) => index + 1)
    for (const [count, expected] of [
      [31, 1],
      [32, 2],
      [3_000, 4],
    ] as const) {
      const [rows, statements] = await counted(() => all(coalescing, numbers, keys.slice(0, count)))
      t.same(
        rows.map((row) => row?.key),
        keys.slice(0, count),
      )
      t.equal(statements, expected, `${count} keys`)
    }
  })

  t.test('sends no more than 1,000 keys in a statement', async (t) => {
    const counts = lookupIn<number>('demo.number', 'int4', `key, (SELECT count(*) FROM demo.number) AS detail`)
    const sizes = query<{ keys: number[] }, { key: number; detail: unknown }>(
      'sizes',
      'SELECT key, cardinality(keys) AS detail FROM (SELECT :keys!::int4[] AS keys) AS given, unnest(keys) AS key',
      'keys',
      'int4[]',
    )
    const sized = { ...counts, many: sizes } as typeof numbers
    await db.transaction(async (tx) => {
      const rows = await all(
        tx.with({ coalesce: true }),
        sized,
        Array.from({ length: 2_001 }, (_, key) => key),
      )
      t.same([...new Set(rows.map((row) => row?.detail))], [667])
    })
  })

  t.test('is off unless asked for, and where the call says so', async (t) => {
    const [, off] = await counted(() => all(db, numbers, [1, 2]))
    const [, called] = await counted(() =>
      Promise.all([1, 2].map((key) => db.lookup(numbers, key, { coalesce: true }))),
    )
    const [, uncalled] = await counted(() =>
      Promise.all([1, 2].map((key) => coalescing.lookup(numbers, key, { coalesce: false }))),
    )
    const [, undecided] = await counted(() =>
      Promise.all([1, 2].map((key) => coalescing.lookup(numbers, key, { coalesce: undefined }))),
    )
    t.same([off, called, uncalled, undecided], [2, 1, 2, 1])
  })

  t.test('is on where the configuration says so', async (t) => {
    await using own = await connect({ ...(await createTestDatabase(t)), coalesce: true, pool: { min: 0, max: 2 } })
    const find = (id: string) => own.templates.find(id)
    const before = own.stats().pool.statements
    await Promise.all([find(UNKNOWN_ID), find(UNKNOWN_ID.replace(/0$/, '1'))])
    t.equal(own.stats().pool.statements - before, 1)
    const plain = own.with({ coalesce: false }).templates
    await Promise.all([plain.find(UNKNOWN_ID), plain.find(UNKNOWN_ID.replace(/0$/, '1'))])
    t.equal(own.stats().pool.statements - before, 3)
  })

  t.test('is common to all views of a database', async (t) => {
    const [, statements] = await counted(() =>
      Promise.all([1, 2, 3].map((key) => db.with({ coalesce: true }).lookup(numbers, key))),
    )
    t.equal(statements, 1)
  })

  t.test('leaves alone what has a signal or a time limit', async (t) => {
    const { signal } = new AbortController()
    const [rows, statements] = await counted(() =>
      Promise.all([
        coalescing.lookup(numbers, 1),
        coalescing.lookup(numbers, 2),
        coalescing.lookup(numbers, 3, { signal }),
        coalescing.lookup(numbers, 4, { timeoutMs: 5_000 }),
        coalescing.with({ timeoutMs: 5_000 }).lookup(numbers, 5),
      ]),
    )
    t.same(
      rows.map((row) => row?.key),
      [1, 2, 3, 4, 5],
    )
    t.equal(statements, 4)
  })

  t.test('aborts only the call of the signal', async (t) => {
    const results = await Promise.allSettled([
      coalescing.lookup(numbers, 1, { signal: AbortSignal.abort() }),
      coalescing.lookup(numbers, 1),
      coalescing.lookup(numbers, 2),
    ])
    t.match(results, [{ reason: { name: 'CancelledError' } }, { value: { key: 1 } }, { value: { key: 2 } }])
  })

  t.test('gives each caller of a key a row of its own', async (t) => {
    const source = `(VALUES (1, '{"a": [{"b": 1}], "__proto__": {"c": 2}}'::jsonb), (2, 'null')) AS rich (key, detail)`
    const columns = `key, detail, now() AS at, '\\x0102'::bytea AS bytes, '{{1,2}}'::int[] AS matrix`
    const rich = lookupIn<number>(source, 'int4', columns)
    type Rich = { detail: { a: { b: number }[] }; at: Date; bytes: Buffer; matrix: number[][] }
    const [rows, statements] = await counted(() => all(coalescing, rich, [1, 2, 1, 1]))
    t.equal(statements, 1)
    const [first, , second, third] = rows as unknown as Rich[]
    t.same(second, first)
    t.same(third, first)
    t.ok(Buffer.isBuffer(second?.bytes))
    t.same(Object.keys(second?.detail ?? {}), ['a', '__proto__'])
    for (const one of [second, third]) {
      if (one === undefined) throw new Error('no row')
      Object.assign(one.detail.a[0] as object, { b: 9 })
      one.at.setTime(0)
      one.bytes[0] = 9
      one.matrix[0]?.push(9)
    }
    t.match(first, { detail: { a: [{ b: 1 }] }, matrix: [[1, 2]] })
    t.same([...(first?.bytes ?? [])], [1, 2])
    t.not(first?.at.getTime(), 0)
  })
})

t.test('the keys of a coalesced lookup', async (t) => {
  t.test('give what they give alone, when they are null or missing', async (t) => {
    for (const executor of [db, coalescing]) {
      const results = await Promise.allSettled([
        executor.lookup(numbers, null as never),
        executor.lookup(numbers, undefined as never),
        executor.lookup(numbers, 1),
        executor.lookup(numbers, 2),
      ])
      t.match(results, [
        { value: null },
        { reason: { name: 'ValidationError', message: 'findThing: key: is missing' } },
        { value: { key: 1 } },
        { value: { key: 2 } },
      ])
    }
  })

  t.test('fail alone when their type cannot hold them', async (t) => {
    for (const executor of [db, coalescing]) {
      const results = await Promise.allSettled([
        executor.lookup(numbers, 1),
        executor.lookup(numbers, 'x' as never),
        executor.lookup(numbers, 3_000_000_000),
        executor.lookup(numbers, 2),
      ])
      const message = 'findThing: key: must be an integer from -2147483648 to 2147483647'
      t.match(results, [
        { value: { key: 1 } },
        { reason: { name: 'ValidationError', message } },
        { reason: { name: 'ValidationError', message } },
        { value: { key: 2 } },
      ])
    }
  })

  t.test('are UUIDs in any form that the server reads', async (t) => {
    const ids = ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']
    const source = `(VALUES ('${ids[0]}'::uuid, 1), ('${ids[1]}', 2)) AS ids (key, detail)`
    const uuids = lookupIn<string>(source, 'uuid')
    const forms = [
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
      'a0eebc999c0b4ef8bb6d6bb9bd380a11',
      'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11',
      '{A0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}',
      String(ids[1]),
    ]
    const [rows, statements] = await counted(() => all(coalescing, uuids, forms))
    t.same(
      rows.map((row) => row?.detail),
      [1, 1, 1, 1, 1, 2],
    )
    t.equal(statements, 1)
    for (const malformed of [
      '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
      'a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1',
      'g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      '',
    ]) {
      const [results, sent] = await counted(() =>
        Promise.allSettled([malformed, ...ids].map((id) => coalescing.lookup(uuids, id))),
      )
      t.match(results, [
        { reason: { name: 'QueryError', sqlState: '22P02' } },
        { value: { detail: 1 } },
        { value: { detail: 2 } },
      ])
      t.equal(sent, 2, 'the malformed one alone, the others together')
    }
  })

  t.test('are texts of any content, told apart by each character', async (t) => {
    const keys = ['', 'a', 'A', 'a ', 'NULL', 'null', '{', '"', '\\', 'a,b', "'", 'é', 'e\u0301', '🧱', '__proto__']
    await db.query('CREATE TABLE demo.word (key text PRIMARY KEY, detail int NOT NULL)')
    await db.query('INSERT INTO demo.word SELECT * FROM unnest($1::text[]) WITH ORDINALITY', [keys])
    for (const type of ['text', 'varchar']) {
      const [rows, statements] = await counted(() =>
        all(coalescing, lookupIn<string>('demo.word', type), keys.slice(0, 15)),
      )
      t.same(
        rows.map((row) => row?.key),
        keys,
      )
      t.equal(statements, 1)
    }
    const [results, statements] = await counted(() =>
      Promise.allSettled(
        ['a\0', 'x'.repeat(2_701), 'a', 'A'].map((key) =>
          coalescing.lookup(lookupIn<string>('demo.word', 'text'), key),
        ),
      ),
    )
    t.match(results, [{ reason: { name: 'ValidationError' } }, { value: null }, { value: { key: 'a' } }, {}])
    t.ok(statements >= 2)
  })

  t.test('are names, which the server cuts', async (t) => {
    const cut = 'n'.repeat(63)
    const names = lookupIn<string>(`(VALUES ('${cut}'::name, 1), ('b', 2)) AS names (key, detail)`, 'name')
    const asked = [cut, `${cut}x`, 'b']
    const expected = (await all(db, names, asked)).map((row) => row?.detail)
    t.same(
      (await all(coalescing, names, asked)).map((row) => row?.detail),
      expected,
    )
    t.same(expected, [1, 1, 2])
  })

  for (const [type, keys] of [
    ['int2', [-32_768, 0, 32_767]],
    ['int8', [Number.MIN_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER]],
  ] as const) {
    t.test(`are of type ${type}`, async (t) => {
      const values = keys.map((key) => `('${key}'::${type}, '${key}')`).join(', ')
      const lookup = lookupIn<number>(`(VALUES ${values}) AS n (key, detail)`, type)
      const [rows, statements] = await counted(() => all(coalescing, lookup, [...keys, -0]))
      t.same(
        rows.map((row) => row?.detail),
        [...keys, 0].map(String),
      )
      t.equal(statements, 1)
    })
  }

  t.test('are found all the same when the server takes other texts for equal', async (t) => {
    await db.query(`CREATE COLLATION demo.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)
    await db.query('CREATE TABLE demo.tag (key text COLLATE demo.anycase PRIMARY KEY, detail int)')
    await db.query(`INSERT INTO demo.tag VALUES ('Red', 1), ('Blue', 2)`)
    const tags = lookupIn<string>('demo.tag', 'text')
    t.same(
      (await all(coalescing, tags, ['red', 'Blue', 'green'])).map((row) => row?.detail),
      [1, 2, undefined],
    )
  })
})

t.test('the failure of a coalesced lookup', async (t) => {
  t.test('reaches every caller as an error of its own, with a stack that leads to it', async (t) => {
    const missing = lookupIn<number>('demo.nowhere', 'int4')
    async function callerOne() {
      await coalescing.lookup(missing, 1)
    }
    async function callerTwo() {
      await coalescing.lookup(missing, 2)
    }
    const [results, statements] = await counted(() => Promise.allSettled([callerOne(), callerTwo(), callerOne()]))
    t.equal(statements, 1)
    const errors = results.map((result) => (result as PromiseRejectedResult).reason)
    for (const error of errors) {
      t.match(error, {
        name: 'UndefinedObjectError',
        code: 'ASHLAR_UNDEFINED_OBJECT',
        sqlState: '42P01',
        query: 'findThings',
      })
      t.ok(isNativeError(error))
      t.ok(error.cause instanceof Error)
      t.match(error.stack, /^UndefinedObjectError: findThings: /)
    }
    t.match(errors[0].stack, 'callerOne')
    t.match(errors[1].stack, 'callerTwo')
    t.equal(new Set(errors).size, 3)
  })

  t.test('is only of the key whose row has caused it', async (t) => {
    const inverse = lookupIn<number>('(SELECT key, 1 / (key - 2) AS detail FROM demo.number) AS inverse', 'int4')
    const [results, statements] = await counted(() =>
      Promise.allSettled([1, 2, 3].map((key) => coalescing.lookup(inverse, key))),
    )
    t.match(results, [
      { value: { detail: -1 } },
      { reason: { name: 'QueryError', sqlState: '22012', query: 'findThing' } },
      { value: { detail: 1 } },
    ])
    t.equal(statements, 4, 'one of all, then each by itself')
  })

  t.test('is only of the key whose row cannot be given, in a transaction too', async (t) => {
    const large = lookupIn<number>('(SELECT key, 4503599627370496 * key AS detail FROM demo.number) AS large', 'int4')
    for (const run of [
      (work: (executor: Executor) => Promise<void>) => work(coalescing),
      (work: (executor: Executor) => Promise<void>) => coalescing.transaction(work),
    ]) {
      await run(async (executor) => {
        const results = await Promise.allSettled([1, 2].map((key) => executor.lookup(large, key)))
        t.match(results, [
          { value: { key: 1 } },
          { reason: { name: 'QueryError', sqlState: null, query: 'findThing' } },
        ])
      })
    }
  })
})

t.test('in a transaction', async (t) => {
  t.test('only its own lookups are coalesced, on its own connection', async (t) => {
    await coalescing.transaction(async (tx) => {
      await tx.query(`INSERT INTO demo.number VALUES (9001, '1'), (9002, '2')`)
      const outside = all(coalescing, numbers, [9_001, 9_002])
      const inside = all(tx, numbers, [9_001, 9_002])
      t.match(await inside, [{ key: 9_001 }, { key: 9_002 }])
      t.same(await outside, [null, null])
      await tx.query('DELETE FROM demo.number WHERE key > 9000')
    })
  })

  t.test('many keys are one statement', async (t) => {
    await coalescing.transaction(async (tx) => {
      await tx.query('SET LOCAL compute_query_id = off')
      const own = lookupIn<number>('(SELECT key, statement_timestamp() AS detail FROM demo.number) AS own', 'int4')
      const rows = await all(
        tx,
        own,
        Array.from({ length: 100 }, (_, index) => index + 1),
      )
      t.equal(new Set(rows.map((row) => Number(row?.detail))).size, 1)
    })
  })

  t.test('a lookup keeps its place before what is called after it', async (t) => {
    await coalescing.transaction(async (tx) => {
      const found = all(tx, numbers, [1, 2])
      const changed = tx.query(`UPDATE demo.number SET detail = '0' WHERE key IN (1, 2)`)
      t.match(await found, [{ detail: { key: 1 } }, { detail: { key: 2 } }])
      await changed
      const again = all(tx.with({ coalesce: true }), numbers, [1, 2])
      const inner = tx.transaction((nested) =>
        nested.query('UPDATE demo.number SET detail = jsonb_build_object($1::text, key) WHERE key IN (1, 2)', ['key']),
      )
      t.match(await again, [{ detail: 0 }, { detail: 0 }])
      await inner
    })
    t.match(await all(db, numbers, [1]), [{ detail: { key: 1 } }])
  })

  t.test('a lookup that nobody waits for is sent before the end', async (t) => {
    let found: Promise<unknown> | undefined
    await db.transaction(
      async (tx) => {
        found = all(tx, numbers, [1, 2])
      },
      { coalesce: true },
    )
    t.match(await found, [{ key: 1 }, { key: 2 }])
  })

  t.test('a failed statement gives each of its callers the error', async (t) => {
    const inverse = lookupIn<number>('(SELECT key, 1 / (key - 2) AS detail FROM demo.number) AS inverse', 'int4')
    await t.rejects(
      coalescing.transaction(async (tx) => {
        const results = await Promise.allSettled([1, 2].map((key) => tx.lookup(inverse, key)))
        t.match(results, [{ reason: { sqlState: '22012' } }, { reason: { sqlState: '22012' } }])
      }),
      { name: 'TransactionError' },
    )
  })
})

t.test('close', async (t) => {
  t.test('waits for lookups that were called before it', async (t) => {
    const own = await connect({ ...(await createTestDatabase(t)), coalesce: true, pool: { min: 0, max: 2 } })
    const found = Promise.all([own.templates.find(UNKNOWN_ID), own.templates.find(UNKNOWN_ID.replace(/0$/, '1'))])
    await own.close()
    t.same(await found, [null, null])
    await t.rejects(own.templates.find(UNKNOWN_ID), { name: 'PoolClosedError' })
  })
})

t.test('lookupMany', async (t) => {
  t.test('gives a row or null for each key in their order, equal keys a row each', async (t) => {
    const [rows, statements] = await counted(() => lookupMany(db, numbers, [2, 5_000, 1, 2]))
    t.same(
      rows.map((row) => row?.key ?? null),
      [2, null, 1, 2],
    )
    t.not(rows[0], rows[3])
    t.not(rows[0]?.detail, rows[3]?.detail)
    t.equal(statements, 1)
    t.same(await lookupMany(db, numbers, []), [])
  })
})

t.test('defineLookup', async (t) => {
  const definition = {
    one: findTemplate,
    many: findTemplates,
    parameter: 'templateId',
    manyParameter: 'templateIds',
    column: 'templateId',
  } as const

  t.test('takes two generated queries, for any executor', async (t) => {
    const templates = defineLookup(definition)
    const { templateId, name } = await db.templates.create(newTemplate())
    t.equal((await db.lookup(templates, templateId))?.name, name)
    t.equal(await db.lookup(templates, UNKNOWN_ID), null)
  })

  t.test('lets only names compile that the queries have', async (t) => {
    const attempts = [
      // @ts-expect-error no parameter of findTemplate
      () => defineLookup({ ...definition, parameter: 'id' }),
      // @ts-expect-error no parameter of findTemplates
      () => defineLookup({ ...definition, manyParameter: 'templateId' }),
    ]
    for (const attempt of attempts) t.throws(attempt, { name: 'QueryError' })
    // @ts-expect-error no column
    defineLookup({ ...definition, column: 'template_id' })
    // @ts-expect-error a column that is no key
    defineLookup({ ...definition, column: 'createdAt' })
    const few = query<{ templateIds: string[] }, { templateId: string }>('few', ':keys!', 'templateIds', 'uuid[]')
    // @ts-expect-error rows of other columns
    defineLookup({ ...definition, many: few })
    // @ts-expect-error a query that needs more than the key
    t.throws(() => defineLookup({ ...definition, many: listTemplates, manyParameter: 'tagsAny' }))
    // @ts-expect-error a key of another type
    await t.rejects(db.lookup(defineLookup(definition), 5), ValidationError)
  })

  for (const type of ['numeric', 'float8', 'timestamptz', 'bpchar', 'jsonb', 'citext']) {
    t.test(`refuses keys of type ${type}, which differ in text and are equal`, async (t) => {
      t.throws(() => lookupIn('demo.number', type), {
        name: 'QueryError',
        message: `findThing: parameter key is of type ${type}, whose values cannot be told apart as the server does`,
      })
    })
  }

  t.test('refuses an array of another type', async (t) => {
    const many = query<{ keys: string[] }, { key: string }>('findMany', ':keys!', 'keys', 'text[]')
    const one = query<{ key: string }, { key: string }>('findOne', ':key!', 'key', 'uuid')
    t.throws(() => defineLookup({ one, many, parameter: 'key', manyParameter: 'keys', column: 'key' }), {
      message: 'findMany: parameter keys is of type text[], but must be uuid[]',
    })
  })

  t.test('refuses a query that may write', async (t) => {
    const many = new Query<{ keys: string[] }, { key: string }>('findMany', { statement: '', params: [] })
    const one = query<{ key: string }, { key: string }>('findOne', ':key!', 'key', 'uuid')
    t.throws(() => defineLookup({ one, many, parameter: 'key', manyParameter: 'keys', column: 'key' }), {
      message: 'findMany: is not marked as a read, and a lookup runs nothing else',
    })
  })
})
