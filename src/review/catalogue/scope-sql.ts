/** Which objects the catalogue's description holds, and the parts that are told of many kinds alike. */

import { LEDGER_SCHEMA } from '../../migrate/ledger-sql.js'

/** The tables that $1 names. Not by regclass, which asks for the right to use the schema. */
export const KEPT_TABLES = `
  SELECT kept.oid
  FROM pg_class AS kept JOIN pg_namespace AS kept_space ON kept_space.oid = kept.relnamespace
  WHERE format('%I.%I', kept_space.nspname, kept.relname) = ANY ($1::text[])`

/** $1: partitioned tables whose months upkeep makes and drops; $2: whether privileges are told; $3: schemas to leave out.
 *  Left out always: the server's own schemas, temporary ones, the ledgers, and what extensions bring. */
export const SCOPE = `
  member AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
  ),
  space AS (
    SELECT oid, quote_ident(nspname) AS name, nspowner, nspacl
    FROM pg_namespace
    WHERE
      nspname !~ '^pg_'
      AND nspname NOT IN ('information_schema', '${LEDGER_SCHEMA}')
      AND nspname <> ALL ($3::text[])
      AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_namespace'::regclass AND objid = pg_namespace.oid)
  ),
  relation AS (
    SELECT r.*, s.name AS space, s.name || '.' || quote_ident(r.relname) AS name
    FROM pg_class AS r JOIN space AS s ON s.oid = r.relnamespace
    WHERE
      r.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND (s.name, r.relname) NOT IN (('public', 'pgmigrations'), ('public', 'app_migrations'))
      AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_class'::regclass AND objid = r.oid)
      AND NOT EXISTS (
        SELECT FROM pg_inherits
        WHERE
          inhrelid = r.oid
          AND inhparent IN (${KEPT_TABLES})
          AND pg_get_expr(r.relpartbound, r.oid) <> 'DEFAULT'
      )
  )`

/** Tells what roles other than the owner may do, where $2 asks for it. */
export function privileges(acl: string, kind: string, owner: string): string {
  return `(
    SELECT string_agg(format('%s to %s', privilege, grantee), ', ' ORDER BY grantee, privilege)
    FROM (
      SELECT
        lower(privilege_type) || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END AS privilege,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee
      FROM aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner})))
      WHERE $2::boolean AND grantee <> ${owner}
    ) AS granted)`
}

/** Makes one kind's SELECT. `parts` are names and expressions of texts; those that are NULL are left out. */
export function describe(object: {
  readonly kind: string
  readonly name: string
  readonly parent: string
  readonly parts: Readonly<Record<string, string>>
  readonly sql?: string
  readonly from: string
}): string {
  const parts = Object.entries(object.parts).map(([part, text]) => `'${part}', (${text})::text`)
  return `
  SELECT
    ${object.kind} AS kind,
    ${object.name} AS name,
    ${object.parent} AS parent,
    jsonb_strip_nulls(jsonb_build_object(${parts.join(', ')})) AS parts,
    ${object.sql ?? 'NULL::text'} AS sql
  FROM ${object.from}`
}
