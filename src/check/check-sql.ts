/** The statements of the check, all of it reads of the catalogue. */

export const checkSql = {
  /** One row. */
  server: `SELECT
  current_setting('server_version') AS server_version,
  current_setting('server_version_num')::int4 AS version_number,
  pg_is_in_recovery() AS is_standby`,

  /** One row: what migrating needs. $1: schema and $2: table of the ledger; $3: the schemas that migrations create. */
  rightToMigrate: `SELECT
  has_database_privilege(current_database(), 'CREATE') AS may_create_schemas,
  coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1), FALSE) AS may_create_ledger,
  NOT EXISTS (
    SELECT FROM pg_namespace
    WHERE nspname = ANY($3::text[]) AND NOT has_schema_privilege(oid, 'CREATE')
  ) AS may_create_tables,
  ledger.oid IS NOT NULL AS has_ledger,
  coalesce(has_table_privilege(ledger.oid, 'INSERT'), FALSE) AS may_write_ledger,
  pg_get_userbyid(ledger.relowner)::text AS ledger_owner
FROM (VALUES ($1::text, $2::text)) AS named (schema_name, table_name)
LEFT JOIN pg_namespace ON nspname = schema_name
LEFT JOIN pg_class AS ledger ON ledger.relnamespace = pg_namespace.oid AND ledger.relname = table_name`,

  /** A row for each of the schemas $1 that exists. $2: the role, null for the own. */
  schemas: `SELECT
  nspname::text AS name,
  has_schema_privilege(coalesce($2::name, current_user), oid, 'USAGE') AS is_usable
FROM pg_namespace
WHERE nspname = ANY($1::text[])
ORDER BY nspname`,

  /** A row for each table of the schemas $1 on which a right is missing; of the ledger ($2, $3) it is reading. $4: the
   *  role, null for the own. */
  missingTableRights: `SELECT
  format('%I.%I', nspname, relname) AS name,
  array_remove(
    ARRAY[
      CASE WHEN NOT has_table_privilege(role, pg_class.oid, 'SELECT') THEN 'SELECT' END,
      CASE WHEN nspname <> $2 AND NOT has_table_privilege(role, pg_class.oid, 'INSERT') THEN 'INSERT' END,
      CASE WHEN nspname <> $2 AND NOT has_table_privilege(role, pg_class.oid, 'UPDATE') THEN 'UPDATE' END,
      CASE WHEN nspname <> $2 AND NOT has_table_privilege(role, pg_class.oid, 'DELETE') THEN 'DELETE' END
    ],
    NULL
  ) AS rights
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
CROSS JOIN (VALUES (coalesce($4::name, current_user))) AS asked (role)
WHERE
  (nspname = ANY($1::text[]) OR (nspname = $2 AND relname = $3))
  AND relkind IN ('r', 'p')
  AND NOT relispartition
  AND NOT (
    has_table_privilege(role, pg_class.oid, 'SELECT')
    AND (
      nspname = $2
      OR (
        has_table_privilege(role, pg_class.oid, 'INSERT')
        AND has_table_privilege(role, pg_class.oid, 'UPDATE')
        AND has_table_privilege(role, pg_class.oid, 'DELETE')
      )
    )
  )
ORDER BY
  nspname,
  relname`,
} as const
