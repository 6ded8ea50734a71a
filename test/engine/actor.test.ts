import t from 'tap'
import { connect, type Database, type Transaction } from '../../src/database.js'
import { defineLookup } from '../../src/engine/lookup.js'
import { Query } from '../../src/engine/query.js'
import { type ActorOptions, QueryError, ValidationError } from '../../src/index.js'
import { startCutter } from '../fixtures/cutter.js'
import { createTestDatabase } from '../fixtures/database.js'
import { readQuery, writeQuery } from '../fixtures/read-query.js'
import { newTemplate } from '../fixtures/template-row.js'
import { startTurnCounter } from '../fixtures/turn-counter.js'
import { until } from '../fixtures/until.js'

interface Who {
  readonly actor: string | null
}

const WHO = "nullif(current_setting('ashlar.actor', true), '') AS actor"
const who = readQuery<Who>('who', `SELECT ${WHO}`)
const note = writeQuery<Who>('note', `INSERT INTO note VALUES (:value) RETURNING ${WHO}`)
const access = await createTestDatabase(t)
const db = await connectTo()
await db.query('CREATE TABLE note (text text, actor text DEFAULT core.actor())')
await db.query('CREATE TABLE owned (id int PRIMARY KEY, owner text)')
await db.query("INSERT INTO owned SELECT id, 'actor ' || id % 2 FROM generate_series(1, 100) AS id")

async function connectTo(options: object = {}): Promise<Database> {
  const handle = await connect({ ...access, pool: { min: 0, max: 3 }, ...options })
  t.teardown(() => handle.close())
  return handle
}

const ann = { actorId: 'ann' }
const bob = { actorId: 'bob' }
type Asking = Pick<Database, 'run'>

async function asked(executor: Asking): Promise<string | null | undefined> {
  return (await executor.run(who, {}))[0]?.actor
}

async function noted(): Promise<(string | null)[]> {
  const rows = await db.query<Who>('SELECT actor FROM note ORDER BY text')
  return rows.map(({ actor }) => actor)
}

t.beforeEach(() => db.query('TRUNCATE note'))

t.test('a call outside of a transaction', async (t) => {
  const kinds = {
    'a pool': {},
    'no pool': { pool: 'none' },
    'a pooler before the server': { preparedStatements: false },
    'coalesced lookups': { coalesce: true },
  }
  for (const [kind, options] of Object.entries(kinds)) {
    t.test(`has the actor with ${kind}, and the next call has none`, async (t) => {
      const handle = await connectTo(options)
      const own = handle.as(ann)
      t.equal(await asked(own), 'ann', 'a read')
      t.same(await own.run(note, { value: '1' }), [{ actor: 'ann' }], 'a write')
      t.same(await own.query(`SELECT ${WHO}`), [{ actor: 'ann' }], 'raw text')
      t.same(await own.query(`SELECT ${WHO}`, [], { timeoutMs: 5_000 }), [{ actor: 'ann' }], 'with a limit')
      t.same((await own.copyInto('note', ['text'], [['2']])).rows, 1, 'a load')
      t.same(await collect(own.stream(who, {})), [{ actor: 'ann' }], 'a stream')
      t.same(await noted(), ['ann', 'ann'])
      t.equal(await asked(handle), null)
      t.equal(await asked(handle.as(bob)), 'bob')
    })
  }

  t.test('takes no round trip more', async (t) => {
    const counter = await startTurnCounter(t, access.port)
    const handle = await connectTo({ port: counter.port, pool: { max: 1, lanes: null } })
    const own = handle.as(ann)
    await own.run(note, { value: '0' })
    await counter.take()
    await own.run(note, { value: '1' })
    t.equal(await counter.take(), 1, 'a write')
    await own.transaction((tx) => tx.run(note, { value: '2' }))
    t.equal(await counter.take(), 2, 'a transaction: its statement, and COMMIT')
  })

  t.test('has the actor on a lane among reads of others', async (t) => {
    const handle = await connectTo({ pool: { max: 2, lanes: 1 } })
    const asking = Array.from({ length: 30 }, (_, index) =>
      index % 3 === 0 ? asked(handle) : asked(handle.as({ actorId: `actor ${index}` })),
    )
    t.same(
      await Promise.all(asking),
      asking.map((_, index) => (index % 3 === 0 ? null : `actor ${index}`)),
    )
    // On a busy machine a second one is opened beside a slow one.
    t.not(handle.stats().pool.lanes, 0)
  })

  t.test('has the actor when it is run again off its lane', async (t) => {
    const handle = await connectTo({ pool: { max: 2, lanes: 1 } })
    const { reruns } = handle.stats().pool
    const locked = readQuery<Who>('locked', `SELECT ${WHO} FROM owned WHERE id = 1 FOR SHARE`)
    let read: Promise<Who[]> | null = null
    await db.transaction(async (tx) => {
      await tx.query('SELECT FROM owned WHERE id = 1 FOR UPDATE')
      read = handle.as(ann).run(locked, {})
      while (handle.stats().pool.reruns === reruns) await tx.query('SELECT 1')
    })
    t.same(await read, [{ actor: 'ann' }])
  })

  t.test('has the actor when it is tried again', async (t) => {
    const cutter = await startCutter(t, access.port)
    const handle = await connectTo({ port: cutter.port })
    await asked(handle.as(ann))
    cutter.cutAt('tried again', 'before')
    const rows = handle.as(ann).query(`INSERT INTO note VALUES ('tried again') RETURNING ${WHO}`, [], {
      operationId: 'tried again',
    })
    t.same(await rows, [{ actor: 'ann' }])
    t.ok((handle.stats().events.retry ?? 0) > 0)
  })

  t.test('has the actor when its plan is repaired', async (t) => {
    const handle = await connectTo({ pool: { max: 1 } })
    await handle.query('CREATE TABLE altered (text text DEFAULT core.actor())')
    const all = readQuery<Who>(
      'altered',
      `SELECT altered.*, ${WHO} FROM altered RIGHT JOIN (VALUES (1)) AS one ON true`,
    )
    await handle.as(ann).run(all, {})
    await handle.query('ALTER TABLE altered ADD COLUMN a int')
    t.match(await handle.as(ann).run(all, {}), [{ actor: 'ann', a: null }])
    t.equal(handle.stats().events['plan-repaired'], 1)
  })

  t.test('has the actor when another has deallocated all that was prepared', async (t) => {
    const handle = await connectTo({ pool: { max: 1, lanes: null } })
    await handle.as(ann).run(note, { value: '1' })
    // Unseen by this side, as a pooler would do it.
    await handle.query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")
    t.same(await handle.as(ann).run(note, { value: '2' }), [{ actor: 'ann' }])
  })

  t.test('fails one load only when another has deallocated all that was prepared', async (t) => {
    const handle = await connectTo({ pool: { max: 1, lanes: null } })
    const load = (text: string) => handle.as(ann).copyInto('note', ['text'], [[text]])
    await load('1')
    await handle.query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")
    await t.rejects(load('2'), { name: 'QueryError', sqlState: '26000', outcome: 'not-executed' })
    t.same(await load('3'), { rows: 1 })
    t.same(await noted(), ['ann', 'ann'])
  })

  t.test('refuses what must not be in a transaction', async (t) => {
    await t.rejects(db.as(ann).query('VACUUM note'), { name: 'QueryError', sqlState: '25001' })
    await db.query(
      "CREATE PROCEDURE note_twice() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO note VALUES ('1'); COMMIT; INSERT INTO note VALUES ('2'); END $$",
    )
    await t.rejects(db.as(ann).query('CALL note_twice()'), { name: 'QueryError', sqlState: '2D000' })
    t.same(await noted(), [])
    await db.query('CALL note_twice()')
    t.equal((await noted()).length, 2)
  })

  t.test('has the actor in each batch of a stream', async (t) => {
    const many = readQuery<Who>('many', `SELECT ${WHO} FROM generate_series(1, 30)`)
    t.same(
      (await collect(db.as(ann).stream(many, {}, { batchSize: 5 }))).map(({ actor }) => actor),
      Array.from({ length: 30 }, () => 'ann'),
    )
  })

  t.test('leaves the connection as it was, so that nothing is reset', async (t) => {
    const handle = await connectTo({ pool: { max: 1, lanes: null } })
    const read = "SELECT pg_backend_pid() AS pid, current_setting('my.own', true) AS own"
    await handle.query('SELECT 1')
    await handle.as(ann).run(note, { value: '1' })
    t.match(await handle.query(read), [{ own: null }])
    t.equal(handle.stats().pool.connects, 1)
    await handle.query("SET ashlar.actor = 'left behind'")
    t.equal(await asked(handle), null, 'a raw SET is reset')
  })
})

async function collect<R>(rows: AsyncIterable<R>): Promise<R[]> {
  const collected: R[] = []
  for await (const row of rows) collected.push(row)
  return collected
}

t.test('a transaction', async (t) => {
  t.test('has the actor in all that it does, nested ones too', async (t) => {
    await db.as(ann).transaction(async (tx) => {
      t.equal(await asked(tx), 'ann')
      t.same(await tx.query(`SELECT ${WHO}`), [{ actor: 'ann' }])
      await tx.copyInto('note', ['text'], [['1']])
      t.same(await collect(tx.stream(who, {})), [{ actor: 'ann' }])
      await tx.transaction(async (inner) => t.equal(await asked(inner), 'ann'))
    })
    t.same(await noted(), ['ann'])
    t.equal(await asked(db), null)
  })

  t.test('has another actor for the calls of tx.as alone', async (t) => {
    for (const own of [undefined, ann]) {
      const executor = own === undefined ? db : db.as(own)
      await executor.transaction(async (tx) => {
        const name = own?.actorId ?? null
        const other = tx.as(bob)
        t.same(await Promise.all([asked(tx), asked(other), asked(other), asked(tx)]), [name, 'bob', 'bob', name])
        await other.transaction(async (inner) => {
          t.equal(await asked(inner), 'bob')
          t.equal(await asked(inner.as({ actorId: 'cat' })), 'cat')
        })
        await other.copyInto('note', ['text'], [['1']])
        t.equal(await asked(tx), name)
      })
    }
    t.same(await noted(), ['bob', 'bob'])
  })

  t.test('knows who it is behind a savepoint that was rolled back', async (t) => {
    const fail = async (): Promise<never> => Promise.reject(new Error('rolls back'))
    await db.as(ann).transaction(async (tx) => {
      await tx
        .transaction(async (inner) => {
          t.equal(await asked(inner), 'ann', 'set within the savepoint, with BEGIN before it')
          return fail()
        })
        .catch(() => {})
      t.equal(await asked(tx), 'ann')
      await tx
        .transaction(async (inner) => {
          t.equal(await asked(inner.as(bob)), 'bob')
          return fail()
        })
        .catch(() => {})
      t.equal(await asked(tx), 'ann')
      await tx
        .transaction(async (inner) => {
          t.equal(await asked(inner.as(bob)), 'bob')
          await t.rejects(inner.as(bob).query('SELECT 1 / 0'), QueryError)
          return fail()
        })
        .catch(() => {})
      t.equal(await asked(tx.as(bob)), 'bob')
      t.equal(await asked(tx), 'ann')
    })
  })

  t.test('knows who it is behind a raw ROLLBACK TO, which it sends when it has failed', async (t) => {
    await db.transaction(async (tx) => {
      await asked(tx.as(ann))
      await tx.query('SAVEPOINT own')
      t.equal(await asked(tx), null)
      await t.rejects(tx.query('SELECT 1 / 0'), QueryError)
      await tx.as(bob).query('ROLLBACK TO own')
      t.equal(await asked(tx), null, 'the setting of before is back, and is not this')
      await tx.as(ann).query('ROLLBACK TO own')
      t.equal(await asked(tx.as(ann)), 'ann')
    })
  })

  t.test('sets anew what a raw ROLLBACK TO has taken back', async (t) => {
    await db.as(ann).transaction(async (tx) => {
      await tx.query('SAVEPOINT own')
      t.equal(await asked(tx.as(bob)), 'bob')
      await tx.query('ROLLBACK TO own')
      t.equal(await asked(tx.as(bob)), 'bob')
    })
  })

  t.test('is ended when it has failed with another actor', async (t) => {
    const work = db.as(ann).transaction(async (tx) => {
      await tx.as(bob).run(note, { value: '1' })
      await tx
        .as(bob)
        .query('SELECT 1 / 0')
        .catch(() => {})
    })
    await t.rejects(work, { name: 'TransactionError', message: /was rolled back: an earlier statement/ })
    t.same(await noted(), [])
  })

  t.test('runs what was deferred to its COMMIT with its own actor', async (t) => {
    await db.query(`CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO note VALUES ('deferred'); RETURN NULL; END $$`)
    await db.query('CREATE TABLE deferring (id int)')
    await db.query(`CREATE CONSTRAINT TRIGGER deferring_tell AFTER INSERT ON deferring DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION tell()`)
    await db.as(ann).transaction((tx) => tx.as(bob).query('INSERT INTO deferring VALUES (1)'))
    t.same(await noted(), ['ann'])
  })

  t.test('gives each batch of a stream to the actor that asked for it', async (t) => {
    const many = readQuery<Who>('many', `SELECT ${WHO} FROM generate_series(1, 30)`)
    await db.as(ann).transaction(async (tx) => {
      const seen = new Set<string | null>()
      for await (const { actor } of tx.as(bob).stream(many, {}, { batchSize: 5 })) {
        seen.add(actor)
        t.equal(await asked(tx), 'ann')
      }
      t.same([...seen], ['bob'])
    })
  })

  t.test('has its snapshot from the first statement with an actor, be that LOCK TABLE', async (t) => {
    await db.query('CREATE TABLE locked (n int)')
    const seen = (tx: Pick<Database, 'query'>) => tx.query<{ n: number }>('SELECT count(*)::int AS n FROM locked')
    const lock = 'LOCK TABLE locked'
    const beginFirst = async (work: (tx: Transaction) => Promise<unknown>) => {
      let locked = (): void => {}
      const isLocked = new Promise<void>((resolve) => {
        locked = resolve
      })
      const writing = db.transaction(async (tx) => {
        await tx.query(lock)
        await tx.query('INSERT INTO locked VALUES (1)')
        locked()
        await until(async () => {
          const [row] = await tx.query<{ n: number }>(
            "SELECT count(*)::int AS n FROM pg_locks WHERE relation = 'locked'::regclass AND NOT granted",
          )
          return row?.n === 1
        })
      })
      await isLocked
      const read = await db.transaction(work, { isolation: 'repeatable read' })
      await writing
      return read
    }
    t.same(await beginFirst((tx) => tx.query(lock).then(() => seen(tx.as(ann)))), [{ n: 1 }])
    t.same(
      await beginFirst((tx) =>
        tx
          .as(ann)
          .query(lock)
          .then(() => seen(tx)),
      ),
      [{ n: 1 }],
      'not what came since',
    )
  })

  t.test('with an operationId has the actor, and gives its result again', async (t) => {
    const call = () => db.as(ann).transaction((tx) => asked(tx), { operationId: 'whole' })
    t.equal(await call(), 'ann')
    t.equal(await call(), 'ann')
    await db.as(ann).copyInto('note', ['text'], [['1']], { operationId: 'load' })
    t.same(await noted(), ['ann'])
  })
})

t.test('lookups', async (t) => {
  const parameterTypes = { id: 'int4', ids: 'int4[]' }
  const query = <P>(name: string, statement: string, param: string) => {
    const at = statement.indexOf(`:${param}`)
    const locs = [{ a: at, b: at + param.length }]
    const params = [{ name: param, required: true, transform: { type: 'scalar' as const }, locs }]
    return new Query<P, { id: number; actor: string | null }>(
      name,
      { statement, params },
      { read: true, parameterTypes },
    )
  }
  const lookup = defineLookup({
    one: query<{ id: number }>('one', `SELECT id, ${WHO} FROM owned WHERE id = :id`, 'id'),
    many: query<{ ids: readonly number[] }>('many', `SELECT id, ${WHO} FROM owned WHERE id = ANY (:ids)`, 'ids'),
    parameter: 'id',
    manyParameter: 'ids',
    column: 'id',
  })

  t.test('of one tick are one statement for each actor, and not for all', async (t) => {
    const handle = await connectTo({ coalesce: true })
    const { statements } = handle.stats().pool
    const calls = [undefined, ann, bob, ann].flatMap((actor) =>
      [1, 2, 3].map(async (id) => {
        const executor = actor === undefined ? handle : handle.as(actor)
        const row = await executor.lookup(lookup, id)
        t.same(row, { id, actor: actor?.actorId ?? null })
      }),
    )
    await Promise.all(calls)
    t.equal(handle.stats().pool.statements - statements, 3)
  })

  t.test('of one key are each actor’s own', async (t) => {
    await db.transaction(async (tx) => {
      const rows = [tx, tx.as(ann), tx.as(bob), tx].map((executor) => executor.lookup(lookup, 7, { coalesce: true }))
      t.same(
        (await Promise.all(rows)).map((row) => row?.actor),
        [null, 'ann', 'bob', null],
      )
    })
  })

  t.test('in a transaction stay before what is sent behind them', async (t) => {
    await db
      .transaction(async (tx) => {
        const found = tx.as(ann).lookup(lookup, 9, { coalesce: true })
        void tx.query('DELETE FROM owned WHERE id = 9')
        t.same(await found, { id: 9, actor: 'ann' })
        throw new Error('rolls back')
      })
      .catch((error) => t.match(error, { message: 'rolls back' }))
  })
})

t.test('as', async (t) => {
  t.test('keeps what with has set, and with keeps the actor', async (t) => {
    const limits = { timeoutMs: 50 }
    for (const executor of [db.as(ann).with(limits), db.with(limits).as(ann)]) {
      t.equal(await asked(executor), 'ann')
      await t.rejects(executor.query('SELECT pg_sleep(60)'), { name: 'TimeoutError' })
    }
    t.equal(await asked(db.as(ann).as(bob)), 'bob', 'the last one')
  })

  t.test('has the repositories', async (t) => {
    await db.query('ALTER TABLE agent.template ADD COLUMN actor text DEFAULT core.actor()')
    t.teardown(() => db.query('ALTER TABLE agent.template DROP COLUMN actor'))
    await db.as(ann).templates.create(newTemplate())
    t.same(await db.query('SELECT actor FROM agent.template'), [{ actor: 'ann' }])
  })

  t.test('takes 1 to 255 characters', async (t) => {
    for (const actorId of ['a', '😀'.repeat(255), "O'Neil; \\ \n $1"]) {
      t.equal(await asked(db.as({ actorId })), actorId)
    }
  })

  t.test('refuses all else, and does not repeat it', async (t) => {
    const refused: [unknown, RegExp][] = [
      [{ actorId: '' }, /^as: actorId: must have 1 to 255 characters$/],
      [{ actorId: 'canary'.repeat(50) }, /must have 1 to 255 characters$/],
      [{ actorId: 'canary\0' }, /^as: actorId: /],
      [{ actorId: 'canary\ud800' }, /^as: actorId: /],
      [{ actorId: 42 }, /^as: actorId: must be a string$/],
      [{}, /^as: actorId: must be a string$/],
      [{ ...ann, signal: null }, /^as: signal: is no option of as; there is actorId$/],
      [null, /^as: options: must be an object$/],
      ['ann', /^as: options: must be an object$/],
      [[], /^as: options: must be an object$/],
    ]
    for (const [options, message] of refused) {
      const error = t.throws(() => db.as(options as ActorOptions), { name: 'ValidationError', message })
      t.notMatch(String(error), /canary|42/)
    }
    const own = { actor: 'ann', actorId: 'ann' } as object
    await t.rejects(db.query('SELECT 1', [], own), ValidationError, 'it is no option of a call')
    t.throws(() => db.with(own), ValidationError)
  })

  t.test('gives what the types say', async (t) => {
    const handle = db.as(ann)
    // @ts-expect-error Only the handle itself can be closed.
    t.equal(handle.close, undefined)
    // @ts-expect-error The id is not left out.
    t.throws(() => db.as({}))
    await db.transaction(async (tx) => t.type(tx.as(ann).templates.find, 'function'))
  })
})

t.test('the actor’s name', async (t) => {
  t.test('is in no error and no event', async (t) => {
    const events: unknown[] = []
    const handle = await connectTo()
    t.teardown(handle.onEvent((event) => void events.push(event)))
    const own = handle.as({ actorId: 'canary' })
    const failing = [
      'SELECT core.actor()::regclass',
      'SELECT core.actor()::int',
      "DO $$ BEGIN RAISE 'it was %', core.actor(); END $$",
      "DO $$ BEGIN EXECUTE format('SET ROLE %I', core.actor()); END $$",
      "DO $$ BEGIN EXECUTE format('SELECT * FROM %I', core.actor()); END $$",
    ]
    for (const text of failing) {
      const read = readQuery('failing', text)
      const ways = [
        () => own.query(text),
        () => own.transaction((tx) => tx.query(text)),
        () => handle.transaction((tx) => tx.as({ actorId: 'canary' }).query(text)),
        () => collect(own.stream(read, {})),
        () => own.query(text, [], { operationId: text }),
        ...(text.startsWith('SELECT') ? [() => own.run(read, {})] : []),
      ]
      for (const way of ways) {
        const error = await way().then(
          () => t.fail(text),
          (reason: unknown) => reason as Error,
        )
        t.type(error, QueryError)
        t.notMatch(
          JSON.stringify({ ...(error as object), text: String(error), cause: String((error as Error).cause) }),
          /canary/,
        )
      }
    }
    t.notMatch(JSON.stringify(events), /canary/)
  })
})
