/** What of a schema is no drift: the lists of what is applied, and months of partitioned tables. */

import { ownSource, PROJECT_TABLE } from '../../migrate/source.js'
import { KEPT_TABLES } from '../catalogue/scope-sql.js'
import type { Session } from '../catalogue/session.js'

/** Tells whether a relation is one of the lists of what is applied, or its sequence. */
export function isLedger(schema: string, relation: string): boolean {
  return (
    schema === 'public' &&
    [ownSource.table, PROJECT_TABLE].some((table) => relation === table || relation === `${table}_id_seq`)
  )
}

/** Reads the months that upkeep has made of the tables, as `schema.name`. */
export async function readMonths(session: Session, tables: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ name: string }>(
    `
    SELECT nspname || '.' || relname AS name
    FROM
      pg_inherits
      JOIN pg_class ON pg_class.oid = inhrelid
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE
      inhparent IN (${KEPT_TABLES})
      AND pg_get_expr(relpartbound, inhrelid) <> 'DEFAULT'`,
    [tables],
  )
  return new Set(rows.map(({ name }) => name))
}
