/** node-postgres, as it is mostly used (unnamed statements) and with named prepared statements. */

import type { Client, PoolClient, QueryConfig, QueryResult } from 'pg'
import Pool from 'pg-pool'
import type { Contender, LoadRow, Target, Work } from './contender.js'
import { chunks, text } from './sql.js'

const CHUNK = 10_000

/** A statement of the list, by its name. */
type Name = keyof typeof text

export const pg: Contender = { name: 'pg', packages: ['pg', 'pg-pool'], open: (...at) => open(...at, false) }

export const pgNamed: Contender = { name: 'pg named', packages: [], open: (...at) => open(...at, true) }

/** Opens a pool of pg-pool, all connections of which are kept. */
export function openPool(target: Target, connections: number) {
  const pool = new Pool({ ...target, max: connections, idleTimeoutMillis: 0 })
  pool.on('error', () => {})
  return pool
}

async function open(target: Target, connections: number, isNamed: boolean): Promise<Work> {
  const pool = openPool(target, connections)
  const config = (name: Name, values: unknown[]): QueryConfig =>
    isNamed ? { name, text: text[name], values } : { text: text[name], values }
  const run = (name: Name, ...values: unknown[]): Promise<QueryResult> => pool.query(config(name, values))
  return {
    findItem: async (itemId) => (await run('findItem', itemId)).rows[0],
    findItemSlowly: async (itemId, isSlow) => (await run('findItemSlowly', itemId, isSlow)).rows[0],
    touchItem: (itemId) => run('touchItem', itemId),
    listEntries: async (bucket) => (await run('listEntries', bucket)).rows,
    createNote: async ({ author, body, tags, payload }) =>
      (await run('createNote', author, body, tags, JSON.stringify(payload))).rows[0].noteId,
    async transfer(accountId, amount) {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await client.query(config('changeBalance', [amount, accountId]))
        await client.query(config('createBooking', [accountId, amount]))
        await client.query('COMMIT')
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
    },
    load: (rows) => inTransaction(pool, rows, (part, client) => client.query(text.loadRecords, [toRecords(part)])),
    close: () => pool.end(),
  }
}

type Connection = Client & PoolClient

/** Writes the rows in chunks, all of them in one transaction. */
export async function inTransaction(
  pool: ReturnType<typeof openPool>,
  rows: readonly LoadRow[],
  write: (part: readonly LoadRow[], client: Connection) => Promise<unknown>,
): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    for (const part of chunks(rows, CHUNK)) await write(part, client)
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

/** Gives rows as the one parameter of json_to_recordset. */
export function toRecords(rows: readonly LoadRow[]): string {
  return JSON.stringify(
    rows.map(({ number, name, tags, payload, loadedAt }) => ({ number, name, tags, payload, loaded_at: loadedAt })),
  )
}
