import pg from 'pg'
import { codeOf } from './file-access.js'

// SQLSTATEs that only a server says that took the password (3D000: no such database), or that is full and so has no
// time for it (53300).
const answering = new Set(['3D000', '53300'])

async function withClient<T>(
  fields: { readonly port: number; readonly password: string; readonly database: string; readonly timeoutMs: number },
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: fields.port,
    user: 'ashlar',
    password: fields.password,
    database: fields.database,
    connectionTimeoutMillis: fields.timeoutMs,
    query_timeout: fields.timeoutMs,
    // Both given, so that PGSSLMODE and PGOPTIONS of the environment, which are for other servers, are not used.
    ssl: false,
    options: '-c search_path=pg_catalog',
    application_name: 'ashlar embedded',
  })
  // A server that dies while the client is open would end this process otherwise.
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Tells whether the server on the port takes the password. */
export async function answers(port: number, password: string, timeoutMs: number): Promise<boolean> {
  try {
    return await withClient({ port, password, database: 'ashlar', timeoutMs }, async () => true)
  } catch (error) {
    return answering.has(codeOf(error) ?? '')
  }
}

/** Makes the database `ashlar` unless it is there. */
export async function ensureDatabase(port: number, password: string, timeoutMs: number): Promise<void> {
  // template1 is the one database that is always there.
  await withClient({ port, password, database: 'template1', timeoutMs }, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = 'ashlar'")
    if (rowCount === 0) await client.query('CREATE DATABASE ashlar')
  })
}
