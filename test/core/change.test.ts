import { randomUUID } from 'node:crypto'
import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'

const db = await connectTestDatabase(t)

await db.query(`CREATE TABLE public.thing (
  thing_id uuid PRIMARY KEY DEFAULT core.new_id(), name text, size bigint, token text, seen bigint
)`)
await db.query(`COMMENT ON COLUMN public.thing.token IS '@secret Never shown.'`)
await db.query(`COMMENT ON COLUMN public.thing.seen IS '@noisy How often.'`)
await db.query(`SELECT core.track_changes('public.thing')`)

/** Runs a statement as an actor, and gives the id of its transaction. */
async function as(actor: string, ...statements: string[]): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.query(`SELECT set_config('ashlar.actor', $1, true)`, [actor])
    for (const statement of statements) await tx.query(statement)
    const [row] = await tx.query<{ id: number }>('SELECT pg_current_xact_id()::text::bigint AS id')
    return row?.id ?? 0
  })
}

const one = randomUUID()
const two = randomUUID()
const before = new Date(Date.now() - 1_000)
const made = await as('ann', `INSERT INTO thing (thing_id, name, size) VALUES ('${one}', 'a', 1), ('${two}', 'b', 2)`)
const grown = await as('bob', `UPDATE thing SET size = size + 1, name = 'c' WHERE thing_id = '${one}'`)
const gone = await as('ann', `UPDATE thing SET size = 9`, `DELETE FROM thing WHERE thing_id = '${two}'`)
const after = new Date(Date.now() + 1_000)

t.test('listChanges', async (t) => {
  t.test('gives the history of a row, newest first, also of one that is gone', async (t) => {
    const { items, next } = await db.changes.history('public.thing', two)
    t.equal(next, null)
    t.match(items, [
      { action: 'delete', actor: 'ann', columns: ['name', 'size'], oldValues: { name: 'b', size: 9 }, newValues: null },
      { action: 'update', actor: 'ann', columns: ['size'], oldValues: { size: 2 }, newValues: { size: 9 } },
      { action: 'insert', actor: 'ann', columns: ['name', 'size'], oldValues: null, newValues: { name: 'b', size: 2 } },
    ])
    for (const { tableName, rowId, changedAt } of items) {
      t.same([tableName, rowId], ['public.thing', two])
      t.ok(changedAt > before && changedAt < after)
    }
  })

  t.test('gives what one transaction did, in its order', async (t) => {
    const { items } = await db.changes.ofTransaction(gone)
    t.same(
      items.map(({ action, transactionId }) => [action, transactionId]),
      [
        ['update', gone],
        ['update', gone],
        ['delete', gone],
      ],
    )
    t.same((await db.changes.ofTransaction(0)).items, [])
  })

  t.test('walks a history page by page, and back', async (t) => {
    const first = await db.changes.history('public.thing', one, { limit: 2 })
    const second = await db.changes.history('public.thing', one, { limit: 2, cursor: first.next })
    const back = await db.changes.history('public.thing', one, { limit: 2, cursor: second.previous })
    t.same([first.items.length, second.items.length, second.next], [2, 1, null])
    t.same(back.items, first.items)
  })

  t.test('finds by each filter', async (t) => {
    const { changes } = db
    const found = async (filter: Parameters<typeof changes.list>[0]) => {
      const { items } = await changes.list({ table: 'public.thing', sort: 'oldest', ...filter })
      return items.map(({ action, rowId }) => `${action} ${rowId === one ? 'one' : 'two'}`)
    }
    t.same(await found({ actor: 'bob' }), ['update one'])
    t.same(await found({ transactionId: grown }), ['update one'])
    t.same((await found({ transactionId: made })).toSorted(), ['insert one', 'insert two'])
    t.same(await found({ action: 'delete' }), ['delete two'])
    t.equal((await found({ action: ['delete', 'insert'] })).length, 3)
    t.equal((await found({ rowId: one })).length, 3)
    t.same(await found({ column: 'name', action: 'update' }), ['update one'])
    t.equal((await found({ changedAfter: before, changedBefore: after })).length, 6)
    t.same(await found({ changedAfter: after }), [])
    t.same(await found({ changedBefore: before }), [])
    t.same(await found({ table: 'public.none' }), [])
  })

  t.test('refuses what is malformed', async (t) => {
    const cases = [
      () => db.changes.history('', one),
      () => db.changes.history('public.thing', 'one'),
      () => db.changes.history('public.thing', one, { cursor: 'x' }),
      () => db.changes.ofTransaction(-1),
      () => db.changes.list({ table: 'a\0b' }),
      () => db.changes.list({ action: 'drop' as never }),
      () => db.changes.list({ limit: 501 }),
    ]
    for (const each of cases) await t.rejects(each(), { name: 'ValidationError' })
  })

  t.test('is served by the indexes of the log', async (t) => {
    await db.query(`INSERT INTO core.change_log (changed_at, transaction_id, actor, table_name, row_id, action)
      SELECT now() - n * interval '1 s', n, 'actor ' || n % 500, 'x.t' || n % 200, core.new_id(), 'insert'
      FROM generate_series(1, 20000) AS n`)
    await db.query('ANALYZE core.change_log')
    const plan = async (where: string): Promise<string> => {
      const sql = `EXPLAIN SELECT change_id FROM core.change_log WHERE ${where} ORDER BY changed_at DESC, change_id DESC LIMIT 50`
      const rows = await db.query<{ qUERYPLAN: string }>(sql)
      return JSON.stringify(rows)
    }
    for (const [where, index] of [
      [`table_name = 'public.thing' AND row_id = '${one}'`, 'row_id'],
      [`table_name = 'x.t7'`, 'table_name'],
      [`actor = 'actor 7'`, 'actor'],
      ['transaction_id = 77', 'transaction_id'],
      ['TRUE', 'changed_at_change_id'],
    ] as const) {
      t.match(
        await plan(where),
        new RegExp(`Index[^"]* change_log_default_${index}|Index[^"]* change_log_default_pkey`),
        where,
      )
      if (where !== 'TRUE') t.match(await plan(where), `change_log_default_${index}`, where)
    }
  })
})

t.test('countChanges', async (t) => {
  t.test('counts what a filter finds', async (t) => {
    t.equal(await db.changes.count({ table: 'public.thing' }), 6)
    t.equal(await db.changes.count({ table: 'public.thing', action: 'update' }), 3)
    t.equal((await db.changes.list({ table: 'public.thing', limit: 1, withTotal: true })).total, 6)
  })
})
