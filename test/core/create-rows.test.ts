/** What createMany does alike for few rows and many, and the few things that it does not. */

import t from 'tap'
import { connect } from '../../src/database.js'
import type { Executor } from '../../src/engine/executor.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newModification } from '../fixtures/modification.js'
import { newProjectContext } from '../fixtures/project-context.js'
import { createRole } from '../fixtures/role.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
const { projectContexts, modifications } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'
/** The last that are created by INSERT, the first by COPY. */
const [FEW, MANY] = [1_999, 2_000]

/** In an order that is not that of their names. */
function someContexts(owner: string, count: number) {
  return Array.from({ length: count }, (_, index) =>
    newProjectContext({
      owner,
      name: `name ${(index * 7) % count}`,
      description: index % 3 === 0 ? null : 'tab\t, line\n, back\\slash, "quote", \\N, \\.',
      language: index % 2 === 0 ? null : 'Rust',
      status: index % 5 === 0 ? 'paused' : 'active',
      codebase: index % 4 === 0 ? {} : { files: index, extra: ['\\', '\n', null, { 'a"': 1.5 }] },
      techStack: index % 6 === 0 ? [] : ['a, b', '{c}', '"', 'NULL', '\\'],
      testCoverage: index % 7 === 0 ? null : (index % 1_000) / 10,
    }),
  )
}

/** Waits until a statement waits for a lock. */
async function untilBlocked(other: Pick<Executor, 'query'>): Promise<void> {
  await until(async () => {
    const [row] = await other.query<{ waiting: number }>(
      'SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())',
    )
    return row?.waiting === 1
  })
}

for (const size of [FEW, MANY]) {
  t.test(`${size} contexts`, async (t) => {
    t.test('are given in their order, as they are found afterwards', async (t) => {
      const given = someContexts(`order ${size}`, size)
      const created = await projectContexts.createMany(given)
      t.same(
        created.map(({ projectContextId, createdAt, updatedAt, iteration, ...stored }) => stored),
        given,
      )
      t.same(await projectContexts.findMany(created.map(({ projectContextId }) => projectContextId)), created)
      for (const { projectContextId, iteration, createdAt, updatedAt } of created) {
        if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(projectContextId)) t.fail('no UUIDv7')
        if (iteration !== 0 || createdAt.getTime() !== updatedAt.getTime()) t.fail('not as by default')
      }
    })

    t.test('are none when one is there already, whose place is told of many', async (t) => {
      const owner = `taken ${size}`
      const given = someContexts(owner, size)
      await projectContexts.create(newProjectContext({ owner, name: String(given[600]?.name) }))
      const reason = 'duplicate key value violates unique constraint "project_context_owner_name_key"'
      const place = size === FEW ? '' : '[600]: '
      await t.rejects(projectContexts.createMany(given), {
        name: 'UniqueViolationError',
        query: 'createProjectContexts',
        constraint: 'project_context_owner_name_key',
        table: 'agent.project_context',
        row: size === FEW ? null : 600,
        message: `createProjectContexts: ${place}${reason}`,
        cause: { code: '23505', message: `${place}${reason}` },
      })
      t.equal(await projectContexts.count({ owner }), 1)
    })

    t.test('are refused before anything is sent when two are the same or one is malformed', async (t) => {
      const given = someContexts(`twice ${size}`, size)
      const { statements, borrowed } = db.stats().pool
      await t.rejects(projectContexts.createMany(given.with(700, given[3] as never)), {
        name: 'ValidationError',
        message: 'createProjectContexts: [700]: has the owner and name of [3]',
      })
      await t.rejects(projectContexts.createMany(given.with(700, newProjectContext({ testCoverage: 101 }))), {
        name: 'ValidationError',
        message: /^createProjectContexts: \[700\]\.testCoverage: Too big/,
      })
      t.match(db.stats().pool, { statements, borrowed })
    })

    t.test('are locked by the bytes of owner and name, whatever the collation', async (t) => {
      const own = await connectTestDatabase(t)
      await own.query(
        'ALTER TABLE agent.project_context ALTER COLUMN owner TYPE text COLLATE "en-x-icu", ALTER COLUMN name TYPE text COLLATE "en-x-icu"',
      )
      const names = ['b', 'B', 'a', 'A', 'ä', '\u{ffee}', '🧱', 'a b', 'a\u0001', 'aa', '_']
      const some = names.flatMap((owner) => names.map((name) => ({ owner, name })))
      const rest = Array.from({ length: size - some.length }, (_, index) => ({ owner: 'zz', name: String(index) }))
      await own.projectContexts.createMany([...some, ...rest])
      const stored = await own.query('SELECT owner, name FROM agent.project_context ORDER BY ctid')
      const sorted = await own.query(
        'SELECT owner, name FROM agent.project_context ORDER BY owner COLLATE "C", name COLLATE "C"',
      )
      t.same(stored, sorted)
    })

    t.test('do not deadlock with the same ones in another order', async (t) => {
      for (let round = 0; round < 3; round += 1) {
        const given = someContexts(`crossed ${size} ${round}`, size)
        const other = round === 2 ? given.slice(0, 500).toReversed() : given.toReversed()
        const [upserted, ...outcomes] = await Promise.allSettled([
          // Not unchanged: that would be asked again for each.
          projectContexts.upsertMany(other.map((context) => ({ ...context, description: 'other' }))),
          projectContexts.createMany(given),
          projectContexts.createMany(other),
        ])
        t.equal(upserted.status, 'fulfilled')
        const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.name] : []))
        t.ok(refused.length >= 1 && refused.every((name) => name === 'UniqueViolationError'), refused.join())
      }
    })

    t.test('are none when the call is stopped, which is told as its own', async (t) => {
      const owner = `stopped ${size}`
      const given = someContexts(owner, size)
      await t.rejects(db.with({ signal: AbortSignal.abort() }).projectContexts.createMany(given), {
        name: 'CancelledError',
        query: 'createProjectContexts',
        message: 'createProjectContexts: aborted by its signal; nothing of it was kept',
      })
      const abort = new AbortController()
      await db.transaction(async (tx) => {
        await tx.query('LOCK TABLE agent.project_context IN SHARE MODE')
        const aborted = db.with({ signal: abort.signal }).projectContexts.createMany(given)
        const rejected = t.rejects(aborted, { name: 'CancelledError', query: 'createProjectContexts' })
        await untilBlocked(tx)
        abort.abort()
        await rejected
        await t.rejects(db.with({ timeoutMs: 100 }).projectContexts.createMany(given), {
          name: 'TimeoutError',
          query: 'createProjectContexts',
        })
      })
      t.equal(await projectContexts.count({ owner }), 0)
    })

    t.test('are created in a transaction, beside its other statements', async (t) => {
      const owner = `transaction ${size}`
      const given = someContexts(owner, size)
      await db.transaction(async (tx) => {
        const [created, other] = await Promise.all([
          tx.projectContexts.createMany(given),
          tx.projectContexts.create(newProjectContext({ owner })),
        ])
        t.same(
          created.map(({ name }) => name),
          given.map(({ name }) => name),
        )
        t.equal(await tx.projectContexts.exists(other.projectContextId), true)
        t.equal(await tx.projectContexts.count({ owner }), size + 1)
      })
      t.equal(await projectContexts.count({ owner }), size + 1)
    })

    t.test('end a transaction when they fail, but not the one around a savepoint', async (t) => {
      const owner = `failing ${size}`
      const given = someContexts(owner, size)
      await projectContexts.create(newProjectContext({ owner, name: String(given[0]?.name) }))
      const swallowing = db.transaction(async (tx) => {
        await t.rejects(tx.projectContexts.createMany(given), { name: 'UniqueViolationError' })
      })
      await t.rejects(swallowing, { name: 'TransactionError' })
      await db.transaction(async (tx) => {
        const nested = tx.transaction((inner) => inner.projectContexts.createMany(given))
        await t.rejects(nested, { name: 'UniqueViolationError', query: 'createProjectContexts' })
        await tx.projectContexts.create(newProjectContext({ owner }))
      })
      t.equal(await projectContexts.count({ owner }), 2)
    })

    t.test('are created once with an operationId, which is of these rows', async (t) => {
      const once = db.with({ operationId: `once ${size}` })
      const given = someContexts(`once ${size}`, size)
      const first = await once.projectContexts.createMany(given)
      t.strictSame(await once.projectContexts.createMany(given), first)
      await t.rejects(once.projectContexts.createMany(someContexts(`twice ${size}`, size)), { name: 'ValidationError' })
      t.equal(await projectContexts.count({ owner: `once ${size}` }), size)
    })

    t.test('are created by a role that may do no more than that', async (t) => {
      const { user, password } = await createRole(t)
      const own = await connectTestDatabase(t)
      const { host, port, database } = own.server
      for (const text of [
        `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
        `GRANT CONNECT ON DATABASE ${database} TO ${user}`,
        `GRANT USAGE ON SCHEMA agent TO ${user}`,
        `GRANT SELECT ON agent.project_context TO ${user}`,
        `GRANT INSERT (owner, name, description, status, language, framework, codebase, configuration, tech_stack, dependencies, test_coverage, security_score, performance_score) ON agent.project_context TO ${user}`,
      ]) {
        await own.query(text)
      }
      await using limited = await connect({ host, port, user, password, database })
      t.equal((await limited.projectContexts.createMany(someContexts('no rights', size))).length, size)
      await own.query(`GRANT USAGE ON SCHEMA core TO ${user}`)
      await own.query(`GRANT INSERT ON agent.project_context TO ${user}`)
      t.equal((await limited.projectContexts.createMany(someContexts('no TEMP', size))).length, size)
      await own.query('ALTER TABLE agent.project_context ENABLE ROW LEVEL SECURITY')
      await own.query("CREATE POLICY mine ON agent.project_context USING (owner = 'mine')")
      const mine = someContexts('mine', size)
      t.equal((await limited.projectContexts.createMany(mine)).length, size)
      await t.rejects(limited.projectContexts.createMany(someContexts('theirs', size)), {
        name: 'QueryError',
        sqlState: '42501',
        query: 'createProjectContexts',
      })
      t.equal(await own.projectContexts.count({ owner: 'theirs' }), 0)
    })
  })

  t.test(`${size} modifications`, async (t) => {
    const contexts = await projectContexts.createMany(someContexts(`modifications ${size}`, 3))
    const idOf = (index: number) => String(contexts[index % 3]?.projectContextId)
    const someModifications = () =>
      Array.from({ length: size }, (_, index) =>
        newModification(index % 2 === 0 ? idOf(index) : idOf(index).toUpperCase(), {
          impactAnalysis: index % 4 === 0 ? null : { risk: 'low', affectedComponents: ['\\', '\n'], estimate: {} },
          affectedFiles: index % 5 === 0 ? [] : ['a, b', '{}', `src/${index}.ts`],
        }),
      )

    t.test('are given in their order, pending, as they are found afterwards', async (t) => {
      const given = someModifications()
      const created = await modifications.createMany(given)
      t.same(
        created.map(({ projectContextId, request, requestedBy, impactAnalysis, affectedFiles }) => ({
          projectContextId,
          request,
          requestedBy,
          impactAnalysis,
          affectedFiles,
        })),
        given.map((modification, index) => ({ ...modification, projectContextId: idOf(index) })),
      )
      t.ok(created.every(({ status, decidedAt }) => status === 'pending' && decidedAt === null))
      const ids = created.map(({ modificationId }) => modificationId)
      t.same(await modifications.findMany(ids), created)
      const times = ids.map((id) => id.slice(0, 13))
      t.same(times, times.toSorted(), 'ids by time in the order of the input')
    })

    t.test('are none when there is no such context', async (t) => {
      const before = await modifications.count()
      await t.rejects(modifications.createMany(someModifications().with(5, newModification(UNKNOWN_ID))), {
        name: 'ForeignKeyViolationError',
        query: 'createModifications',
        constraint: 'modification_project_context_id_fkey',
        message: /^createModifications: insert or update on table "modification" violates/,
      })
      t.equal(await modifications.count(), before)
    })

    t.test('lock their contexts in the order of the ids', async (t) => {
      // A new table: rows lie in it as they came.
      const own = await connectTestDatabase(t)
      const some = await own.projectContexts.createMany(someContexts('ada', 10))
      await own.modifications.createMany(
        Array.from({ length: size }, (_, index) => newModification(String(some[(index * 7) % 10]?.projectContextId))),
      )
      const stored = await own.query<{ id: string }>(
        'SELECT project_context_id AS id FROM agent.modification ORDER BY ctid',
      )
      const ids = stored.map(({ id }) => id)
      t.same(ids, ids.toSorted())
    })
  })
}

t.test('a trigger that leaves rows out', async (t) => {
  const own = await connectTestDatabase(t)
  await own.query(`CREATE FUNCTION drop_some() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.name = 'name 4' THEN RETURN NULL; END IF; RETURN NEW; END $$`)
  await own.query(
    'CREATE TRIGGER drop_some BEFORE INSERT ON agent.project_context FOR EACH ROW EXECUTE FUNCTION drop_some()',
  )
  await t.rejects(own.projectContexts.createMany(someContexts('ada', MANY)), {
    name: 'RowCountError',
    message: 'createProjectContexts: expected 2000 rows, got 1999',
  })
  t.equal(await own.projectContexts.count(), 0)
})

t.test('a connection that is lost at COMMIT', async (t) => {
  const own = await connectTestDatabase(t)
  await own.query(`CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$`)
  await own.query(
    'CREATE CONSTRAINT TRIGGER end_session AFTER INSERT ON agent.project_context DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION end_session()',
  )
  for (const size of [FEW, MANY]) {
    await t.rejects(own.projectContexts.createMany(someContexts('ada', size)), {
      name: 'OutcomeUnknownError',
      query: 'createProjectContexts',
      message: /^createProjectContexts: the connection was lost before the answer/,
    })
  }
  t.equal(await own.projectContexts.count(), 0)
})
