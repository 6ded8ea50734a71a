/** The server of a run: an embedded one of its own, as durable as a real one, with the tables filled. */

import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { startEmbeddedServer } from '../src/embedded/server.js'
import { migrateUp } from '../src/migrate/runner.js'
import { Secret } from '../src/secret.js'
import type { Target } from './contenders/contender.js'

export const ITEMS = 100_000
export const BUCKETS = 100
export const ACCOUNTS = 10_000

/** A running server, and a connection to it that no contender uses. */
export interface BenchServer {
  readonly target: Target
  readonly admin: Client
  close(): Promise<void>
}

/** A temporary embedded server is not durable unless told so. The rest is the server's default. */
const settings = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // Of a case, all contenders' connections are open at once.
  max_connections: 300,
}

/** Settings that are read back from the server and told with the results. */
const toldSettings = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'max_connections',
] as const

/** Starts a server and fills its tables. */
export async function startServer(): Promise<BenchServer> {
  const embedded = await startEmbeddedServer({ folder: 'temp', settings })
  const { host, port, user, password, database } = embedded
  const target: Target = { host, port, user, password, database }
  const admin = new Client({ ...target })
  try {
    await migrateUp(
      { ...target, password: new Secret(password), tls: 'disable' },
      {
        sources: [
          { name: 'project', folder: fileURLToPath(new URL('migrations', import.meta.url)), table: 'pgmigrations' },
        ],
      },
    )
    await admin.connect()
    await fill(admin)
    await assertDurable(admin)
  } catch (error) {
    await embedded.close()
    throw error
  }
  const close = async (): Promise<void> => {
    await admin.end()
    await embedded.close()
  }
  return { target, admin, close }
}

async function fill(admin: Client): Promise<void> {
  await admin.query(
    `INSERT INTO bench.item
     SELECT
       n, 'item ' || n, n % 1000, ARRAY['tag ' || n % 7, 'tag ' || n % 11, 'a "quoted", tag'],
       jsonb_build_object('colour', (ARRAY['red', 'green', 'blue'])[n % 3 + 1], 'size', n % 50, 'parts', ARRAY[n, n + 1]),
       timestamptz '2026-01-01' + n * interval '1 minute'
     FROM generate_series(1, $1) AS n`,
    [ITEMS],
  )
  await admin.query(
    `INSERT INTO bench.entry
     SELECT
       gen_random_uuid(), bucket, n, 'entry ' || n, repeat('some words ', 10), (n * 1.25)::numeric(12, 2), n / 7.0::float8,
       n % 2 = 0, ARRAY['label ' || n % 5, 'label ' || n % 3], ARRAY[n, n * 2, n * 3],
       jsonb_build_object('owner', 'ada', 'depth', n, 'flags', jsonb_build_object('hidden', n % 3 = 0)),
       timestamptz '2026-01-01' + n * interval '1 hour', CASE WHEN n % 4 > 0 THEN timestamptz '2026-06-01' END
     FROM generate_series(1, $1) AS bucket, generate_series(1, 100) AS n`,
    [BUCKETS],
  )
  await admin.query('INSERT INTO bench.account SELECT n, 0 FROM generate_series(1, $1) AS n', [ACCOUNTS])
  await admin.query('VACUUM (ANALYZE)')
  await admin.query('CHECKPOINT')
}

/** Figures of writes mean nothing when nothing reaches the disk. */
async function assertDurable(admin: Client): Promise<void> {
  const { fsync, synchronous_commit } = await readSettings(admin)
  if (fsync !== 'on' || synchronous_commit !== 'on') throw new Error('the server is not durable')
}

/** Asks the server for the settings that are told. */
export async function readSettings(admin: Client): Promise<Readonly<Record<string, string>>> {
  const { rows } = await admin.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
    [toldSettings],
  )
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}
