/** The statements of backup and restore. */

import { escapeIdentifier, escapeLiteral } from 'pg'

/** What does not belong to a database's user. */
const OF_SYSTEM = "nspname LIKE 'pg\\_%' OR nspname = 'information_schema'"

/** Everything that a restore could meet: schemas with all that is in them, and what stands in `public`, which belongs to
 *  every database. What belongs to an extension goes and comes with it; what belongs to another object, with that. */
const FOUND = `SELECT 'schema' AS type, quote_ident(nspname) AS identity, 0 AS rank
FROM pg_namespace AS space
WHERE NOT (${OF_SYSTEM} OR nspname = 'public')
  AND NOT EXISTS (
    SELECT FROM pg_depend AS of_extension
    WHERE of_extension.classid = 'pg_namespace'::regclass
      AND of_extension.objid = space.oid
      AND of_extension.deptype = 'e'
  )
UNION ALL
SELECT
  CASE object.type WHEN 'statistics object' THEN 'statistics' WHEN 'composite type' THEN 'type' ELSE object.type END,
  object.identity,
  CASE WHEN depend.classid = 'pg_class'::regclass THEN 1 ELSE 2 END
FROM pg_depend AS depend
CROSS JOIN LATERAL pg_identify_object(depend.classid, depend.objid, 0) AS object
WHERE depend.refclassid = 'pg_namespace'::regclass
  AND depend.refobjid = to_regnamespace('public')
  AND depend.deptype = 'n'
  AND depend.classid NOT IN ('pg_default_acl'::regclass, 'pg_extension'::regclass)
  AND NOT EXISTS (
    SELECT FROM pg_depend AS owned
    WHERE owned.classid = depend.classid AND owned.objid = depend.objid AND owned.deptype IN ('e', 'i', 'a')
  )`

/** What the check of the rows raises. */
export const WRONG_ROWS = 'AS001'

export const backupSql = {
  /** One row. */
  server: `SELECT
  split_part(current_setting('server_version'), ' ', 1) AS version,
  current_setting('server_version_num')::int4 / 10000 AS major,
  pg_encoding_to_char(encoding)::text AS encoding,
  pg_get_userbyid(datdba)::text AS owner
FROM pg_database
WHERE datname = current_database()`,

  beginSnapshot: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  /** The session waits while pg_dump works. */
  waitForEver: 'SET LOCAL idle_in_transaction_session_timeout = 0',
  /** One row. */
  snapshot: 'SELECT pg_export_snapshot() AS id',
  endSnapshot: 'ROLLBACK',

  /** Tables that a dump must hold. */
  tables: `SELECT relation.oid::text AS oid, format('%I.%I', nspname, relname) AS name
FROM pg_class AS relation
INNER JOIN pg_namespace AS space ON space.oid = relation.relnamespace
WHERE relkind IN ('r', 'p')
  AND relpersistence <> 't'
  AND NOT (${OF_SYSTEM})
  AND NOT EXISTS (
    SELECT FROM pg_depend AS of_extension
    WHERE of_extension.classid = 'pg_class'::regclass
      AND of_extension.objid = relation.oid
      AND of_extension.deptype = 'e'
  )
ORDER BY name`,

  /** What keeps a database from being empty. */
  found: `SELECT type || ' ' || identity AS name FROM (${FOUND}) AS found ORDER BY rank, type, identity`,

  /** Those that stay when what was found is dropped. */
  extensions: `SELECT extname::text AS name
FROM pg_extension
WHERE extnamespace::regnamespace::text NOT IN (SELECT identity FROM (${FOUND}) AS found WHERE type = 'schema')`,

  /** One row: whether the session may act as role $1. (16 split SET from MEMBER.) */
  mayBecome: `SELECT pg_has_role(
  current_user,
  $1,
  CASE WHEN current_setting('server_version_num')::int4 >= 160000 THEN 'SET' ELSE 'MEMBER' END
) AS may_become`,

  analyze: 'ANALYZE',

  /** One row: whether there is a list $1 of migrations. */
  hasList: "SELECT to_regclass('public.' || quote_ident($1)) IS NOT NULL AS is_there",
  /** One row. */
  countList: (table: string): string => `SELECT count(*)::int4 AS applied FROM public.${escapeIdentifier(table)}`,

  begin: "BEGIN;\nSET LOCAL statement_timeout = 0;\nSET LOCAL lock_timeout = '60s';\n",
  /** An identity's sequence goes with its table, so tables come first, and what is gone by then is passed over. */
  dropAll: `DO $drop$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT type, identity FROM (${FOUND}) AS found ORDER BY rank, type = 'sequence', type, identity LOOP
    EXECUTE format('DROP %s IF EXISTS %s CASCADE', found.type, found.identity);
  END LOOP;
END
$drop$;
`,
  become: (role: string): string => `SET ROLE ${escapeIdentifier(role)};\n`,
  /** `table` is quoted already. */
  checkRows: (table: string, rows: number): string =>
    `DO ${escapeLiteral(`BEGIN IF (SELECT count(*) FROM ONLY ${table}) <> ${rows} THEN RAISE EXCEPTION USING ERRCODE = '${WRONG_ROWS}', MESSAGE = ${escapeLiteral(table)}; END IF; END`)};\n`,
  commit: '\nCOMMIT;\n',
} as const
