/** The statements that prepare a server. DDL takes no parameters: names and the verifier are escaped by pg. */

import { escapeIdentifier, escapeLiteral } from 'pg'

export const provisionSql = {
  /** A row when role $1 exists. */
  role: 'SELECT rolcanlogin AS can_login FROM pg_roles WHERE rolname = $1',

  createRole: (role: string, verifier: string): string =>
    `CREATE ROLE ${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(verifier)}`,

  /** A row when database $1 exists. */
  database: 'SELECT pg_get_userbyid(datdba)::text AS owner FROM pg_database WHERE datname = $1',

  /** UTF8, whatever the server's template has; locale and collation stay the server's. */
  createDatabase: (database: string, owner: string): string =>
    `CREATE DATABASE ${escapeIdentifier(database)} OWNER ${escapeIdentifier(owner)} TEMPLATE template0 ENCODING 'UTF8'`,

  /** One row: whether the own role may create databases, and give them to role $1. (16 split SET from MEMBER.) */
  rightToCreate: `SELECT
  rolsuper OR rolcreatedb AS may_create,
  pg_has_role(
    current_user,
    $1,
    CASE WHEN current_setting('server_version_num')::int4 >= 160000 THEN 'SET' ELSE 'MEMBER' END
  ) AS may_give
FROM pg_roles
WHERE rolname = current_user`,

  /** One row. */
  ownName: 'SELECT current_user::text AS name',

  /** One row: what the server was given when its cluster was made. */
  serverIdentifier: 'SELECT system_identifier::text AS identifier FROM pg_control_system()',

  join: (role: string): string => `GRANT ${escapeIdentifier(role)} TO CURRENT_USER`,
  leave: (role: string): string => `REVOKE ${escapeIdentifier(role)} FROM CURRENT_USER`,

  /** One row: what role $1 may do in the current database, and in the schema $2 that holds the ledger. */
  rightsOfRole: `SELECT
  has_database_privilege($1, current_database(), 'CONNECT') AS may_connect,
  has_database_privilege($1, current_database(), 'CREATE') AS may_create,
  coalesce((SELECT has_schema_privilege($1, oid, 'USAGE') FROM pg_namespace WHERE nspname = $2), FALSE) AS may_use_schema,
  coalesce((SELECT has_schema_privilege($1, oid, 'CREATE') FROM pg_namespace WHERE nspname = $2), FALSE)
    AS may_create_tables`,

  grantOnDatabase: (right: 'CONNECT' | 'CREATE', database: string, role: string): string =>
    `GRANT ${right} ON DATABASE ${escapeIdentifier(database)} TO ${escapeIdentifier(role)}`,

  grantOnSchema: (right: 'USAGE' | 'CREATE', schema: string, role: string): string =>
    `GRANT ${right} ON SCHEMA ${escapeIdentifier(schema)} TO ${escapeIdentifier(role)}`,
} as const
