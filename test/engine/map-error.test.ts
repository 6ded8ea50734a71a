import { inspect } from 'node:util'
import { DatabaseError } from 'pg'
import t from 'tap'
import { connect } from '../../src/database.js'
import { connecting, mapError } from '../../src/engine/map-error.js'
import { Query } from '../../src/engine/query.js'
import { DataAccessError } from '../../src/errors.js'
import { connectTestDatabase, createTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
const CANARY = 'canary-8d1f'
const COUNT_ERROR = { message: 'query: values: must be at most 65535; send an array instead' }
await db.query(`CREATE TABLE parent (
  id int CONSTRAINT parent_pkey PRIMARY KEY,
  name text CONSTRAINT parent_name_key UNIQUE,
  kind text NOT NULL DEFAULT '',
  CONSTRAINT parent_kind_check CHECK (kind <> '${CANARY}')
)`)
await db.query('CREATE TABLE child (parent_id int CONSTRAINT child_parent_id_fkey REFERENCES parent)')
await db.query('INSERT INTO parent VALUES (1, $1)', [CANARY])
await db.query(`CREATE FUNCTION raise_transition(secret text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a parent cannot go from old to new' USING
    ERRCODE = 'check_violation', CONSTRAINT = 'parent_kind_transition', TABLE = 'parent',
    DETAIL = secret;
END $$`)
await db.query(`CREATE FUNCTION raise_check(secret text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'not %', secret USING ERRCODE = 'check_violation';
END $$`)

/** Runs what must fail; gives the error after proving that no form of it shows the canary. */
async function failure(work: Promise<unknown>): Promise<DataAccessError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof DataAccessError)) throw new Error('expected a DataAccessError')
  const forms = [
    error.message,
    error.stack,
    inspect(error, { depth: Infinity, showHidden: true }),
    JSON.stringify(error),
  ]
  t.notOk(forms.join().includes(CANARY), `${error.name} shows no value`)
  return error
}

t.test('constraint violations', async (t) => {
  const cases: readonly [string, string, readonly unknown[], Record<string, unknown>][] = [
    [
      'UniqueViolationError',
      'INSERT INTO parent VALUES (2, $1)',
      [CANARY],
      { code: 'ASHLAR_UNIQUE_VIOLATION', sqlState: '23505', constraint: 'parent_name_key', table: 'public.parent' },
    ],
    [
      'ForeignKeyViolationError',
      'INSERT INTO child VALUES ($1)',
      [77],
      { code: 'ASHLAR_FOREIGN_KEY_VIOLATION', sqlState: '23503', constraint: 'child_parent_id_fkey' },
    ],
    [
      'NotNullViolationError',
      'INSERT INTO parent VALUES (3, $1, NULL)',
      [`${CANARY}2`],
      { code: 'ASHLAR_NOT_NULL_VIOLATION', sqlState: '23502', constraint: null, column: 'kind' },
    ],
    [
      'CheckViolationError',
      'INSERT INTO parent VALUES (3, NULL, $1)',
      [CANARY],
      { code: 'ASHLAR_CHECK_VIOLATION', sqlState: '23514', constraint: 'parent_kind_check' },
    ],
    [
      'TransitionError',
      'SELECT raise_transition($1)',
      [CANARY],
      {
        message: 'query: a parent cannot go from old to new',
        sqlState: '23514',
        code: 'ASHLAR_TRANSITION',
        table: 'parent',
      },
    ],
  ]
  for (const [name, text, values, fields] of cases) {
    t.test(name, async (t) => {
      const error = await failure(db.query(text, values))
      t.match(error, { name, query: 'query', ...fields })
      t.match(error.cause, { name: 'error', code: fields.sqlState as string })
    })
  }
})

t.test('other refusals', async (t) => {
  const cases: readonly [string, string, readonly unknown[], Record<string, unknown>][] = [
    [
      'what a function raises without naming a constraint',
      'SELECT raise_check($1)',
      [CANARY],
      {
        name: 'CheckViolationError',
        message: 'query: a function or trigger of the database raised an error (SQLSTATE 23514)',
      },
    ],
    [
      'a malformed value',
      'SELECT $1::int',
      [CANARY],
      { name: 'QueryError', message: 'query: a value is malformed for its type' },
    ],
    [
      'a number out of range',
      'SELECT $1::int2',
      ['70000'],
      { sqlState: '22003', message: 'query: a number is out of range for its type' },
    ],
    [
      'an unmapped data error',
      'SELECT 1/0',
      [],
      { message: 'query: the server refused the statement (SQLSTATE 22012)' },
    ],
    [
      'a missing table',
      'SELECT * FROM nowhere',
      [],
      {
        name: 'UndefinedObjectError',
        code: 'ASHLAR_UNDEFINED_OBJECT',
        message: /relation "nowhere" does not exist \(are all migrations applied/,
      },
    ],
    ['a missing column', 'SELECT nothing FROM parent', [], { name: 'UndefinedObjectError' }],
    [
      'a name that is a value',
      'SELECT $1::regclass',
      [CANARY],
      { name: 'UndefinedObjectError', message: /^query: a name that comes from a value .* \(SQLSTATE 42P01\)/ },
    ],
    ['a syntax error', 'SELEC 1', [], { name: 'QueryError', sqlState: '42601' }],
  ]
  for (const [name, text, values, fields] of cases) {
    t.test(name, async (t) => {
      t.match(await failure(db.query(text, values)), fields)
    })
  }
})

t.test('a name that comes from a value', async (t) => {
  await db.query(`CREATE FUNCTION peek(name text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN EXECUTE 'SELECT * FROM ' || name; END $$`)
  const secret = 'Hunter2Secret'
  const cases: readonly [string, readonly unknown[]][] = [
    ['SELECT $1::regclass', [secret]],
    ['SELECT $1::regclass', [`a.${secret}`]],
    ['SELECT $1::regclass', [`db.a.${secret}`]],
    ['SELECT $1::regclass', [`a.b.c.${secret}`]],
    ['SELECT $1::regclass[]', [[secret]]],
    ['SELECT $1::regtype', [secret]],
    ['SELECT $1::regtype', [`x y ${secret}(`]],
    ['SELECT $1::regprocedure', [`${secret}(int)`]],
    ['SELECT $1::regrole', [secret]],
    ['SELECT $1::regnamespace', [secret]],
    ['SELECT $1::regconfig', [secret]],
    ['SELECT $1::aclitem', [`${secret}=r/x`]],
    ['SELECT nextval($1)', [secret]],
    ["SELECT has_table_privilege($1, 'parent', 'select')", [secret]],
    ["SELECT has_column_privilege('parent', $1, 'select')", [secret]],
    ["SELECT has_database_privilege($1, 'connect')", [secret]],
    ['SELECT current_setting($1)', [secret]],
    ["SELECT set_config($1, 'x', true)", [secret]],
    ["SELECT set_config('role', $1, true)", [secret]],
    ['SELECT peek($1)', [secret]],
    ['SELECT peek($1)', [`parent x y ${secret}`]],
  ]
  for (const [text, values] of cases) {
    t.test(`is not shown (${text}, ${JSON.stringify(values[0])})`, async (t) => {
      const error = await failure(db.query(text, values))
      t.notMatch(inspect(error, { depth: Infinity, showHidden: true }), /hunter2/i)
      t.match(error.message, / \(SQLSTATE \w{5}\)/)
    })
  }

  t.test('is not shown of a row that is loaded', async (t) => {
    await db.query('CREATE TABLE named (class regclass)')
    const error = await failure(db.copyInto('named', ['class'], [['parent'], [secret]]))
    t.match(error, { name: 'UndefinedObjectError', row: 1 })
    t.notMatch(inspect(error, { depth: Infinity, showHidden: true }), /hunter2/i)
  })

  const own: readonly [string, RegExp][] = [
    ['SELECT * FROM nowhere WHERE a = $1', /relation "nowhere" does not exist/],
    ['SELECT nothing FROM parent WHERE name = $1', /column "nothing" does not exist/],
    ['SELECT nofunction($1::text)', /function nofunction\(text\) does not exist/],
    ['SELECT noschema.f($1::text)', /schema "noschema" does not exist/],
    ["SELECT 'nowhere'::regclass, $1::text", /relation "nowhere" does not exist/],
    ['SELEC $1', /syntax error at or near "SELEC"/],
    ['INSERT INTO child VALUES (length($1)) ON CONFLICT (parent_id) DO NOTHING', /no unique or exclusion constraint/],
  ]
  for (const [text, message] of own) {
    t.test(`is shown when it is in the statement (${text})`, async (t) => {
      t.match(await failure(db.query(text, ['x'])), { message })
    })
  }

  t.test('is shown when it is the table of a load', async (t) => {
    t.match(await failure(db.copyInto('nowhere', ['a'], [['x']])), { message: /relation "nowhere" does not exist/ })
  })
})

t.test('what a function raises', async (t) => {
  await db.query(`CREATE FUNCTION raise(state text, message text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message; END $$`)

  t.test('is not shown, as it may hold values', async (t) => {
    const error = await failure(db.query('SELECT raise($1, $2)', ['P0001', `value ${CANARY} is bad`]))
    t.match(error, {
      name: 'QueryError',
      message: 'query: a function or trigger of the database raised an error (SQLSTATE P0001)',
    })
  })

  for (const state of ['28000', '28P01', '08001', '3D000', '57P01', '57P03']) {
    t.test(`with SQLSTATE ${state} is a plain refusal, on a connection that stays`, async (t) => {
      const { connects } = db.stats().pool
      t.match(await failure(db.query('SELECT raise($1, $2)', [state, 'no'])), { name: 'QueryError', sqlState: state })
      t.equal(db.stats().pool.connects, connects)
    })
  }

  t.test('with SQLSTATE 40003 leaves the outcome of a write open', async (t) => {
    t.match(await failure(db.query('SELECT raise($1, $2)', ['40003', 'who knows'])), { name: 'OutcomeUnknownError' })
  })

  const transient = ['40001', '40P01', '53100', '53200']
  for (const state of transient) {
    t.test(`with SQLSTATE ${state} is transient`, async (t) => {
      t.match(await failure(db.query('SELECT raise($1, $2)', [state, 'again'], { retry: false })), {
        name: 'TransientError',
        sqlState: state,
      })
    })
  }

  t.test('with SQLSTATE 23P01 is a unique violation, with 23001 one of a foreign key', async (t) => {
    t.match(await failure(db.query('SELECT raise($1, $2)', ['23P01', 'x'])), { name: 'UniqueViolationError' })
    t.match(await failure(db.query('SELECT raise($1, $2)', ['23001', 'x'])), { name: 'ForeignKeyViolationError' })
  })
})

t.test('an error that ends the session', async (t) => {
  const fatal = (code: string, severity: string) =>
    Object.assign(new DatabaseError('over', 4, 'error'), { code, severity })

  t.test('is a lost connection, whatever its SQLSTATE', async (t) => {
    for (const code of ['40001', '57P04', '53400', 'XX000']) {
      t.match(
        mapError(fatal(code, 'FATAL'), { query: 'q', isOutcomeAtStake: false }),
        { name: 'ConnectionError' },
        code,
      )
      t.match(
        mapError(fatal(code, 'PANIC'), { query: 'q', isOutcomeAtStake: true }),
        { name: 'OutcomeUnknownError' },
        code,
      )
    }
  })

  t.test('is known by its SQLSTATE where the severity is in another language', async (t) => {
    for (const code of ['57P01', '57P02', '57P05', '25P03']) {
      t.match(mapError(fatal(code, 'VIGA'), { query: 'q', isOutcomeAtStake: false }), { name: 'ConnectionError' }, code)
    }
  })

  t.test('is one whatever the server says while the connection is made, in any language', async (t) => {
    const context = { ...connecting, query: 'migrate' }
    t.match(mapError(fatal('28P01', 'VIGA'), context), { name: 'ConnectionError', message: /^migrate: / })
  })

  t.test('is a TlsError while connecting where the server insists on it, and could be reached by it', async (t) => {
    const refusal = (message: string) => mapError(Object.assign(fatal('28000', 'FATAL'), { message }), connecting)
    for (const message of [
      'no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", no encryption',
      'no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", SSL off',
      'SSL required',
      'SSL connection is required. Please specify SSL options and retry.',
    ]) {
      t.match(refusal(message), { name: 'TlsError', reason: 'required' }, message)
    }
    for (const message of [
      'no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", SSL encryption',
      'no pg_hba.conf entry for host "[local]", user "a", database "b", no encryption',
    ]) {
      t.match(refusal(message), { name: 'ConnectionError', message: `connect: ${message}` })
    }
  })

  t.test('shows no certificate that a login cannot be bound to', async (t) => {
    const error = new Error('SASL channel binding: unknown OID 1.2.3 when parsing public certificate MIIC+/=')
    t.match(mapError(error, connecting), {
      name: 'ConnectionError',
      message: "connect: SASL channel binding: unknown OID 1.2.3 in the server's certificate",
    })
  })

  t.test('leaves nothing open when pg had not sent the statement', async (t) => {
    const error = new Error('Client has encountered a connection error and is not queryable')
    const context = { query: 'q', isOutcomeAtStake: true }
    t.match(mapError(error, context), { name: 'ConnectionError', message: 'q: the connection was lost' })
    t.match(mapError(error, { ...context, isInTransaction: true }), {
      name: 'ConnectionError',
      message: 'q: the connection was lost; the transaction was rolled back',
    })
  })
})

t.test('values that cannot be sent', async (t) => {
  const circular: Record<string, unknown> = { [CANARY]: 1 }
  circular.self = circular
  const throwing = {
    toPostgres: () => {
      throw new Error(CANARY)
    },
    toJSON: () => {
      throw new Error(CANARY)
    },
  }
  for (const value of [circular, throwing, { a: 1n }]) {
    t.test(`are refused before anything is sent (${Object.keys(value).at(-1)})`, async (t) => {
      const { statements } = db.stats().pool
      t.match(await failure(db.query('SELECT $1::jsonb', [value])), {
        name: 'ValidationError',
        message: 'query: $1: must be a JSON value',
      })
      t.equal(db.stats().pool.statements, statements)
    })
  }

  t.test('are refused when there are too many', async (t) => {
    t.match(await failure(db.query('SELECT 1', Array(65_536).fill(1))), { name: 'ValidationError', ...COUNT_ERROR })
  })
})

t.test('a result that cannot be given', async (t) => {
  t.test('does not hide that the server refused the statement in the end', async (t) => {
    await db.query(
      'CREATE TABLE late (parent_id int CONSTRAINT late_fkey REFERENCES parent DEFERRABLE INITIALLY DEFERRED, at timestamptz)',
    )
    const insert = db.query("INSERT INTO late VALUES (404, 'infinity') RETURNING at")
    t.match(await failure(insert), { name: 'ForeignKeyViolationError', constraint: 'late_fkey' })
    t.same(await db.query('SELECT * FROM late'), [])
  })

  t.test('says so when a write was executed all the same', async (t) => {
    const insert = db.query("INSERT INTO late VALUES (1, 'infinity') RETURNING at, at")
    t.match(await failure(insert), {
      message:
        'query: the result cannot be given: two columns are named at; give one an alias; the statement itself was executed',
    })
    t.match(await db.query('SELECT count(*) FROM late'), [{ count: 1 }])
  })

  t.test('says nothing of it for a read', async (t) => {
    const read = new Query<void, unknown>(
      'read',
      { statement: "SELECT 'infinity'::timestamptz AS at", params: [] },
      { read: true },
    )
    const { message } = await failure(db.run(read, undefined))
    t.match(message, /^read: the result cannot be given: the instant is infinite/)
    t.notMatch(message, /executed/)
  })
})

t.test('stopped statements', async (t) => {
  t.test('are a TimeoutError when they ran too long', async (t) => {
    const short = await connectTestDatabase(t, { commandTimeoutMs: 50 })
    t.match(await failure(short.query('SELECT pg_sleep(60)')), {
      name: 'TimeoutError',
      code: 'ASHLAR_TIMEOUT',
      sqlState: '57014',
    })
    t.same(await short.query('SELECT 1 AS a'), [{ a: 1 }], 'the connection is still good')
  })

  t.test('are a CancelledError when somebody cancelled them', async (t) => {
    const work = failure(db.query("SELECT pg_sleep(60), 'cancel me'"))
    await until(async () => {
      const cancelled = await db.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%cancel me%' AND pid <> pg_backend_pid() AND state = 'active'",
      )
      return cancelled.length > 0
    })
    t.match(await work, { name: 'CancelledError', code: 'ASHLAR_CANCELLED' })
  })

  t.test('are a TransientError when a later attempt may succeed', async (t) => {
    await db.transaction(async (tx) => {
      await tx.query('SELECT * FROM parent FOR UPDATE')
      const other = db.query('SELECT * FROM parent FOR UPDATE NOWAIT')
      t.match(await failure(other), { name: 'TransientError', code: 'ASHLAR_TRANSIENT', sqlState: '55P03' })
    })
  })
})

t.test('the stack of an error', async (t) => {
  t.test('leads back to the caller', async (t) => {
    async function whoAsked(): Promise<void> {
      await db.query('SELECT nothing')
    }
    const { stack } = await failure(whoAsked())
    t.match(stack, 'whoAsked')
  })
})

t.test('connecting', async (t) => {
  const access = await createTestDatabase(t)
  const cases: readonly [string, object, RegExp][] = [
    ['a wrong password', { password: CANARY }, /^connect: password authentication failed for user "ashlar"$/],
    [
      'a server that asks for a password, with none',
      { password: undefined },
      /^connect: the server asks for a password, and none was given/,
    ],
    ['an unknown role', { user: 'nobody_here' }, /^connect: password authentication failed for user "nobody_here"$/],
    ['an unknown database', { database: 'nowhere' }, /^connect: database "nowhere" does not exist$/],
    ['a closed port', { port: 1 }, /^connect: connect ECONNREFUSED 127\.0\.0\.1:1$/],
    [
      'an unknown host',
      { host: 'no-such-host.invalid', sslmode: 'disable' },
      /^connect: getaddrinfo (ENOTFOUND|EAI_AGAIN) no-such-host\.invalid$/,
    ],
  ]
  for (const [name, options, message] of cases) {
    t.test(`to ${name} is a ConnectionError`, async (t) => {
      const error = await failure(connect({ ...access, ...options }))
      t.match(error, { name: 'ConnectionError', code: 'ASHLAR_CONNECTION', message })
    })
  }
})
