/** pg-promise with its prepared statements. */

import initialize from 'pg-promise'
import type { Contender, Entry, Item, LoadRow } from './contender.js'
import { chunks, text } from './sql.js'

const CHUNK = 10_000

const pgp = initialize({})
const prepare = (name: keyof typeof text) => new pgp.PreparedStatement({ name, text: text[name] })
const findItem = prepare('findItem')
const listEntries = prepare('listEntries')
const createNote = prepare('createNote')
const changeBalance = prepare('changeBalance')
const createBooking = prepare('createBooking')
const columns = new pgp.helpers.ColumnSet(
  ['number', 'name', { name: 'tags', cast: 'text[]' }, { name: 'payload', mod: ':json' }, 'loaded_at'],
  { table: { table: 'load', schema: 'bench' } },
)

let opened = 0

export const pgPromise: Contender = {
  name: 'pg-promise',
  packages: ['pg-promise'],
  async open(target, connections) {
    opened += 1
    // It warns of a second pool to the same server, which here is meant, unless the contexts differ.
    const db = pgp({ ...target, max: connections, idleTimeoutMillis: 0 }, opened)
    return {
      findItem: async (itemId) => (await db.oneOrNone<Item>(findItem, [itemId])) ?? undefined,
      listEntries: (bucket) => db.any<Entry>(listEntries, [bucket]),
      createNote: async ({ author, body, tags, payload }) =>
        (await db.one<{ noteId: number }>(createNote, [author, body, tags, JSON.stringify(payload)])).noteId,
      transfer: (accountId, amount) =>
        db.tx(async (tx) => {
          await tx.none(changeBalance, [amount, accountId])
          await tx.none(createBooking, [accountId, amount])
        }),
      load: (rows: readonly LoadRow[]) =>
        db.tx(async (tx) => {
          for (const part of chunks(rows, CHUNK)) {
            const values = part.map(({ loadedAt, ...row }) => ({ ...row, loaded_at: loadedAt }))
            await tx.none(pgp.helpers.insert(values, columns))
          }
        }),
      close: () => db.$pool.end(),
    }
  },
}
