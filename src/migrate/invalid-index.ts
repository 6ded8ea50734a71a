/** What CREATE INDEX CONCURRENTLY leaves behind when it fails: an index that no query uses and every write keeps up. */

import type { Client } from 'pg'
import type { Statement } from './statements.js'
import { entryOf } from './transaction-rules.js'

/** Up to one row. $1: the index's name, $2: its table. Of a partitioned table the index is invalid until all have one. */
const FIND = `SELECT format('%I.%I', nspname, index.relname) AS name
FROM pg_index
JOIN pg_class AS index ON index.oid = indexrelid
JOIN pg_namespace ON pg_namespace.oid = index.relnamespace
WHERE indrelid = to_regclass($2)
  AND index.relname = $1
  AND index.relkind = 'i'
  AND NOT indisvalid`

/** Drops the invalid index that stands where a statement creates one. Gives its name, or null. */
export async function dropInvalidIndex(client: Client, statement: Statement): Promise<string | null> {
  const name = await findInvalidIndex(client, statement)
  if (name !== null) await client.query(`DROP INDEX CONCURRENTLY ${name}`)
  return name
}

/** Finds the invalid index that stands where a statement creates one. Gives its name, or null. */
export async function findInvalidIndex(client: Client, { node }: Statement): Promise<string | null> {
  const [kind, fields] = entryOf(node)
  if (kind !== 'IndexStmt' || fields.concurrent !== true) return null
  const { schemaname, relname } = (fields.relation ?? {}) as { readonly schemaname?: string; readonly relname?: string }
  const table = [schemaname, relname].flatMap((name) => (name === undefined ? [] : [client.escapeIdentifier(name)]))
  const { rows } = await client.query<{ name: string }>(FIND, [fields.idxname, table.join('.')])
  return rows[0]?.name ?? null
}
