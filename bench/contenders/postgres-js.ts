/** postgres.js, which prepares and pipelines by itself. */

import postgres from 'postgres'
import type { Contender, Entry, Item, LoadRow, Reading } from './contender.js'
import { chunks } from './sql.js'

/** Five columns a row, and at most 65,534 parameters a statement. */
const CHUNK = 10_000

export const postgresJs: Contender = {
  name: 'postgres.js',
  packages: ['postgres'],
  async open(target, connections) {
    const sql = postgres({ ...target, max: connections, onnotice: () => {} })
    const itemColumns = () => sql`item_id AS "itemId", name, score, tags, attributes, updated_at AS "updatedAt"`
    return {
      findItem: async (itemId) =>
        (
          await sql<Item[]>`
        SELECT item_id AS "itemId", name, score, tags, attributes, updated_at AS "updatedAt"
        FROM bench.item WHERE item_id = ${itemId}`
        )[0],
      findItemSlowly: async (itemId, isSlow) =>
        (
          await sql<Item[]>`
        SELECT ${itemColumns()}, bench.pause(${isSlow}) AS paused FROM bench.item WHERE item_id = ${itemId}`
        )[0],
      touchItem: (itemId) => sql`UPDATE bench.item SET score = score + 1 WHERE item_id = ${itemId}`,
      listEntries: (bucket) => sql<Entry[]>`
        SELECT entry_id AS "entryId", position, title, body, price, share, is_open AS "isOpen", labels, scores, payload,
          created_at AS "createdAt", updated_at AS "updatedAt"
        FROM bench.entry WHERE bucket = ${bucket} ORDER BY position LIMIT 100`,
      createNote: async ({ author, body, tags, payload }) => {
        const [row] = await sql<{ noteId: number }[]>`
          INSERT INTO bench.note (author, body, tags, payload)
          VALUES (${author}, ${body}, ${tags}, ${sql.json(payload as never)}) RETURNING note_id AS "noteId"`
        return row?.noteId ?? 0
      },
      // An array of queries is sent in one go, as its documentation recommends.
      transfer: (accountId, amount) =>
        sql.begin((tx) => [
          tx`UPDATE bench.account SET balance = balance + ${amount} WHERE account_id = ${accountId}`,
          tx`INSERT INTO bench.booking (account_id, amount) VALUES (${accountId}, ${amount})`,
        ]),
      load: (rows: readonly LoadRow[]) =>
        sql.begin(async (tx) => {
          for (const part of chunks(rows, CHUNK)) {
            const values = part.map(({ loadedAt, payload, ...row }) => ({
              ...row,
              payload: sql.json(payload as never),
              loaded_at: loadedAt,
            }))
            await tx`INSERT INTO bench.load ${tx(values as never[])}`
          }
        }),
      async *readReadings(readingIdTo, batchSize) {
        const cursor = sql<Reading[]>`
          SELECT reading_id AS "readingId", device, value, is_valid AS "isValid", taken_at AS "takenAt"
          FROM bench.reading WHERE reading_id <= ${readingIdTo} ORDER BY reading_id`.cursor(batchSize)
        for await (const rows of cursor) yield* rows
      },
      close: () => sql.end(),
    }
  },
}
