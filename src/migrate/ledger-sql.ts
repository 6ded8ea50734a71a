/** The statements of the ledger: the history of what was applied and reverted, in a schema of its own. */

/** Not `ashlar`: names without a schema go to the schema of the role's name first, and a role of that name, as the embedded
 *  server has, would make its own tables among these. */
export const LEDGER_SCHEMA = 'ashlar_ledger'

/** Where the ledger stands. */
export const LEDGER_TABLE = `${LEDGER_SCHEMA}.migration_event`

export const ledgerSql = {
  /** One row. $1: names of lists in schema public. */
  found: `SELECT
  ARRAY(
    SELECT relname::text
    FROM pg_class
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'public')
      AND relkind IN ('r', 'p')
      AND relname = ANY($1::text[])
  ) AS lists,
  ledger.oid IS NOT NULL AS has_ledger,
  coalesce(has_schema_privilege(schema.oid, 'USAGE') AND has_table_privilege(ledger.oid, 'SELECT'), FALSE) AS may_read,
  CASE
    WHEN ledger.oid IS NOT NULL THEN has_schema_privilege(schema.oid, 'USAGE') AND has_table_privilege(ledger.oid, 'INSERT')
    WHEN schema.oid IS NOT NULL THEN has_schema_privilege(schema.oid, 'CREATE')
    ELSE has_database_privilege(current_database(), 'CREATE')
  END AS may_write,
  schema.oid IS NOT NULL AS has_schema
FROM (VALUES ('${LEDGER_SCHEMA}', 'migration_event')) AS named (schema_name, table_name)
LEFT JOIN pg_namespace AS schema ON schema.nspname = schema_name
LEFT JOIN pg_class AS ledger ON ledger.relnamespace = schema.oid AND ledger.relname = table_name`,

  /** Up to one row. $1: the name of a list in schema public. */
  list: `SELECT has_table_privilege(oid, 'SELECT') AS may_read
FROM pg_class
WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'public')
  AND relkind IN ('r', 'p')
  AND relname = $1`,

  /** A row for each migration of the lists $1: its latest event. */
  latest: `SELECT DISTINCT ON (list_name, name)
  list_name,
  name,
  direction,
  checksum,
  listed_at::text AS listed_at
FROM ${LEDGER_TABLE}
WHERE list_name = ANY($1::text[])
ORDER BY
  list_name,
  name,
  migration_event_id DESC`,

  /** A row for each event of the lists $1, the oldest first. */
  history: `SELECT
  list_name,
  name,
  direction,
  origin,
  checksum,
  recorded_at,
  duration_ms,
  ashlar_version,
  role_name,
  application_name
FROM ${LEDGER_TABLE}
WHERE list_name = ANY($1::text[])
ORDER BY migration_event_id`,

  createSchema: `CREATE SCHEMA ${LEDGER_SCHEMA};
COMMENT ON SCHEMA ${LEDGER_SCHEMA} IS 'What ashlar keeps about a database itself. Made by its migration runner, not by a migration.'`,

  /** Everyone may read it: a program that starts compares its files with it, whichever role it has. */
  create: `CREATE TABLE ${LEDGER_TABLE} (
  migration_event_id bigint GENERATED ALWAYS AS IDENTITY,
  list_name text NOT NULL,
  name text NOT NULL,
  direction text NOT NULL,
  origin text NOT NULL,
  checksum text NOT NULL,
  listed_at timestamp,
  recorded_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  duration_ms integer,
  ashlar_version text NOT NULL,
  role_name text NOT NULL DEFAULT session_user,
  application_name text NOT NULL DEFAULT current_setting('application_name'),
  CONSTRAINT migration_event_pkey PRIMARY KEY (migration_event_id),
  CONSTRAINT migration_event_direction_check CHECK (direction IN ('up', 'down')),
  CONSTRAINT migration_event_origin_check CHECK (origin IN ('run', 'stamp', 'adopt')),
  CONSTRAINT migration_event_checksum_form CHECK (checksum ~ '^[0-9a-f]{64}$'),
  CONSTRAINT migration_event_listed_at_direction CHECK ((listed_at IS NULL) = (direction = 'down')),
  CONSTRAINT migration_event_duration_ms_range CHECK (duration_ms >= 0)
);
COMMENT ON TABLE ${LEDGER_TABLE} IS 'The history of migrations, append-only. What is applied is told by the lists of node-pg-migrate; this tells with which text.';
COMMENT ON COLUMN ${LEDGER_TABLE}.list_name IS 'The list in schema public that the migration belongs to: pgmigrations for those of ashlar.';
COMMENT ON COLUMN ${LEDGER_TABLE}.name IS 'The name of the file without its ending.';
COMMENT ON COLUMN ${LEDGER_TABLE}.origin IS 'run: ashlar ran it; stamp: recorded without running it; adopt: another program ran it, such as the command of node-pg-migrate.';
COMMENT ON COLUMN ${LEDGER_TABLE}.checksum IS 'SHA-256 of the text of the file, with LF at the ends of lines; of an adopted one, as it was found.';
COMMENT ON COLUMN ${LEDGER_TABLE}.listed_at IS 'run_on of the row in the list, as it stands there. With another one, the list was changed by another program. NULL: reverted.';
COMMENT ON COLUMN ${LEDGER_TABLE}.duration_ms IS 'How long its statements ran, in ms. NULL: ashlar did not run it.';
COMMENT ON COLUMN ${LEDGER_TABLE}.role_name IS 'The role that logged in.';
CREATE INDEX migration_event_list_name_idx ON ${LEDGER_TABLE} (list_name, name, migration_event_id DESC);
COMMENT ON INDEX ${LEDGER_SCHEMA}.migration_event_list_name_idx IS 'Finds the latest event of each migration.';
GRANT USAGE ON SCHEMA ${LEDGER_SCHEMA} TO PUBLIC;
GRANT SELECT ON ${LEDGER_TABLE} TO PUBLIC`,

  /** $1 list, $2 name, $3 direction, $4 origin, $5 checksum, $6 run_on as text, $7 duration in ms, $8 version. */
  record: `INSERT INTO ${LEDGER_TABLE} (list_name, name, direction, origin, checksum, listed_at, duration_ms, ashlar_version)
VALUES ($1, $2, $3, $4, $5, $6::timestamp, $7::integer, $8)`,
} as const

/** The statements on one of node-pg-migrate's lists. Its columns and their types are node-pg-migrate's own. */
export function listSql(table: string) {
  const list = `public.${quote(table)}`
  return {
    create: `CREATE TABLE ${list} (id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)`,
    // run_on has no time zone: node-pg-migrate wrote now() in its session's, usually the server's own, as here. It is set
    // back with the clock in autumn, or by another TimeZone; the order of a run is that of the ids.
    rows: `SELECT name, run_on::timestamptz AS applied_at, run_on::text AS run_on FROM ${list} ORDER BY id`,
    // node-pg-migrate orders by run_on: never before that of an earlier one, or its `down` would revert the earlier.
    insert: `INSERT INTO ${list} (name, run_on) SELECT $1, greatest(localtimestamp, max(run_on)) FROM ${list} RETURNING run_on::text AS run_on`,
    hasRows: `SELECT EXISTS (SELECT FROM ${list}) AS has_rows`,
    remove: `DELETE FROM ${list} WHERE name = $1`,
  } as const
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
