/** How the catalogue describes what stands in a schema beside tables: functions, types, sequences; and schemas themselves. */

import { describe, privileges } from './scope-sql.js'

const notMember = (catalogue: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM member WHERE classid = '${catalogue}'::regclass AND objid = ${oid})`

const SCHEMAS = describe({
  kind: `'schema'`,
  name: 'name',
  parent: 'NULL::text',
  parts: {
    comment: `obj_description(oid, 'pg_namespace')`,
    privileges: privileges('nspacl', 'n', 'nspowner'),
  },
  sql: `'CREATE SCHEMA ' || name`,
  from: 'space',
})

/** Without versions: those of the server decide what it brings. */
const EXTENSIONS = describe({
  kind: `'extension'`,
  name: 'quote_ident(extname)',
  parent: 'NULL::text',
  parts: { schema: 'extnamespace::regnamespace' },
  sql: `format('CREATE EXTENSION %I WITH SCHEMA %s', extname, extnamespace::regnamespace)`,
  from: 'pg_extension',
})

/** Ends of line count for nothing: they are those of the editor that wrote the migration. */
const FUNCTIONS = describe({
  kind: `CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END`,
  name: `CASE WHEN prokind = 'a' AND pronargs = 0 THEN space.name || '.' || quote_ident(proname) || '(*)' ELSE p.oid::regprocedure::text END`,
  parent: 'space.name',
  parts: {
    arguments: 'pg_get_function_arguments(p.oid)',
    returns: 'pg_get_function_result(p.oid)',
    language: 'lanname',
    volatility: `CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END`,
    security: `CASE WHEN prosecdef THEN 'definer' END`,
    strict: `CASE WHEN proisstrict THEN 'yes' END`,
    leakproof: `CASE WHEN proleakproof THEN 'yes' END`,
    window: `CASE prokind WHEN 'w' THEN 'yes' END`,
    parallel: `CASE proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END`,
    cost: `CASE WHEN procost <> CASE WHEN lanname IN ('c', 'internal') THEN 1 ELSE 100 END THEN procost END`,
    rows: `CASE WHEN prorows NOT IN (0, 1000) THEN prorows END`,
    support: `nullif(prosupport, 0)::regproc`,
    settings: `array_to_string(proconfig, E'\\n')`,
    body: `replace(coalesce(pg_get_function_sqlbody(p.oid), prosrc), E'\\r', '')`,
    aggregate: `(SELECT format('%s %s %s %s %s %s %s %s %s %s', aggtransfn, aggfinalfn, aggcombinefn, aggtranstype::regtype, agginitval, aggkind, aggsortop,
      nullif(aggmtransfn, 0)::regproc, nullif(aggminvtransfn, 0)::regproc, nullif(aggmfinalfn, 0)::regproc) FROM pg_aggregate WHERE aggfnoid = p.oid)`,
    comment: `obj_description(p.oid, 'pg_proc')`,
    privileges: privileges('proacl', 'f', 'proowner'),
  },
  sql: `CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) END`,
  from: `pg_proc AS p
    JOIN space ON space.oid = pronamespace
    JOIN pg_language ON pg_language.oid = prolang
  WHERE ${notMember('pg_proc', 'p.oid')}`,
})

const TYPE_PARTS = {
  comment: `obj_description(t.oid, 'pg_type')`,
  privileges: privileges('typacl', 'T', 'typowner'),
} as const
const TYPE_NAME = `space.name || '.' || quote_ident(typname)`
const typesOf = (kind: string): string =>
  `pg_type AS t JOIN space ON space.oid = typnamespace WHERE ${kind} AND ${notMember('pg_type', 't.oid')}`

const ENUMS = describe({
  kind: `'enum'`,
  name: TYPE_NAME,
  parent: 'space.name',
  parts: {
    values: '(SELECT jsonb_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)',
    ...TYPE_PARTS,
  },
  from: typesOf(`typtype = 'e'`),
})

const DOMAINS = describe({
  kind: `'domain'`,
  name: TYPE_NAME,
  parent: 'space.name',
  parts: {
    type: 'format_type(typbasetype, typtypmod)',
    'not null': `CASE WHEN typnotnull THEN 'yes' END`,
    default: 'typdefault',
    collation: `(SELECT t.typcollation::regcollation FROM pg_type AS base WHERE base.oid = t.typbasetype AND base.typcollation <> t.typcollation)`,
    constraints: `(SELECT string_agg(quote_ident(conname) || ' ' || pg_get_constraintdef(oid), E'\\n' ORDER BY conname)
      FROM pg_constraint WHERE contypid = t.oid AND contype = 'c')`,
    ...TYPE_PARTS,
  },
  from: typesOf(`typtype = 'd'`),
})

const COMPOSITES = describe({
  kind: `'type'`,
  name: TYPE_NAME,
  parent: 'space.name',
  parts: {
    attributes: `(SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
        || CASE WHEN attcollation <> base.typcollation THEN ' COLLATE ' || attcollation::regcollation ELSE '' END, ', ' ORDER BY attnum)
      FROM pg_attribute JOIN pg_type AS base ON base.oid = atttypid WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped)`,
    range: `(SELECT concat_ws(' ', rngsubtype::regtype, opcname, nullif(rngcollation, 0)::regcollation, nullif(rngcanonical, 0)::regproc, nullif(rngsubdiff, 0)::regproc)
      FROM pg_range JOIN pg_opclass ON pg_opclass.oid = rngsubopc WHERE rngtypid = t.oid)`,
    ...TYPE_PARTS,
  },
  from: typesOf(
    `(typtype = 'r' OR typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE pg_class.oid = typrelid AND relkind = 'c'))`,
  ),
})

/** Without those of identity columns, which tell them, and of the ledgers. */
const SEQUENCES = describe({
  kind: `'sequence'`,
  name: `space.name || '.' || quote_ident(relname)`,
  parent: 'space.name',
  parts: {
    type: 'format_type(seqtypid, NULL)',
    numbers: `format('start %s increment %s minvalue %s maxvalue %s cache %s%s', seqstart, seqincrement, seqmin, seqmax, seqcache,
      CASE WHEN seqcycle THEN ' cycle' ELSE '' END)`,
    persistence: `CASE relpersistence WHEN 'u' THEN 'unlogged' END`,
    'owned by': 'owned.by',
    comment: `obj_description(q.oid, 'pg_class')`,
    privileges: privileges('relacl', 's', 'relowner'),
  },
  from: `pg_class AS q
    JOIN space ON space.oid = relnamespace
    JOIN pg_sequence ON seqrelid = q.oid
    LEFT JOIN LATERAL (
      SELECT deptype, refobjid::regclass || '.' || quote_ident(attname) AS by
      FROM pg_depend JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
      WHERE classid = 'pg_class'::regclass AND objid = q.oid AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
    ) AS owned ON true
  WHERE
    deptype IS DISTINCT FROM 'i'
    AND (owned.by IS NULL OR owned.by !~ '^public\\.(pgmigrations|app_migrations)\\.')
    AND ${notMember('pg_class', 'q.oid')}`,
})

export const NAMESPACE = [SCHEMAS, EXTENSIONS, FUNCTIONS, ENUMS, DOMAINS, COMPOSITES, SEQUENCES] as const
