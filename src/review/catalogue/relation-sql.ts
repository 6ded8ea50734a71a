/** How the catalogue describes tables and views, and what stands in them. */

import { COLUMN_ORDER } from './object.js'
import { describe, privileges } from './scope-sql.js'

const TABLES = describe({
  kind: `CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END`,
  name: 'name',
  parent: 'space',
  parts: {
    persistence: `CASE relpersistence WHEN 'u' THEN 'unlogged' END`,
    'partition key': 'pg_get_partkeydef(relation.oid)',
    'partition of': `CASE WHEN relispartition THEN (
      SELECT inhparent::regclass || ' ' || pg_get_expr(relpartbound, relation.oid) FROM pg_inherits WHERE inhrelid = relation.oid) END`,
    inherits: `CASE WHEN NOT relispartition THEN (
      SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = relation.oid) END`,
    'row security': `CASE WHEN relrowsecurity THEN 'enabled' END`,
    'forced row security': `CASE WHEN relforcerowsecurity THEN 'forced' END`,
    options: `(SELECT string_agg(option, ', ' ORDER BY option) FROM (
      SELECT unnest(relation.reloptions)
      UNION ALL
      SELECT 'toast.' || unnest(reloptions) FROM pg_class WHERE pg_class.oid = relation.reltoastrelid
    ) AS set_ (option))`,
    'replica identity': `CASE relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN
      (SELECT 'using index ' || quote_ident(relname) FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid
       WHERE indrelid = relation.oid AND indisreplident) END`,
    'access method': `(SELECT amname FROM pg_am WHERE pg_am.oid = relam AND amname <> 'heap')`,
    'foreign server': `(SELECT srvname || coalesce(' ' || ftoptions::text, '') FROM pg_foreign_table
      JOIN pg_foreign_server ON pg_foreign_server.oid = ftserver WHERE ftrelid = relation.oid)`,
    definition: `CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(relation.oid) END`,
    [COLUMN_ORDER]: `CASE WHEN relkind IN ('r', 'p', 'f') THEN (SELECT jsonb_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute
      WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped) END`,
    comment: `obj_description(relation.oid, 'pg_class')`,
    privileges: privileges('relacl', 'r', 'relowner'),
  },
  sql: `CASE relkind WHEN 'v' THEN 'CREATE OR REPLACE VIEW ' || name
    || coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '') || ' AS' || E'\\n' || pg_get_viewdef(relation.oid)
    WHEN 'm' THEN 'CREATE MATERIALIZED VIEW ' || name || ' AS' || E'\\n' || pg_get_viewdef(relation.oid) END`,
  from: 'relation',
})

/** The columns of a view are as its definition says, but for their comments. */
const COLUMNS = describe({
  kind: `'column'`,
  name: `name || '.' || quote_ident(attname)`,
  parent: 'name',
  parts: {
    type: 'format_type(atttypid, atttypmod)',
    'not null': `CASE WHEN attnotnull THEN 'yes' || coalesce((
      SELECT ', not valid' FROM pg_constraint WHERE contype = 'n' AND conrelid = attrelid AND conkey = ARRAY[attnum] AND NOT convalidated
    ), '') END`,
    default: `CASE WHEN attgenerated = '' THEN pg_get_expr(adbin, adrelid) END`,
    generated: `CASE attgenerated WHEN 's' THEN pg_get_expr(adbin, adrelid) || ' stored' WHEN 'v' THEN pg_get_expr(adbin, adrelid) || ' virtual' END`,
    identity: `CASE WHEN attidentity <> '' THEN (
      SELECT
        CASE attidentity WHEN 'a' THEN 'always' ELSE 'by default' END
          || format(' (start %s increment %s minvalue %s maxvalue %s cache %s%s)', seqstart, seqincrement, seqmin, seqmax, seqcache,
            CASE WHEN seqcycle THEN ' cycle' ELSE '' END)
      FROM pg_depend JOIN pg_sequence ON seqrelid = objid
      WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = attrelid AND refobjsubid = attnum AND deptype = 'i'
    ) END`,
    collation: `(SELECT attcollation::regcollation WHERE attcollation <> typcollation)`,
    storage: `CASE WHEN attstorage <> typstorage THEN
      CASE attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END`,
    compression: `CASE attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END`,
    'statistics target': 'nullif(attstattarget, -1)',
    options: `array_to_string(attoptions, ', ')`,
    comment: 'col_description(attrelid, attnum)',
    privileges: `(SELECT ${privileges('attacl', 'c', 'relowner')} WHERE attacl IS NOT NULL)`,
  },
  from: `relation
    JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum`,
})

/** A foreign key names the index of the key that it refers to. */
const OF_OWN_INDEX = `contype IN ('p', 'u', 'x')`

/** Without NOT NULL, which only PostgreSQL 18 lists here and the columns tell on all versions, and without what a
 *  partition has from its table. */
const CONSTRAINTS = describe({
  kind: `'constraint'`,
  name: `quote_ident(conname) || ' ON ' || name`,
  parent: 'name',
  parts: {
    definition: 'pg_get_constraintdef(c.oid)',
    // DISABLE TRIGGER ALL, left behind by a load of rows, switches a foreign key off and leaves its definition.
    enforced: `CASE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgconstraint = c.oid AND tgisinternal AND tgenabled <> 'O') THEN 'not by all triggers' END`,
    'index options': `(SELECT array_to_string(i.reloptions, ', ') FROM pg_class AS i WHERE ${OF_OWN_INDEX} AND i.oid = conindid)`,
    'index valid': `(SELECT 'no' FROM pg_index WHERE ${OF_OWN_INDEX} AND indexrelid = conindid AND NOT (indisvalid AND indisready AND indislive))`,
    clustered: `(SELECT 'yes' FROM pg_index WHERE ${OF_OWN_INDEX} AND indexrelid = conindid AND indisclustered)`,
    comment: `obj_description(c.oid, 'pg_constraint')`,
    'index comment': `CASE WHEN ${OF_OWN_INDEX} THEN obj_description(conindid, 'pg_class') END`,
  },
  sql: `format('ALTER TABLE %s ADD CONSTRAINT %I %s', name, conname, pg_get_constraintdef(c.oid))`,
  from: `relation JOIN pg_constraint AS c ON conrelid = relation.oid AND contype IN ('c', 'f', 'p', 'u', 'x') AND conparentid = 0`,
})

const INDEXES = describe({
  kind: `'index'`,
  name: `space || '.' || quote_ident(i.relname)`,
  parent: 'name',
  parts: {
    definition: 'pg_get_indexdef(indexrelid)',
    valid: `CASE WHEN NOT (indisvalid AND indisready AND indislive) THEN 'no' END`,
    clustered: `CASE WHEN indisclustered THEN 'yes' END`,
    comment: `obj_description(indexrelid, 'pg_class')`,
  },
  sql: 'pg_get_indexdef(indexrelid)',
  from: `relation
    JOIN pg_index ON indrelid = relation.oid
    JOIN pg_class AS i ON i.oid = indexrelid AND NOT i.relispartition
  WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))`,
})

/** Of those that a partition has from its table, the ones that were switched off or on apart from it. */
const TRIGGERS = describe({
  kind: `'trigger'`,
  name: `quote_ident(tgname) || ' ON ' || name`,
  parent: 'name',
  parts: {
    definition: 'pg_get_triggerdef(g.oid)',
    enabled: `CASE tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica only' WHEN 'A' THEN 'always' END`,
    comment: `obj_description(g.oid, 'pg_trigger')`,
  },
  sql: 'pg_get_triggerdef(g.oid)',
  from: `relation JOIN pg_trigger AS g ON tgrelid = relation.oid AND NOT tgisinternal
    AND tgenabled IS DISTINCT FROM (SELECT tgenabled FROM pg_trigger AS above WHERE above.oid = g.tgparentid)`,
})

const POLICY_ROLES = `(SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ' ORDER BY role)
  FROM unnest(polroles) AS role)`
const POLICY_COMMAND = `CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END`
const POLICIES = describe({
  kind: `'policy'`,
  name: `quote_ident(polname) || ' ON ' || name`,
  parent: 'name',
  parts: {
    command: POLICY_COMMAND,
    restrictive: `CASE WHEN NOT polpermissive THEN 'yes' END`,
    roles: POLICY_ROLES,
    using: 'pg_get_expr(polqual, polrelid)',
    check: 'pg_get_expr(polwithcheck, polrelid)',
    comment: `obj_description(p.oid, 'pg_policy')`,
  },
  sql: `format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', polname, name, CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    ${POLICY_COMMAND}, ${POLICY_ROLES})
    || coalesce(' USING (' || pg_get_expr(polqual, polrelid) || ')', '')
    || coalesce(' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')', '')`,
  from: 'relation JOIN pg_policy AS p ON polrelid = relation.oid',
})

const RULES = describe({
  kind: `'rule'`,
  name: `quote_ident(rulename) || ' ON ' || name`,
  parent: 'name',
  parts: { definition: 'pg_get_ruledef(w.oid)', comment: `obj_description(w.oid, 'pg_rewrite')` },
  sql: 'pg_get_ruledef(w.oid)',
  from: `relation JOIN pg_rewrite AS w ON ev_class = relation.oid AND rulename <> '_RETURN'`,
})

const STATISTICS = describe({
  kind: `'statistics'`,
  name: `space.name || '.' || quote_ident(stxname)`,
  parent: 'relation.name',
  parts: {
    definition: 'pg_get_statisticsobjdef(x.oid)',
    target: 'nullif(stxstattarget, -1)',
    comment: `obj_description(x.oid, 'pg_statistic_ext')`,
  },
  sql: 'pg_get_statisticsobjdef(x.oid)',
  from: 'relation JOIN pg_statistic_ext AS x ON stxrelid = relation.oid JOIN space ON space.oid = stxnamespace',
})

export const RELATIONS = [TABLES, COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, POLICIES, RULES, STATISTICS] as const
