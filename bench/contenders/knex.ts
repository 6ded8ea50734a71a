/** Knex. */

import createKnex, { type Knex } from 'knex'
import type { Contender, Entry, Item, LoadRow } from './contender.js'

/** Of its batchInsert; larger ones were slower. */
const CHUNK = 2_000

const itemColumns = {
  itemId: 'item_id',
  name: 'name',
  score: 'score',
  tags: 'tags',
  attributes: 'attributes',
  updatedAt: 'updated_at',
}
const entryColumns = {
  entryId: 'entry_id',
  position: 'position',
  title: 'title',
  body: 'body',
  price: 'price',
  share: 'share',
  isOpen: 'is_open',
  labels: 'labels',
  scores: 'scores',
  payload: 'payload',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
}

export const knex: Contender = {
  name: 'knex',
  packages: ['knex'],
  async open(target, connections) {
    const db: Knex = createKnex({
      client: 'pg',
      connection: { ...target },
      pool: { min: connections, max: connections },
    })
    return {
      findItem: async (itemId): Promise<Item | undefined> =>
        db('bench.item')
          .first(itemColumns as never)
          .where('item_id', itemId),
      listEntries: async (bucket): Promise<Entry[]> =>
        db('bench.entry').select(entryColumns).where('bucket', bucket).orderBy('position').limit(100),
      createNote: async ({ payload, ...note }) => {
        const [row] = await db('bench.note').insert({ ...note, payload: JSON.stringify(payload) }, ['note_id'])
        return row.note_id
      },
      transfer: (accountId, amount) =>
        db.transaction(async (tx) => {
          await tx('bench.account')
            .where('account_id', accountId)
            .update({ balance: tx.raw('balance + ?', [amount]) })
          await tx('bench.booking').insert({ account_id: accountId, amount })
        }),
      load: (rows: readonly LoadRow[]) => {
        const values = rows.map(({ loadedAt, payload, ...row }) => ({
          ...row,
          payload: JSON.stringify(payload),
          loaded_at: loadedAt,
        }))
        return db.batchInsert('bench.load', values, CHUNK)
      },
      close: () => db.destroy(),
    }
  },
}
