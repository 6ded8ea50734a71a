/** Kysely over node-postgres. */

import { type Generated, Kysely, PostgresDialect, sql } from 'kysely'
import type { Contender, Entry, Item, Json, LoadRow } from './contender.js'
import { openPool } from './pg.js'
import { chunks } from './sql.js'

const CHUNK = 5_000

interface Tables {
  'bench.item': { item_id: number; name: string; score: number; tags: string[]; attributes: Json; updated_at: Date }
  'bench.entry': {
    entry_id: string
    bucket: number
    position: number
    title: string
    body: string
    price: string
    share: number
    is_open: boolean
    labels: string[]
    scores: number[]
    payload: Json
    created_at: Date
    updated_at: Date | null
  }
  'bench.note': { note_id: Generated<number>; author: string; body: string; tags: string[]; payload: string }
  'bench.account': { account_id: number; balance: number }
  'bench.booking': { account_id: number; amount: number }
  'bench.load': { number: number; name: string; tags: string[]; payload: string; loaded_at: Date }
}

export const kysely: Contender = {
  name: 'kysely',
  packages: ['kysely'],
  async open(target, connections) {
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: openPool(target, connections) as never }) })
    return {
      findItem: (itemId): Promise<Item | undefined> =>
        db
          .selectFrom('bench.item')
          .select(['item_id as itemId', 'name', 'score', 'tags', 'attributes', 'updated_at as updatedAt'])
          .where('item_id', '=', itemId)
          .executeTakeFirst(),
      listEntries: (bucket): Promise<Entry[]> =>
        db
          .selectFrom('bench.entry')
          .select(['entry_id as entryId', 'position', 'title', 'body', 'price', 'share', 'is_open as isOpen'])
          .select(['labels', 'scores', 'payload', 'created_at as createdAt', 'updated_at as updatedAt'])
          .where('bucket', '=', bucket)
          .orderBy('position')
          .limit(100)
          .execute(),
      createNote: async ({ payload, ...note }) => {
        const row = await db
          .insertInto('bench.note')
          .values({ ...note, payload: JSON.stringify(payload) })
          .returning('note_id as noteId')
          .executeTakeFirstOrThrow()
        return row.noteId
      },
      transfer: (accountId, amount) =>
        db.transaction().execute(async (tx) => {
          await tx
            .updateTable('bench.account')
            .set({ balance: sql<number>`balance + ${amount}` })
            .where('account_id', '=', accountId)
            .execute()
          await tx.insertInto('bench.booking').values({ account_id: accountId, amount }).execute()
        }),
      load: (rows: readonly LoadRow[]) =>
        db.transaction().execute(async (tx) => {
          for (const part of chunks(rows, CHUNK)) {
            const values = part.map(({ loadedAt, payload, ...row }) => ({
              ...row,
              payload: JSON.stringify(payload),
              loaded_at: loadedAt,
            }))
            await tx.insertInto('bench.load').values(values).execute()
          }
        }),
      close: () => db.destroy(),
    }
  },
}
