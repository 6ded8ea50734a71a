/** Reads the description of a whole schema from the catalogue. */

import { NAMESPACE } from './namespace-sql.js'
import type { SchemaObject } from './object.js'
import { RELATIONS } from './relation-sql.js'
import { SCOPE } from './scope-sql.js'
import type { Session } from './session.js'

/** What {@link readCatalogue} may be told. */
export interface CatalogueOptions {
  /** Whether privileges are told. Default false. */
  readonly privileges?: boolean
  /** Schemas to leave out. Default: none. */
  readonly ignoredSchemas?: readonly string[]
  /** Tables, beside those that `core.partitioned_table` lists, whose months are left out. Default: none. */
  readonly keptTables?: readonly string[]
}

const CATALOGUE = `
  WITH ${SCOPE},
  described AS (${[...NAMESPACE, ...RELATIONS].join('\n  UNION ALL\n')})
  SELECT kind, name, parent, parts, sql
  FROM described
  ORDER BY kind COLLATE "C", name COLLATE "C"`

/** Names come out with their schemas, and values of one meaning in one form, whatever the role has set. */
const PLAIN_SESSION = `
  SELECT set_config(name, setting, false)
  FROM (
    VALUES
      ('search_path', ''),
      ('timezone', 'UTC'),
      ('datestyle', 'ISO'),
      ('intervalstyle', 'postgres'),
      ('extra_float_digits', '1'),
      ('quote_all_identifiers', 'off')
  ) AS plain (name, setting)`

/** Describes all objects of a database's schemas, in order of kind and name. Any role may ask. The session's settings are
 *  changed: it must not be one that others use.
 *  Not described: operators, casts, collations, text search, event triggers, publications, foreign servers, default
 *  privileges, settings of the database or a role, owners, comments on parts of a type, and whether a materialized view
 *  is filled. */
export async function readCatalogue(
  session: Session,
  { privileges = false, ignoredSchemas = [], keptTables = [] }: CatalogueOptions = {},
): Promise<readonly SchemaObject[]> {
  await session.query(PLAIN_SESSION)
  const kept = [...(await readKeptTables(session)), ...keptTables]
  return session.query<SchemaObject>(CATALOGUE, [kept, privileges, ignoredSchemas])
}

/** Reads the tables whose months upkeep makes and drops: none where there is no such list, or the role may not read it. */
export async function readKeptTables(session: Session): Promise<readonly string[]> {
  const [list] = await session.query<{ readable: boolean }>(`
    SELECT
      has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(r.oid, 'SELECT') AS readable
    FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace
    WHERE n.nspname = 'core' AND r.relname = 'partitioned_table'`)
  if (list?.readable !== true) return []
  const kept = await session.query<{ name: string }>('SELECT table_name AS name FROM core.partitioned_table')
  return kept.map(({ name }) => name)
}
