/** Slonik. */

import { createPool, sql } from 'slonik'
import type { Contender, Entry, Item, LoadRow, Target } from './contender.js'
import { chunks } from './sql.js'

const CHUNK = 20_000

const itemColumns = sql.fragment`item_id AS "itemId", name, score, tags, attributes, updated_at AS "updatedAt"`

export const slonik: Contender = {
  name: 'slonik',
  packages: ['slonik'],
  async open(target, connections) {
    const pool = await createPool(toUrl(target), {
      maximumPoolSize: connections,
      minimumPoolSize: connections,
      idleTimeout: 'DISABLE_TIMEOUT',
      captureStackTrace: false,
      // Its default sends DISCARD ALL after each query, which no other contender does.
      resetConnection: async () => {},
      statementTimeout: 'DISABLE_TIMEOUT',
      // Its own would give times as numbers.
      typeParsers: [],
    })
    return {
      findItem: async (itemId): Promise<Item | undefined> =>
        (await pool.maybeOne(sql.unsafe`SELECT ${itemColumns} FROM bench.item WHERE item_id = ${itemId}`)) ?? undefined,
      listEntries: (bucket): Promise<readonly Entry[]> =>
        pool.any(sql.unsafe`
          SELECT entry_id AS "entryId", position, title, body, price, share, is_open AS "isOpen", labels, scores, payload,
            created_at AS "createdAt", updated_at AS "updatedAt"
          FROM bench.entry WHERE bucket = ${bucket} ORDER BY position LIMIT 100`),
      createNote: async ({ author, body, tags, payload }): Promise<number> =>
        pool.oneFirst(sql.unsafe`
          INSERT INTO bench.note (author, body, tags, payload)
          VALUES (${author}, ${body}, ${sql.array(tags, 'text')}, ${JSON.stringify(payload)}) RETURNING note_id`),
      transfer: (accountId, amount) =>
        pool.transaction(async (tx) => {
          await tx.query(
            sql.unsafe`UPDATE bench.account SET balance = balance + ${amount} WHERE account_id = ${accountId}`,
          )
          await tx.query(sql.unsafe`INSERT INTO bench.booking (account_id, amount) VALUES (${accountId}, ${amount})`)
        }),
      load: (rows: readonly LoadRow[]) =>
        pool.transaction(async (tx) => {
          for (const part of chunks(rows, CHUNK)) {
            // unnest, which its documentation recommends, takes no array in a column: those travel as JSON.
            const tuples = part.map(({ number, name, tags, payload, loadedAt }) => [
              number,
              name,
              JSON.stringify(tags),
              JSON.stringify(payload),
              loadedAt.toISOString(),
            ])
            await tx.query(sql.unsafe`
              INSERT INTO bench.load (number, name, tags, payload, loaded_at)
              SELECT number, name, ARRAY(SELECT jsonb_array_elements_text(tags)), payload, loaded_at
              FROM ${sql.unnest(tuples, ['int4', 'text', 'jsonb', 'jsonb', 'timestamptz'])}
                AS row (number, name, tags, payload, loaded_at)`)
          }
        }),
      close: () => pool.end(),
    }
  },
}

function toUrl({ host, port, user, password, database }: Target): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`
}
