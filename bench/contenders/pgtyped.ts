/** pgtyped's own runtime over pg-pool. */

import { PreparedQuery } from '@pgtyped/runtime'
import type { Contender, Item, LoadRow } from './contender.js'
import { inTransaction, openPool, toRecords } from './pg.js'
import { text } from './sql.js'

/** Makes what pgtyped's generator would: the statement with names in place of numbers, and where they stand. */
function prepared<P, R>(numbered: string, names: readonly string[]): PreparedQuery<P, R> {
  const statement = numbered.replaceAll(/\$(\d+)/g, (_, number: string) => `:${names[Number(number) - 1]}!`)
  const params = names.map((name) => ({
    name,
    required: true,
    transform: { type: 'scalar' as const },
    locs: [...statement.matchAll(new RegExp(`:${name}!`, 'g'))].map(({ index }) => ({
      a: index,
      b: index + name.length + 1,
    })),
  }))
  const usedParamSet = Object.fromEntries(names.map((name) => [name, true]))
  return new PreparedQuery<P, R>({ usedParamSet, params, statement } as never)
}

const findItem = prepared<{ itemId: number }, Item>(text.findItem, ['itemId'])
const findItemSlowly = prepared<{ itemId: number; isSlow: boolean }, Item>(text.findItemSlowly, ['itemId', 'isSlow'])
const listEntries = prepared<{ bucket: number }, never>(text.listEntries, ['bucket'])
const createNote = prepared<object, { noteId: number }>(text.createNote, ['author', 'body', 'tags', 'payload'])
const changeBalance = prepared<object, never>(text.changeBalance, ['amount', 'accountId'])
const createBooking = prepared<object, never>(text.createBooking, ['accountId', 'amount'])
const loadRecords = prepared<{ rows: string }, never>(text.loadRecords, ['rows'])

export const pgtyped: Contender = {
  name: 'pgtyped',
  packages: ['@pgtyped/runtime'],
  async open(target, connections) {
    const pool = openPool(target, connections)
    return {
      findItem: async (itemId) => (await findItem.run({ itemId }, pool))[0],
      findItemSlowly: async (itemId, isSlow) => (await findItemSlowly.run({ itemId, isSlow }, pool))[0],
      listEntries: (bucket) => listEntries.run({ bucket }, pool),
      createNote: async (note) => {
        const [row] = await createNote.run({ ...note, payload: JSON.stringify(note.payload) }, pool)
        return row?.noteId ?? 0
      },
      async transfer(accountId, amount) {
        const client = await pool.connect()
        try {
          await client.query('BEGIN')
          await changeBalance.run({ amount, accountId }, client)
          await createBooking.run({ accountId, amount }, client)
          await client.query('COMMIT')
        } catch (error) {
          await client.query('ROLLBACK')
          throw error
        } finally {
          client.release()
        }
      },
      load: (rows: readonly LoadRow[]) =>
        inTransaction(pool, rows, (part, client) => loadRecords.run({ rows: toRecords(part) }, client)),
      close: () => pool.end(),
    }
  },
}
