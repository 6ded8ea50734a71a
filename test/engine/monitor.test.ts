import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { readQuery, writeQuery } from '../fixtures/read-query.js'

const echo = readQuery<{ value: string }>('echo', 'SELECT :value::text AS value')
const fail = writeQuery('fail', 'SELECT 1 / :value::int AS nothing')

t.test('times by query', async (t) => {
  t.test('count calls and failures by the name of the query, wherever it runs', async (t) => {
    const db = await connectTestDatabase(t)
    await db.run(echo, { value: 'a' })
    await db.with({ timeoutMs: 5_000 }).run(echo, { value: 'a' })
    await db.transaction(async (tx) => {
      await tx.run(echo, { value: 'a' })
      await tx.transaction((inner) => inner.run(echo, { value: 'a' }))
    })
    for await (const _ of db.stream(echo, { value: 'a' }));
    await t.rejects(db.run(fail, { value: '0' }))
    await t.rejects(db.transaction((tx) => tx.run(fail, { value: '0' })))
    await t.rejects(async () => {
      for await (const _ of db.stream(fail, { value: '0' }));
    })
    const { queries } = db.stats()
    t.match(queries.echo, { calls: 5, failures: 0 })
    t.match(queries.fail, { calls: 3, failures: 3 })
    t.match(queries.transaction, { calls: 2, failures: 1 })
  })

  t.test('are those from call to answer', async (t) => {
    const db = await connectTestDatabase(t)
    const sleep = readQuery('sleep', 'SELECT pg_sleep(:value::text::float8)')
    await db.run(sleep, { value: '0.05' })
    const { minMs = 0, maxMs = 0, p50Ms = 0 } = db.stats().queries.sleep ?? {}
    t.ok(minMs >= 49 && minMs <= p50Ms && p50Ms <= maxMs * 1.01, `${minMs} ${p50Ms} ${maxMs}`)
  })
})
