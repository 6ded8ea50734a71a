import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { connect } from '../../src/database.js'
import type { CopyProgress } from '../../src/engine/copy/load.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
await db.query('CREATE TABLE note (note_id int4 CONSTRAINT note_pkey PRIMARY KEY, text text)')
const columns = ['note_id', 'text']
const KB = 'x'.repeat(1_000)

/** Rows 0, 1, 2 ... with a text of their own. */
function someRows(count: number, from = 0): [number, string][] {
  return Array.from({ length: count }, (_, index) => [from + index, `note ${from + index}`])
}

async function noteCount(): Promise<number> {
  const [row] = await db.query<{ count: number }>('SELECT count(*)::int4 AS count FROM note')
  return row?.count as number
}

/** Gives what a load rejects with, once it is certain that nothing of it is left anywhere. */
async function failureOf(load: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const error = await load.then(
    () => new Error('it did not fail'),
    (reason: Error) => reason,
  )
  await until(() => db.stats().pool.borrowed === 0)
  if ((await noteCount()) !== 0) throw new Error('rows were left behind')
  return error as Error & Record<string, unknown>
}

/** Rows that have no end, and tell how many were pulled and whether they were closed. */
class Endless {
  pulled = 0
  isClosed = false
  readonly #text: string

  constructor(text = '') {
    this.#text = text
  }

  *sync(): Generator<[number, string]> {
    try {
      for (;;) yield [this.pulled++, this.#text]
    } finally {
      this.isClosed = true
    }
  }

  async *async(): AsyncGenerator<[number, string]> {
    yield* this.sync()
  }
}

t.beforeEach(() => db.query('TRUNCATE note'))
t.afterEach(() => until(() => db.stats().pool.borrowed === 0))

t.test('copyInto', async (t) => {
  t.test('loads rows and gives their number', async (t) => {
    t.same(await db.copyInto('note', columns, someRows(3)), { rows: 3 })
    t.same(await db.query('SELECT note_id, text FROM note ORDER BY note_id'), [
      { noteId: 0, text: 'note 0' },
      { noteId: 1, text: 'note 1' },
      { noteId: 2, text: 'note 2' },
    ])
  })

  t.test('loads no rows', async (t) => {
    t.same(await db.copyInto('note', columns, []), { rows: 0 })
  })

  t.test('loads many rows, from any iterable', async (t) => {
    const count = 30_000
    for (const rows of [someRows(count), someRows(count).values(), Readable.from(someRows(count))]) {
      await db.query('TRUNCATE note')
      t.same(await db.copyInto('note', columns, rows), { rows: count })
      t.equal(await noteCount(), count)
    }
  })

  t.test('leaves out columns that have a default, and fires triggers', async (t) => {
    await db.query(`
      CREATE TABLE stamped (id int8 GENERATED ALWAYS AS IDENTITY, text text, at timestamptz NOT NULL DEFAULT now(), size int4)`)
    await db.query(`CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.size = length(NEW.text); RETURN NEW; END $$`)
    await db.query('CREATE TRIGGER stamp BEFORE INSERT ON stamped FOR EACH ROW EXECUTE FUNCTION stamp()')
    await db.copyInto('stamped', ['text'], [['four']])
    t.match(await db.query('SELECT id, text, at, size FROM stamped'), [{ id: 1, text: 'four', at: Date, size: 4 }])
    t.match(await db.copyInto('stamped', ['size', 'nothing'], [[1, 2]]).catch((error: unknown) => error), {
      name: 'UndefinedObjectError',
      sqlState: '42703',
    })
  })

  t.test('refuses values for generated columns as the server does', async (t) => {
    await db.query('CREATE TABLE doubled (half int4, whole int4 GENERATED ALWAYS AS (half * 2) STORED)')
    await t.rejects(db.copyInto('doubled', ['half', 'whole'], [[1, 2]]), { name: 'QueryError', sqlState: '42P10' })
  })

  t.test('quotes names', async (t) => {
    await db.query('CREATE SCHEMA "Odd, 7"')
    await db.query('CREATE TABLE "Odd, 7"."t""; DROP TABLE note; --" ("a "", b" text, "SELECT" text)')
    await db.copyInto('Odd, 7.t"; DROP TABLE note; --', ['SELECT', 'a ", b'], [['x', 'y']])
    t.same(await db.query('SELECT "SELECT" AS one, "a "", b" AS two FROM "Odd, 7"."t""; DROP TABLE note; --"'), [
      { one: 'x', two: 'y' },
    ])
    t.equal(await noteCount(), 0)
  })

  t.test('needs no right to read the table', async (t) => {
    await db.query('CREATE ROLE loader')
    t.teardown(async () => {
      await db.query('REVOKE ALL ON note FROM loader')
      await db.query('DROP ROLE loader')
    })
    await db.query('GRANT INSERT ON note TO loader')
    await db.transaction(async (tx) => {
      await tx.query('SET LOCAL ROLE loader')
      t.same(await tx.copyInto('note', columns, someRows(1)), { rows: 1 })
    })
  })

  t.test('works without a pool', async (t) => {
    const unpooled = await connect({ ...(await createTestDatabase(t)), pool: 'none' })
    await unpooled.query('CREATE TABLE thing (id int4 PRIMARY KEY)')
    t.same(await unpooled.copyInto('thing', ['id'], [[1], [2]]), { rows: 2 })
    await t.rejects(unpooled.copyInto('thing', ['id'], [[3], [1]]), { name: 'UniqueViolationError', row: 1 })
    t.match(unpooled.stats().pool, { open: 0, borrowed: 0 })
    await unpooled.close()
  })
})

t.test('values', async (t) => {
  await db.query("CREATE TYPE mood AS ENUM ('sad', 'so, so', 'happy')")
  await db.query('CREATE DOMAIN score AS int4 CHECK (VALUE BETWEEN 0 AND 100)')
  const instant = new Date('2026-01-02T03:04:05.678Z')
  const samples: Record<string, readonly unknown[]> = {
    bool: [true, false],
    bytea: [Buffer.from([0, 92, 9, 10, 255]), Buffer.alloc(0)],
    int2: [-32_768, 32_767],
    int4: [-2_147_483_648, 2_147_483_647],
    int8: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    float4: [0.5, Infinity, NaN],
    float8: [0.1, -1e300, -Infinity],
    numeric: ['12345678901234567890.123456789', 'NaN'],
    text: [
      '',
      '\\',
      '\\N',
      '\\.',
      '\t',
      '\n',
      '\r\n',
      'a\tb\nc\\d',
      'NULL',
      '"',
      '{}',
      'ünï 漢字 🙂',
      'x'.repeat(1_000_000),
    ],
    varchar: ['a', ''],
    'char(3)': ['abc'],
    name: ['pg_class'],
    uuid: ['01234567-89ab-cdef-0123-456789abcdef'],
    inet: ['10.0.0.1', '::1/64'],
    cidr: ['10.0.0.0/8'],
    date: ['2026-02-28', 'infinity'],
    time: ['12:34:56.789'],
    timetz: ['12:34:56+02'],
    interval: ['1 day 02:03:04'],
    timestamp: ['2026-01-02 03:04:05'],
    timestamptz: [instant, new Date(-1e14), new Date(3e14)],
    json: [{ a: ['\\', '\n', '\t', '"'] }, 'text', 1, [1, [2]], false],
    jsonb: [{ a: ['\\', '\n', '\t', '"', '🙂'] }, 'text', 1, [1, [2]], true],
    mood: ['sad', 'so, so'],
    score: [0, 100],
  }

  for (const [type, values] of Object.entries(samples)) {
    t.test(`of type ${type} arrive as they are, in arrays too, and null as NULL`, async (t) => {
      await db.query('DROP TABLE IF EXISTS sample')
      await db.query(`CREATE TABLE sample (id int4, value ${type}, list ${type}[])`)
      const rows = [...values, null].map((value, id) => [id, value, id % 2 === 0 ? [value, null, value] : null])
      await db.copyInto('sample', ['id', 'value', 'list'], [...rows, [rows.length, null, []]])
      // An enum's array has no decoder of its own, nor has a domain's: the server makes it one.
      const base = { mood: 'text', score: 'int4' }[type]
      const list = base === undefined ? 'list' : `list::${base}[]`
      const found = await db.query(`SELECT id, value, ${list} AS list FROM sample ORDER BY id`)
      const expected = rows.map(([id, value, list]) => ({ id, value, list }))
      t.same(found, [...expected, { id: rows.length, value: null, list: [] }])
    })
  }

  t.test('tell an empty text from NULL, also in a table of one column', async (t) => {
    await db.query('CREATE TABLE single (text text)')
    await db.copyInto('single', ['text'], [[''], [null], ['\\.'], ['\\N']])
    t.same(await db.query('SELECT text FROM single'), [{ text: '' }, { text: null }, { text: '\\.' }, { text: '\\N' }])
  })

  t.test('of any kind come back as they were', async (t) => {
    await db.query('CREATE TABLE any_kind (at int4, text text, list text[], data jsonb, bytes bytea, float float8)')
    const names = ['at', 'text', 'list', 'data', 'bytes', 'float']
    const storable = fc
      .oneof(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: fc.constantFrom('\\', '\t', '\n', '\r', 'N', '.', '"', '{', ',') }),
      )
      .filter((text) => !text.includes('\0') && text.isWellFormed())
    const row = fc.tuple(
      fc.option(storable),
      fc.option(fc.array(fc.option(storable))),
      fc.option(fc.dictionary(fc.constantFrom('a', 'b\\', '"c'), fc.oneof(storable, fc.integer(), fc.boolean()))),
      fc.option(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
      fc.option(fc.double()),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
        await db.query('TRUNCATE any_kind')
        await db.copyInto(
          'any_kind',
          names,
          rows.map((values, at) => [at, ...values]),
        )
        const found = await db.query('SELECT at, text, list, data, bytes, float FROM any_kind ORDER BY at')
        t.same(
          found,
          rows.map(([text, list, data, bytes, float], at) => ({
            at,
            text,
            list,
            data: data && { ...data },
            bytes,
            float,
          })),
        )
      }),
      { numRuns: 60 },
    )
  })
})

t.test('a load that is refused before it starts', async (t) => {
  const refused: [string, unknown, unknown, unknown, string][] = [
    ['an empty table name', '', columns, [], 'table: must be a name that is not empty'],
    ['an empty schema', '.note', columns, [], 'table: must be a name that is not empty'],
    ['three names', 'a.b.note', columns, [], "table: must be 'table' or 'schema.table'"],
    ['a name that is no text', 7, columns, [], "table: must be 'table' or 'schema.table'"],
    ['a NUL in the table', 'no\0te', columns, [], 'table: must not contain a NUL'],
    ['a name that PostgreSQL would cut', 'n'.repeat(64), columns, [], 'table: must be at most 63 bytes'],
    ['no columns', 'note', [], [], 'columns: must name at least one column'],
    ['columns that are no array', 'note', 'text', [], 'columns: must be an array of names'],
    ['an empty column', 'note', ['text', ''], [], 'columns[1]: must be a name that is not empty'],
    ['a NUL in a column', 'note', ['\0'], [], 'columns[0]: must not contain a NUL'],
    ['rows that are none', 'note', columns, 7, 'rows: must be an iterable'],
    ['rows that are a text', 'note', columns, 'rows', 'rows: must be an iterable'],
  ]
  for (const [name, table, names, rows, message] of refused) {
    t.test(`has ${name}`, async (t) => {
      const error = await failureOf(db.copyInto(table as string, names as string[], rows as []))
      t.match(error, { name: 'ValidationError', subject: 'copyInto' })
      t.ok(error.message.startsWith(`copyInto: ${message}`), error.message)
    })
  }

  t.test('has an onProgress that is no function, or a bad limit', async (t) => {
    t.match(await failureOf(db.copyInto('note', columns, [], { onProgress: 1 as never })), { name: 'ValidationError' })
    t.match(await failureOf(db.copyInto('note', columns, [], { timeoutMs: 0 })), { name: 'ValidationError' })
  })

  t.test('leaves a transaction as it was', async (t) => {
    await db.transaction(async (tx) => {
      await t.rejects(tx.copyInto('note', [], []), { name: 'ValidationError' })
      await tx.copyInto('note', columns, someRows(1))
    })
    t.equal(await noteCount(), 1)
  })

  t.test('names a table that is not there, and pulls no row', async (t) => {
    const rows = new Endless()
    t.match(await failureOf(db.copyInto('nothing', columns, rows.sync())), { name: 'UndefinedObjectError', row: null })
    t.equal(rows.pulled, 0)
  })
})

t.test('a bad row', async (t) => {
  /** Good rows, then one that is not, then good ones. */
  const around = (bad: unknown, index = 41) => [...someRows(index), bad, ...someRows(5_000, 100_000)] as never

  const bad: [string, unknown, string, string][] = [
    ['of the wrong length', [1], 'rows[41]', 'must have 2 values, one for each column; it has 1'],
    ['that is no array', { noteId: 1 }, 'rows[41]', 'must be an array'],
    ['with a value left out', [1, undefined], 'rows[41].text', 'is missing'],
    ['with a value of another type', ['secret', ''], 'rows[41].note_id', 'must be an integer from'],
    ['with a number out of range', [3e9, ''], 'rows[41].note_id', 'must be an integer from'],
    ['with a text that cannot be stored', [1, 'secret\0'], 'rows[41].text', 'must not contain a NUL'],
    [
      'with a lone surrogate',
      [1, 'secret\ud800'],
      'rows[41].text',
      'must not contain a NUL character or a lone surrogate',
    ],
  ]
  for (const [name, row, path, message] of bad) {
    t.test(`${name} fails the load and is named`, async (t) => {
      const error = await failureOf(db.copyInto('note', columns, around(row)))
      t.match(error, { name: 'ValidationError', issues: [{ path }] })
      t.ok(error.message.startsWith(`copyInto: ${path}: ${message}`), error.message)
      t.notMatch(error.message, /secret/)
    })
  }

  t.test('is named when it comes behind much that was sent', async (t) => {
    const error = await failureOf(db.copyInto('note', columns, around(['secret', ''], 50_000)))
    t.match(error, { name: 'ValidationError', issues: [{ path: 'rows[50000].note_id' }] })
  })

  t.test('leaves the connection as good as before', async (t) => {
    const connects = db.stats().pool.connects
    for (let time = 0; time < 20; time += 1) await failureOf(db.copyInto('note', columns, around([])))
    t.equal(db.stats().pool.connects, connects)
  })

  t.test('of the server is named: a key that is there already', async (t) => {
    const error = await failureOf(db.copyInto('note', columns, around([7, 'secret'])))
    t.match(error, {
      name: 'UniqueViolationError',
      constraint: 'note_pkey',
      table: 'public.note',
      row: 41,
      sqlState: '23505',
    })
    t.match(error.message, /^copyInto: rows\[41\]: duplicate key/)
    t.notMatch(JSON.stringify(error), /secret|where/)
    t.notMatch((error.cause as Error).message, /secret|COPY/)
  })

  t.test('of the server is named: a value that is malformed, with its column', async (t) => {
    await db.query(
      'CREATE TABLE "line 12, t" (id int4 NOT NULL, "column 7, uuid" uuid, data jsonb, mood mood, score score)',
    )
    const names = ['id', 'column 7, uuid', 'data', 'mood', 'score']
    const good = [1, null, null, null, null]
    const cases: [unknown[], string | null, object][] = [
      [[1, 'secret\nCOPY line 12, t, line 99, column id', null, null, null], '.column 7, uuid', { sqlState: '22P02' }],
      [[1, null, null, 'secret', null], '.mood', { sqlState: '22P02' }],
      [[1, null, null, null, 101], '.score', { name: 'CheckViolationError', constraint: 'score_check' }],
      [[null, null, null, null, null], '', { name: 'NotNullViolationError', column: 'id' }],
    ]
    for (const [row, column, fields] of cases) {
      const error = await failureOf(db.copyInto('line 12, t', names, [good, good, row, good] as never))
      t.match(error, { ...fields, row: 2 }, error.message)
      t.ok(error.message.startsWith(`copyInto: rows[2]${column}: `), error.message)
      t.notMatch(error.message, /secret|COPY/)
    }
  })

  t.test('of the server is named: one that a trigger refuses', async (t) => {
    await db.query('CREATE TABLE guarded (id int4)')
    await db.query(`CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.id = 9 THEN RAISE EXCEPTION 'secret'; END IF; RETURN NEW; END $$`)
    await db.query('CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION guard()')
    const rows = Array.from({ length: 20 }, (_, id) => [id])
    t.match(await failureOf(db.copyInto('guarded', ['id'], rows)), { name: 'QueryError', sqlState: 'P0001', row: 9 })
  })

  t.test('is not known of a foreign key, which is checked at the end', async (t) => {
    await db.query('CREATE TABLE child (note_id int4 CONSTRAINT child_note_id_fkey REFERENCES note)')
    t.teardown(() => db.query('DROP TABLE child'))
    t.match(await failureOf(db.copyInto('child', ['note_id'], [[1]])), {
      name: 'ForeignKeyViolationError',
      constraint: 'child_note_id_fkey',
      row: null,
    })
  })

  t.test('of the server stops the pulling of rows', async (t) => {
    const rows = new Endless()
    rows.pulled = -1
    const twice = (function* () {
      yield [-1, '']
      yield* rows.sync()
    })()
    t.match(await failureOf(db.copyInto('note', columns, twice)), { name: 'UniqueViolationError', row: 1 })
    t.ok(rows.isClosed)
    const pulled = rows.pulled
    await sleep(50)
    t.equal(rows.pulled, pulled)
  })

  t.test('of the server ends the load also while the next row does not come', async (t) => {
    let isClosed = false
    const rows = {
      [Symbol.asyncIterator]() {
        const given = someRows(8_000)
        given[1] = given[0] as [number, string]
        return {
          next: () => {
            const value = given.shift()
            return value === undefined ? new Promise<never>(() => {}) : Promise.resolve({ done: false, value } as const)
          },
          return: async () => {
            isClosed = true
            return { done: true, value: undefined } as const
          },
        }
      },
    }
    t.match(await failureOf(db.copyInto('note', columns, rows)), { name: 'UniqueViolationError', row: 1 })
    t.ok(isClosed)
  })
})

t.test('an error of the caller', async (t) => {
  const mine = new Error('mine')

  t.test('in an iterable is passed on, and nothing is kept', async (t) => {
    for (const count of [0, 10, 20_000]) {
      const rows = (function* () {
        yield* someRows(count)
        throw mine
      })()
      t.equal(await failureOf(db.copyInto('note', columns, rows)), mine)
    }
  })

  t.test('in an async iterable is passed on, and nothing is kept', async (t) => {
    const rows = (async function* () {
      yield* someRows(20_000)
      throw mine
    })()
    t.equal(await failureOf(db.copyInto('note', columns, rows)), mine)
    const stream = new Readable({
      objectMode: true,
      read() {
        this.destroy(mine)
      },
    })
    t.equal(await failureOf(db.copyInto('note', columns, stream)), mine)
  })

  t.test('in making the iterator is passed on', async (t) => {
    const rows = {
      [Symbol.iterator]: () => {
        throw mine
      },
    }
    t.equal(await failureOf(db.copyInto('note', columns, rows as never)), mine)
  })

  t.test('in onProgress is passed on, and nothing is kept', async (t) => {
    const rows = new Endless()
    const onProgress = () => {
      throw mine
    }
    t.equal(await failureOf(db.copyInto('note', columns, rows.sync(), { onProgress })), mine)
    t.ok(rows.isClosed)
  })

  t.test('in the last onProgress fails the load too', async (t) => {
    const onProgress = () => {
      throw mine
    }
    t.equal(await failureOf(db.copyInto('note', columns, someRows(1), { onProgress })), mine)
  })

  t.test('that is undefined is an error all the same', async (t) => {
    const rows = (function* () {
      yield* someRows(1)
      throw undefined
    })()
    await t.rejects(db.copyInto('note', columns, rows))
    t.equal(await noteCount(), 0)
  })

  t.test('that looks like one of the database does not cost the connection', async (t) => {
    const { connects } = db.stats().pool
    const lost = await db.query('SELECT pg_terminate_backend(pg_backend_pid())').catch((error: unknown) => error)
    const rows = (function* () {
      yield* someRows(1)
      throw lost
    })()
    t.equal(await failureOf(db.copyInto('note', columns, rows)), lost)
    await failureOf(db.copyInto('note', columns, [[]]))
    t.ok(db.stats().pool.connects <= connects + 1)
  })

  t.test('in closing the iterator does not hide the reason', async (t) => {
    const fail = () => {
      throw mine
    }
    const rows = (function* () {
      try {
        yield* someRows(3) as unknown as number[][]
        yield [1]
      } finally {
        fail()
      }
    })()
    t.match(await failureOf(db.copyInto('note', columns, rows)), { name: 'ValidationError' })
  })
})

t.test('onProgress', async (t) => {
  t.test('may be asynchronous: its promise is waited for', async (t) => {
    let running = 0
    let most = 0
    const onProgress = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
    }
    await db.copyInto('note', columns, someRows(20_000), { onProgress })
    t.equal(most, 1)
    t.equal(running, 0)
    await db.query('TRUNCATE note')
  })

  for (const count of [1, 20_000]) {
    t.test(`fails a load of ${count} rows when it rejects`, async (t) => {
      const mine = new Error('mine')
      const onProgress = async () => Promise.reject(mine)
      t.equal(await failureOf(db.copyInto('note', columns, someRows(count), { onProgress })), mine)
      t.equal(await noteCount(), 0)
    })
  }

  t.test('counts rows and bytes, up to the whole', async (t) => {
    const seen: CopyProgress[] = []
    const count = 20_000
    await db.copyInto('note', columns, someRows(count), { onProgress: (progress) => seen.push(progress) })
    t.ok(seen.length > 2, `${seen.length} times`)
    t.equal(seen.at(-1)?.rows, count)
    const bytes = someRows(count).reduce((sum, [id, text]) => sum + `${id}\t${text}\n`.length, 0)
    t.equal(seen.at(-1)?.bytes, bytes)
    for (const [index, { rows }] of seen.slice(1).entries()) t.ok(rows > (seen[index] as CopyProgress).rows)
  })
})

t.test('a server that is held up', async (t) => {
  /** Has another transaction hold a lock, until the end of the callback. */
  async function locked(lock: string, work: () => Promise<void>): Promise<void> {
    await db
      .transaction(async (tx) => {
        await tx.query(lock)
        await work()
        throw new Error('undo')
      })
      .catch((error: Error) => {
        if (error.message !== 'undo') throw error
      })
  }

  t.test('gets no row before it asks for some', async (t) => {
    const rows = new Endless()
    await locked('LOCK TABLE note', async () => {
      await t.rejects(db.copyInto('note', columns, rows.async(), { timeoutMs: 200 }), { name: 'TimeoutError' })
    })
    t.equal(rows.pulled, 0)
    t.equal(await noteCount(), 0)
  })

  for (const kind of ['sync', 'async'] as const) {
    t.test(`gets no more rows of an ${kind} iterable than the network holds`, async (t) => {
      const rows = new Endless(KB)
      const before = process.memoryUsage().arrayBuffers
      await locked("INSERT INTO note VALUES (0, 'the same key')", async () => {
        const abort = new AbortController()
        const load = db.copyInto('note', columns, rows[kind](), { signal: abort.signal })
        let pulled = -1
        await until(async () => {
          if (rows.pulled > 0 && rows.pulled === pulled) return true
          pulled = rows.pulled
          await sleep(100)
          return false
        })
        // Sockets of both sides hold a few MB.
        t.ok(rows.pulled < 20_000, `${rows.pulled} rows of 1 KB`)
        t.ok(process.memoryUsage().arrayBuffers - before < 20_000_000)
        abort.abort()
        await t.rejects(load, { name: 'CancelledError' })
      })
      t.ok(rows.isClosed)
      t.equal(await noteCount(), 0)
    })
  }

  t.test('lets the load go on when it is free again', async (t) => {
    const count = 20_000
    let load: Promise<unknown> | undefined
    await locked("INSERT INTO note VALUES (0, 'the same key')", async () => {
      let pulled = 0
      const rows = (function* () {
        for (const [id] of someRows(count)) {
          pulled += 1
          yield [id, KB]
        }
      })()
      load = db.copyInto('note', columns, rows)
      await until(() => pulled > 1_000)
    })
    t.same(await load, { rows: count })
    t.equal(await noteCount(), count)
  })
})

t.test('the event loop', async (t) => {
  t.test('turns while rows come from an iterable that never waits', async (t) => {
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 1)
    await db.copyInto('note', columns, someRows(50_000))
    clearInterval(timer)
    t.ok(turns > 5, `${turns} turns`)
  })
})

t.test('signal and timeoutMs', async (t) => {
  t.test('end a load before it starts', async (t) => {
    const rows = new Endless()
    const error = await failureOf(db.copyInto('note', columns, rows.sync(), { signal: AbortSignal.abort() }))
    t.match(error, { name: 'CancelledError' })
    t.equal(rows.pulled, 0)
  })

  for (const kind of ['sync', 'async'] as const) {
    t.test(`end a load of endless rows of an ${kind} iterable within a second`, async (t) => {
      const rows = new Endless()
      const abort = new AbortController()
      setTimeout(() => abort.abort(), 100)
      const startedAt = performance.now()
      const error = await failureOf(db.copyInto('note', columns, rows[kind](), { signal: abort.signal }))
      t.match(error, { name: 'CancelledError', message: 'copyInto: aborted by its signal; nothing of it was kept' })
      t.ok(performance.now() - startedAt < 1_500)
      t.ok(rows.isClosed)

      const late = new Endless()
      t.match(await failureOf(db.copyInto('note', columns, late[kind](), { timeoutMs: 100 })), { name: 'TimeoutError' })
      t.ok(late.isClosed)
    })
  }

  t.test('end a load whose next row does not come', async (t) => {
    const rows = () =>
      (async function* () {
        yield* someRows(1)
        await new Promise(() => {})
      })()
    t.match(await failureOf(db.copyInto('note', columns, rows(), { signal: AbortSignal.timeout(50) })), {
      name: 'CancelledError',
    })
    t.match(await failureOf(db.copyInto('note', columns, rows(), { timeoutMs: 50 })), { name: 'TimeoutError' })
    const inTransaction = db.transaction((tx) => tx.copyInto('note', columns, rows(), { timeoutMs: 50 }))
    t.match(await failureOf(inTransaction), { name: 'TimeoutError' })
  })

  t.test('are those of the connection where none are given, and may be longer', async (t) => {
    const hasty = await connect({ ...(await createTestDatabase(t)), commandTimeoutMs: 300, pool: { min: 0, max: 2 } })
    t.teardown(() => hasty.close())
    await hasty.query('CREATE TABLE thing (id int4)')
    const slowly = async function* () {
      for (let id = 0; id < 5; id += 1) {
        await sleep(120)
        yield [id]
      }
    }
    await t.rejects(hasty.copyInto('thing', ['id'], slowly()), { name: 'TimeoutError' })
    t.same(await hasty.copyInto('thing', ['id'], slowly(), { timeoutMs: 30_000 }), { rows: 5 })
    t.equal(hasty.stats().pool.borrowed, 0)
  })

  t.test('of `with` hold too', async (t) => {
    const { signal } = new AbortController()
    t.same(await db.with({ signal, timeoutMs: 10_000 }).copyInto('note', columns, someRows(2)), { rows: 2 })
  })
})

t.test('a connection that is lost', async (t) => {
  const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '/* copyInto */%' AND state = 'active'`

  t.test('in mid-load is an error, nothing is kept, and the pool goes on', async (t) => {
    const rows = new Endless()
    const load = failureOf(db.copyInto('note', columns, rows.async()))
    await until(() => rows.pulled > 1_000)
    await db.query(terminate)
    t.match(await load, { name: 'ConnectionError' })
    t.ok(rows.isClosed)
    t.same(await db.copyInto('note', columns, someRows(2)), { rows: 2 })
  })

  t.test('while the next row does not come is noticed', async (t) => {
    let isAsked = false
    const rows = (async function* () {
      yield [1, 'a']
      isAsked = true
      await new Promise(() => {})
    })()
    const load = failureOf(db.copyInto('note', columns, rows))
    await until(() => isAsked)
    await db.query(terminate)
    t.match(await load, { name: 'ConnectionError' })
  })

  t.test('behind the last row leaves the outcome unknown', async (t) => {
    await db.query('CREATE TABLE slow (id int4)')
    await db.query(`CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$`)
    await db.query('CREATE TRIGGER stay AFTER INSERT ON slow FOR EACH STATEMENT EXECUTE FUNCTION stay()')
    const asleep = async () => {
      const sessions = await db.query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`,
      )
      return sessions.length > 0
    }
    const load = db.copyInto('slow', ['id'], [[1]])
    load.catch(() => {})
    await until(asleep)
    await db.query(terminate)
    await t.rejects(load, { name: 'OutcomeUnknownError', query: 'copyInto' })

    const inTransaction = db.transaction((tx) => tx.copyInto('slow', ['id'], [[1]]), { retry: false })
    inTransaction.catch(() => {})
    await until(asleep)
    await db.query(terminate)
    await t.rejects(inTransaction, { name: 'ConnectionError' })

    const abort = new AbortController()
    const aborted = db.copyInto('slow', ['id'], [[1]], { signal: abort.signal })
    aborted.catch(() => {})
    await until(asleep)
    abort.abort()
    await t.rejects(aborted, { name: 'CancelledError' })
    t.same(await db.query('SELECT id FROM slow'), [])
  })
})

t.test('in a transaction', async (t) => {
  t.test('is kept with it, and seen by it', async (t) => {
    await db.transaction(async (tx) => {
      t.same(await tx.copyInto('note', columns, someRows(3)), { rows: 3 })
      t.equal((await tx.query('SELECT 1 FROM note')).length, 3)
      t.equal(await noteCount(), 0)
    })
    t.equal(await noteCount(), 3)
  })

  t.test('is rolled back with it', async (t) => {
    const mine = new Error('mine')
    const work = db.transaction(async (tx) => {
      await tx.copyInto('note', columns, someRows(3))
      throw mine
    })
    t.equal(await failureOf(work), mine)
  })

  t.test('takes it along when it fails, unless it was nested', async (t) => {
    const work = db.transaction(async (tx) => {
      await tx.query("INSERT INTO note VALUES (1, 'a')")
      await tx.copyInto('note', columns, [[2]]).catch(() => {})
    })
    t.match(await failureOf(work), { name: 'TransactionError', cause: { name: 'ValidationError' } })

    await db.transaction(async (tx) => {
      await tx.query("INSERT INTO note VALUES (1, 'a')")
      const nested = tx.transaction((inner) => inner.copyInto('note', columns, [...someRows(3, 10), [1, 'b']]))
      await t.rejects(nested, { name: 'UniqueViolationError', row: 3 })
      await t.rejects(
        tx.transaction((inner) => inner.copyInto('note', columns, [[]])),
        { name: 'ValidationError' },
      )
      await tx.copyInto('note', columns, someRows(1, 5))
    })
    t.equal(await noteCount(), 2)
  })

  t.test('waits for what is in flight, and goes before what comes behind it', async (t) => {
    await db.transaction(async (tx) => {
      const before = tx.query("INSERT INTO note VALUES (9, 'before') RETURNING pg_sleep(0.05)")
      t.same(await tx.copyInto('note', columns, someRows(3)), { rows: 3 })
      await before
    })
    t.equal(await noteCount(), 4)
  })

  t.test('lets no other call in until it is over: its rows would wait for themselves', async (t) => {
    await db
      .transaction(async (tx) => {
        const own = (async function* () {
          yield* someRows(2)
          await tx.query('SELECT 1')
        })()
        await t.rejects(
          tx.transaction((inner) => inner.copyInto('note', columns, own)),
          { name: 'TransactionError' },
        )
        let answer: Promise<unknown> | undefined
        const itself = (async function* () {
          yield* someRows(2)
          answer = tx.query('SELECT 1')
          await answer
        })()
        await t.rejects(tx.copyInto('note', columns, itself), {
          name: 'TransactionError',
          message: /copyInto is under way/,
        })
      })
      .catch((error: Error) => t.match(error, { name: 'TransactionError' }))
    t.equal(await noteCount(), 0)
  })

  t.test('ends when the transaction fails beside it', async (t) => {
    const rows = new Endless()
    const mine = new Error('mine')
    let load: Promise<unknown> | undefined
    const work = db.transaction(async (tx) => {
      load = tx.copyInto('note', columns, rows.async())
      load.catch(() => {})
      await until(() => rows.pulled > 1_000)
      throw mine
    })
    t.equal(await failureOf(work), mine)
    await t.rejects(load as Promise<unknown>, { name: 'TransactionError', message: /has ended/ })
    t.ok(rows.isClosed)
  })

  t.test('is waited for when the callback did not', async (t) => {
    await db.transaction(async (tx) => {
      void tx.copyInto('note', columns, someRows(20_000))
    })
    t.equal(await noteCount(), 20_000)
  })
})

t.test('listeners', async (t) => {
  t.test('are not left on the socket', async (t) => {
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    t.teardown(() => process.off('warning', note))
    await db.copyInto('note', columns, someRows(100_000))
    await Promise.race([once(process, 'warning'), sleep(20)])
    t.same(warnings, [])
  })
})
