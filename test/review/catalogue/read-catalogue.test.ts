import t from 'tap'
import { readCatalogue } from '../../../src/review/catalogue/read-catalogue.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { makeRole, openSession } from '../drift/fixtures/drift-case.js'

const session = await openSession(t, await createTestDatabase(t))

/** Describes the objects that the work makes, and takes it back. */
async function described(change: string, options: Parameters<typeof readCatalogue>[1] = {}) {
  const before = (await readCatalogue(session, options)).map(({ kind, name }) => `${kind} ${name}`)
  await session.query('BEGIN')
  await session.query(change)
  const after = await readCatalogue(session, options)
  await session.query('ROLLBACK')
  return after.filter(({ kind, name }) => !before.includes(`${kind} ${name}`))
}

t.test('readCatalogue', async (t) => {
  t.test('describes the schemas of the migrations, and no ledger, system or extension object', async (t) => {
    const objects = await readCatalogue(session)
    const names = objects.map(({ kind, name }) => `${kind} ${name}`)
    t.equal(new Set(names).size, names.length, 'each by a name of its own')
    for (const name of [
      'column registry.service.name',
      'constraint service_port_range ON registry.service',
      'enum agent.modification_status',
      'extension pg_trgm',
      'function core.new_id()',
      'index agent.modification_affected_files_idx',
      'schema registry',
      'table core.change_log_default',
      'trigger change_log_refuse_update ON core.change_log',
    ]) {
      t.ok(names.includes(name), name)
    }
    t.same(
      names.filter((name) => /pgmigrations|pg_catalog|information_schema|similarity|gtrgm| ashlar/.test(name)),
      [],
    )
  })

  t.test('writes names as SQL does', async (t) => {
    const objects =
      await described(`CREATE SCHEMA "A.b"; CREATE TABLE "A.b"."T ""x" ("C.d" int CONSTRAINT "E f" CHECK ("C.d" > 0));
      CREATE FUNCTION "A.b"."G"("H" "A.b"."T ""x") RETURNS int LANGUAGE sql AS 'SELECT 1'`)
    t.same(
      objects.map(({ kind, name }) => `${kind} ${name}`),
      [
        'column "A.b"."T ""x"."C.d"',
        'constraint "E f" ON "A.b"."T ""x"',
        'function "A.b"."G"("A.b"."T ""x")',
        'schema "A.b"',
        'table "A.b"."T ""x"',
      ],
    )
  })

  t.test('tells what a definition of PostgreSQL leaves out', async (t) => {
    const partsAfter = async (change: string, object: string) => {
      const objects = await described(`CREATE TABLE public.p (id int, at int) PARTITION BY RANGE (at);
        CREATE TABLE public.p_1 PARTITION OF public.p FOR VALUES FROM (0) TO (10);
        CREATE TRIGGER no_change AFTER UPDATE ON public.p FOR EACH ROW EXECUTE FUNCTION core.refuse_update();
        CREATE TABLE public.k (id int CONSTRAINT k_id_key UNIQUE); ${change}`)
      const found = objects.find(({ kind, name }) => `${kind} ${name}` === object)
      return found === undefined ? null : Object.keys(found.parts)
    }
    const ofPartition = 'trigger no_change ON public.p_1'
    t.equal(await partsAfter('', ofPartition), null, 'the trigger of the table tells')
    t.same(await partsAfter('ALTER TABLE public.p_1 DISABLE TRIGGER no_change', ofPartition), ['enabled', 'definition'])
    const key = 'constraint k_id_key ON public.k'
    t.same(await partsAfter('', key), ['definition'])
    const invalid = `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'public.k_id_key'::regclass`
    t.same(await partsAfter(invalid, key), ['definition', 'index valid'])
    t.same(await partsAfter('ALTER TABLE public.k CLUSTER ON k_id_key', key), ['clustered', 'definition'])
    t.same(await partsAfter('CREATE TYPE public.c AS (a text COLLATE "C")', 'type public.c'), ['attributes'])
  })

  t.test('leaves out months of partitioned tables that upkeep keeps, and no others', async (t) => {
    const month = `FOR VALUES FROM ('2031-01-01') TO ('2031-02-01')`
    const change = `CREATE TABLE core.jan PARTITION OF core.change_log ${month};
      CREATE TABLE public.mine (at timestamptz) PARTITION BY RANGE (at); CREATE TABLE public.jan PARTITION OF public.mine ${month}`
    const tables = async (options = {}) =>
      (await described(change, options)).filter(({ kind }) => kind === 'table').map(({ name }) => name)
    t.same(await tables(), ['public.jan', 'public.mine'])
    t.same(await tables({ keptTables: ['public.mine', 'public.gone'] }), ['public.mine'])
  })

  t.test('leaves out schemas when told', async (t) => {
    t.same(await described('CREATE SCHEMA other; CREATE TABLE other.a (id int)', { ignoredSchemas: ['other'] }), [])
  })

  t.test('is the same for a role without any right', async (t) => {
    const all = await readCatalogue(session)
    const role = await makeRole(t, session)
    await session.query(`REVOKE ALL ON SCHEMA public FROM PUBLIC; SET ROLE "${role}"`)
    t.same(await readCatalogue(session), all)
    await session.query('RESET ROLE')
  })

  t.test('is the same whatever the session has set', async (t) => {
    const change = `CREATE TABLE public.days (day date DEFAULT '2030-02-01', at timestamptz DEFAULT '2030-02-01 00:00+00')`
    const plain = await described(change)
    await session.query(`SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET search_path = core, registry`)
    t.same(await described(change), plain)
  })

  t.test('takes ends of line in a body for nothing', async (t) => {
    const bodyOf = async (body: string) =>
      (await described(`CREATE FUNCTION public.ends() RETURNS int LANGUAGE sql AS $$${body}$$`))[0]?.parts.body
    t.equal(await bodyOf('\r\nSELECT 1\r\n'), await bodyOf('\nSELECT 1\n'))
  })
})
