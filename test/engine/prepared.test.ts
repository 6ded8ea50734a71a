import t from 'tap'
import { Query } from '../../src/engine/query.js'
import { PreparedStatements } from '../../src/engine/wire/prepared-statements.js'
import { connectTestDatabase } from '../fixtures/database.js'

const text = (id: number): Query<void, { id: number }> =>
  new Query(`text${id}`, { statement: `SELECT ${id} AS id`, params: [] }, { read: true })

const names = "SELECT name FROM pg_prepared_statements WHERE name LIKE 'text%' ORDER BY name"

t.test('prepared statements', async (t) => {
  t.test(
    'are no more than the limit on a connection, on the server too; the one unused for longest goes',
    async (t) => {
      const db = await connectTestDatabase(t, { maxPreparedStatements: 5, pool: { max: 1 } })
      for (let id = 0; id < 40; id += 1) {
        t.same(await db.run(text(id), undefined), [{ id }])
      }
      const [one, two, three, four, five] = [1, 2, 3, 4, 5].map(text) as [
        ReturnType<typeof text>,
        ...ReturnType<typeof text>[],
      ]
      for (const query of [one, two, three, four, five, one]) {
        await db.run(query as typeof one, undefined)
      }
      await db.run(text(6), undefined)
      const kept = (await db.query<{ name: string }>(names)).map(({ name }) => name.split('_')[0])
      t.same(kept, ['text1', 'text3', 'text4', 'text5', 'text6'])
    },
  )

  t.test('hold on a lane with many in flight, too', async (t) => {
    const db = await connectTestDatabase(t, { maxPreparedStatements: 3, pool: { min: 0, max: 2 } })
    const queries = Array.from({ length: 12 }, (_, id) => text(id))
    for (let turn = 0; turn < 5; turn += 1) {
      const results = await Promise.all(
        Array.from({ length: 60 }, (_, index) => db.run(queries[index % 12] as Query<void, { id: number }>, undefined)),
      )
      t.same(
        results.map(([row]) => row?.id),
        Array.from({ length: 60 }, (_, index) => index % 12),
      )
    }
    t.equal(db.stats().pool.failures, 0)
  })

  t.test('are none when they are switched off, and everything works', async (t) => {
    const db = await connectTestDatabase(t, { preparedStatements: false, pool: { min: 0, max: 3 } })
    const context = await db.projectContexts.create({ owner: 'o', name: 'n', techStack: ['a'] })
    const found = await Promise.all([1, 2, 3].map(() => db.projectContexts.find(context.projectContextId)))
    t.same(found, [context, context, context])
    await db.transaction(async (tx) => {
      await Promise.all([tx.projectContexts.count(), tx.query('SELECT 1')])
      await tx.transaction((inner) => inner.projectContexts.count())
    })
    t.same(await db.query('SELECT name FROM pg_prepared_statements'), [])
    t.same(await db.query("SELECT current_setting('lock_timeout') AS limit"), [{ limit: '0' }])
  })

  t.test('switched off, nothing is set for the session: a pooler would refuse it, or give it to others', async (t) => {
    const db = await connectTestDatabase(t, { preparedStatements: false, pool: { min: 0, max: 3 } })
    const settings = new Query<void, { name: string }>(
      'settings',
      {
        statement: `SELECT name FROM pg_settings
          WHERE source IN ('session', 'client') AND name IN ('lock_timeout', 'statement_timeout', 'IntervalStyle', 'DateStyle')`,
        params: [],
      },
      { read: true },
    )
    await db.run(settings, undefined)
    t.same(await db.run(settings, undefined), [{ name: 'DateStyle' }], 'on a lane')
    const alone = await db.query<{ limit: string }>("SELECT current_setting('statement_timeout') AS limit")
    t.same(alone, [{ limit: '0' }], 'on a connection of its own')
  })
})

t.test('PreparedStatements', async (t) => {
  t.test('gives up the one unused for longest, and tells its name once', async (t) => {
    const statements = new PreparedStatements(2)
    const [a, b] = [statements.add('a'), statements.add('b')]
    statements.find('a')
    statements.add('c')
    t.equal(statements.find('b'), undefined)
    t.equal(statements.find('a'), a)
    t.same(statements.takeAbandoned(), ['b'])
    t.same(statements.takeAbandoned(), [])
    statements.forget(b)
    t.same(statements.takeAbandoned(), [], 'what is gone already cannot be given up again')
    statements.giveUp()
    t.same([...statements.takeAbandoned()].sort(), ['a', 'c'])
    t.equal(statements.size, 0)
  })

  t.test('has a name closed once more, and no others, when the server may have passed over it', async (t) => {
    const statements = new PreparedStatements(2)
    const taken = statements.takeAbandoned()
    for (const name of ['a', 'b']) statements.forget(statements.add(name))
    statements.abandonAgain(taken)
    t.same(statements.takeAbandoned(), ['a', 'b'])
  })
})
