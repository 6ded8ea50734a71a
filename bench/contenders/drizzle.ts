/** Drizzle over node-postgres, all queries prepared. */

import { asc, eq, getTableColumns, sql } from 'drizzle-orm'
import { drizzle as connectDrizzle } from 'drizzle-orm/node-postgres'
import {
  boolean,
  customType,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgSchema,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Contender, Json, LoadRow } from './contender.js'
import { openPool } from './pg.js'
import { chunks } from './sql.js'

/** Larger statements overflow the stack of its builder. */
const CHUNK = 2_000

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' })
const bench = pgSchema('bench')
const item = bench.table('item', {
  itemId: integer('item_id').primaryKey(),
  name: text().notNull(),
  score: integer().notNull(),
  tags: text().array().notNull(),
  attributes: jsonb().$type<Json>().notNull(),
  updatedAt: instant('updated_at').notNull(),
})
const entry = bench.table('entry', {
  entryId: uuid('entry_id').primaryKey(),
  bucket: integer().notNull(),
  position: integer().notNull(),
  title: text().notNull(),
  body: text().notNull(),
  price: numeric().notNull(),
  share: doublePrecision().notNull(),
  isOpen: boolean('is_open').notNull(),
  labels: text().array().notNull(),
  scores: integer().array().notNull(),
  payload: jsonb().$type<Json>().notNull(),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at'),
})
/** A placeholder's array reaches pg as it is: Drizzle's own array column would render it into text first. */
const textArray = customType<{ data: string[] }>({ dataType: () => 'text[]' })
const note = bench.table('note', {
  noteId: integer('note_id').generatedAlwaysAsIdentity(),
  author: text().notNull(),
  body: text().notNull(),
  tags: textArray().notNull(),
  payload: jsonb().$type<Json>().notNull(),
})
const account = bench.table('account', { accountId: integer('account_id').primaryKey(), balance: integer().notNull() })
const booking = bench.table('booking', { accountId: integer('account_id').notNull(), amount: integer().notNull() })
const load = bench.table('load', {
  number: integer().primaryKey(),
  name: text().notNull(),
  tags: textArray().notNull(),
  payload: jsonb().$type<Json>().notNull(),
  loadedAt: instant('loaded_at').notNull(),
})

export const drizzle: Contender = {
  name: 'drizzle',
  packages: ['drizzle-orm'],
  async open(target, connections) {
    const pool = openPool(target, connections)
    const db = connectDrizzle({ client: pool as never })
    const findItem = db
      .select()
      .from(item)
      .where(eq(item.itemId, sql.placeholder('itemId')))
      .prepare('find_item')
    const { bucket: _bucket, ...columns } = getTableColumns(entry)
    const listEntries = db
      .select(columns)
      .from(entry)
      .where(eq(entry.bucket, sql.placeholder('bucket')))
      .orderBy(asc(entry.position))
      .limit(100)
      .prepare('list_entries')
    const createNote = db
      .insert(note)
      .values({
        author: sql.placeholder('author'),
        body: sql.placeholder('body'),
        tags: sql.placeholder('tags'),
        payload: sql.placeholder('payload'),
      })
      .returning({ noteId: note.noteId })
      .prepare('create_note')
    return {
      findItem: async (itemId) => (await findItem.execute({ itemId }))[0],
      listEntries: (bucket) => listEntries.execute({ bucket }),
      createNote: async (values) => (await createNote.execute({ ...values }))[0]?.noteId ?? 0,
      transfer: (accountId, amount) =>
        db.transaction(async (tx) => {
          const balance = sql`${account.balance} + ${amount}`
          await tx.update(account).set({ balance }).where(eq(account.accountId, accountId))
          await tx.insert(booking).values({ accountId, amount })
        }),
      load: (rows: readonly LoadRow[]) =>
        db.transaction(async (tx) => {
          for (const part of chunks(rows, CHUNK)) await tx.insert(load).values([...part])
        }),
      close: () => pool.end(),
    }
  },
}
