import t from 'tap'
import { applyDraft, driftCase } from './fixtures/drift-case.js'

/** By hand, in psql: what each is called, and the statements. */
const CHANGES: readonly (readonly [readonly string[], string])[] = [
  [
    ['extra column registry.service.rack'],
    `ALTER TABLE registry.service ADD COLUMN rack text COLLATE "C" NOT NULL DEFAULT 'a';
     COMMENT ON COLUMN registry.service.rack IS 'Where it''s \\ kept.'`,
  ],
  [
    ['extra index registry.service_drift_idx'],
    `CREATE INDEX service_drift_idx ON registry.service (lower(name) DESC) INCLUDE (version) WHERE name <> 'x'`,
  ],
  [['missing index agent.modification_affected_files_idx'], 'DROP INDEX agent.modification_affected_files_idx'],
  [
    ['changed enum agent.modification_status'],
    `ALTER TYPE agent.modification_status ADD VALUE 'it''s' BEFORE 'applied'`,
  ],
  [
    ['changed function agent.check_modification_status()'],
    `CREATE OR REPLACE FUNCTION agent.check_modification_status() RETURNS trigger LANGUAGE plpgsql AS
      $body$ BEGIN PERFORM $x$ $function$ $x$; RETURN NEW; END $body$`,
  ],
  [['changed table registry.service'], `COMMENT ON TABLE registry.service IS NULL`],
  [
    ['changed trigger change_log_refuse_update ON core.change_log'],
    'ALTER TABLE core.change_log DISABLE TRIGGER change_log_refuse_update',
  ],
  [
    ['missing constraint service_port_range ON registry.service'],
    'ALTER TABLE registry.service DROP CONSTRAINT service_port_range',
  ],
  [['changed column registry.service.name'], 'ALTER TABLE registry.service ALTER COLUMN name DROP NOT NULL'],
  [['changed column agent.template.category'], `ALTER TABLE agent.template ALTER COLUMN category SET DEFAULT 'x'`],
  [
    ['changed column core.operation.result'],
    'ALTER TABLE core.operation ALTER COLUMN result TYPE json USING result::json',
  ],
  [
    ['extra sequence public."Odd ""T.x_s_seq"', 'extra table public."Odd ""T.x"'],
    `CREATE TABLE public."Odd ""T.x" (
      id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial, "A.b" text,
      d int GENERATED ALWAYS AS (length("A.b")) STORED, v int GENERATED ALWAYS AS (length("A.b") * 2) VIRTUAL
    );
    ALTER TABLE public."Odd ""T.x" ALTER COLUMN "A.b" SET STORAGE EXTERNAL;
    COMMENT ON COLUMN public."Odd ""T.x"."A.b" IS 'b'`,
  ],
  [
    ['extra view public.names', 'extra view public.others'],
    `CREATE VIEW public.others AS SELECT name FROM agent.template;
     CREATE VIEW public.names WITH (security_barrier) AS SELECT name FROM public.others`,
  ],
  [
    ['extra policy mine ON agent.template', 'changed table agent.template'],
    `CREATE POLICY mine ON agent.template FOR SELECT TO PUBLIC USING (name <> '');
     ALTER TABLE agent.template ENABLE ROW LEVEL SECURITY`,
  ],
  [
    ['extra trigger drift ON agent.template'],
    `CREATE TRIGGER drift AFTER UPDATE ON agent.template REFERENCING OLD TABLE AS o NEW TABLE AS n
      FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_update()`,
  ],
  [
    ['extra schema "Other"'],
    `CREATE SCHEMA "Other"; CREATE TABLE "Other".a (id int PRIMARY KEY, "select" text);
     CREATE TABLE "Other".b (id int CONSTRAINT "B_fk" REFERENCES "Other".a ON DELETE CASCADE);
     CREATE MATERIALIZED VIEW "Other".m AS SELECT id FROM "Other".b; CREATE INDEX ON "Other".m (id)`,
  ],
  [
    ['extra domain public.email', 'extra type public.pair'],
    `CREATE DOMAIN public.email AS text NOT NULL CONSTRAINT "at sign" CHECK (VALUE LIKE '%@%');
     CREATE TYPE public.pair AS (a int, b public.email)`,
  ],
  [
    ['extra table public.part', 'extra table public.part_1'],
    `CREATE TABLE public.part (at timestamptz NOT NULL) PARTITION BY RANGE (at);
     CREATE TABLE public.part_1 PARTITION OF public.part FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`,
  ],
]

t.test('makeDraft', async (t) => {
  t.test('writes what by-hand changes of every kind are in a migration, and what takes them back', async (t) => {
    const { live, lines, draft } = await driftCase(t, CHANGES.map(([, change]) => change).join(';\n'))
    t.same([...lines].sort(), CHANGES.flatMap(([names]) => names).sort(), 'each is named, and nothing else')
    const { sql, uncovered, uncoveredDown } = await draft()
    t.same(uncovered, [], 'nothing is left')
    t.same(await applyDraft(t, live, sql, 'up'), [], 'a migrated database becomes equal')
    t.match(uncoveredDown, [/^changed enum agent.modification_status \(values\): a value cannot be taken/])
    t.equal(uncoveredDown.length, 1)
    t.same(await applyDraft(t, null, sql, 'both'), ['changed enum agent.modification_status'], 'and is what it was')
    t.match(sql, /^-- Up Migration\n[\s\S]*\n-- Down Migration\n-- NOT COVERED/)
    t.match(sql, /-- DESTRUCTIVE: the values of the column are lost\nALTER TABLE registry.service DROP COLUMN rack;/)
    t.match(sql, `ALTER TYPE agent.modification_status ADD VALUE 'it''s' AFTER 'approved';`, 'no new type is made')
  })

  t.test('writes one script that takes the database back', async (t) => {
    const { live, draft } = await driftCase(t, 'DROP TABLE agent.template; CREATE SCHEMA more')
    const { sql, uncovered, uncoveredDown } = await draft({ isUndo: true })
    t.same([uncovered, uncoveredDown], [[], []])
    await live.query('RESET ALL')
    await live.query(sql)
    t.same(await applyDraft(t, live, '', 'up'), [])
  })

  t.test('says what no statement can make', async (t) => {
    const { live, lines, draft } = await driftCase(
      t,
      `CREATE TABLE public.twice (id int); INSERT INTO public.twice VALUES (1), (1);
       ALTER TABLE agent.template RENAME COLUMN category TO old; ALTER TABLE agent.template ADD COLUMN category text`,
    )
    await live.query('CREATE UNIQUE INDEX CONCURRENTLY twice_key ON public.twice (id)').catch(() => {})
    t.ok(lines.includes('extra table public.twice'))
    t.match((await draft()).uncovered.join('\n'), 'no statement changes the order of columns')
  })

  t.test('does not build an index that failed to be built', async (t) => {
    const { draft, lines } = await driftCase(
      t,
      `CREATE INDEX broken ON agent.template (name); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'agent.broken'::regclass`,
    )
    t.same(lines, ['extra index agent.broken'])
    const { sql, uncovered } = await draft()
    t.match(uncovered, [/^extra index agent.broken: what is left of a build that failed: drop it there, or REINDEX/])
    t.notMatch(sql, /CREATE INDEX/)
  })

  t.test('keeps numbers and keys where only their settings changed', async (t) => {
    const setup = `CREATE TABLE public.n (
        id int GENERATED ALWAYS AS IDENTITY CONSTRAINT n_key UNIQUE,
        of int CONSTRAINT n_of_fkey REFERENCES public.n (id)
      ) WITH (fillfactor = 70);
      CREATE STATISTICS public.n_stats ON id, of FROM public.n;
      INSERT INTO public.n DEFAULT VALUES;`
    const { lines, draft } = await driftCase(
      t,
      `ALTER TABLE public.n ALTER id SET GENERATED BY DEFAULT, ALTER id SET INCREMENT 5, ALTER id SET CYCLE;
       ALTER TABLE public.n RESET (fillfactor), SET (toast.autovacuum_enabled = false);
       ALTER INDEX public.n_key SET (fillfactor = 60); COMMENT ON INDEX public.n_key IS 'i';
       ALTER STATISTICS public.n_stats SET STATISTICS 500;
       ALTER TABLE public.n DISABLE TRIGGER ALL`,
      {},
      setup,
    )
    t.same(lines, [
      'changed column public.n.id',
      'changed constraint n_key ON public.n',
      'changed constraint n_of_fkey ON public.n',
      'changed statistics public.n_stats',
      'changed table public.n',
    ])
    const { sql, uncovered, uncoveredDown } = await draft()
    t.match(uncovered, [/^changed constraint n_of_fkey ON public.n \(enforced\): triggers that check it are disabled/])
    t.same([uncovered.length, uncoveredDown], [1, []])
    t.notMatch(sql, /DROP|ADD/, 'nothing is made anew: an identity would count from its start again')
  })

  t.test('has privileges where they are asked for', async (t) => {
    const change =
      'GRANT SELECT ON agent.template TO pg_monitor WITH GRANT OPTION; REVOKE EXECUTE ON FUNCTION core.new_id() FROM PUBLIC'
    t.same((await driftCase(t, change)).lines, [])
    const { live, lines, draft } = await driftCase(t, change, { privileges: true })
    t.same(lines, ['changed function core.new_id()', 'changed table agent.template'])
    const { sql, uncovered, uncoveredDown } = await draft()
    t.same([uncovered, uncoveredDown], [[], []])
    t.same(await applyDraft(t, live, sql, 'up', { privileges: true }), [])
  })
})
