import t from 'tap'
import { connect } from '../../src/database.js'
import { type ManifestQuery, readOwnManifest } from '../../src/generate/manifest-file.js'
import { type ExplainOptions, explainQuery } from '../../src/review/explain.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { startDebianServer } from '../fixtures/debian-server.js'
import { queryOf } from '../generate/fixtures/queries.js'

const { queries } = await readOwnManifest()
const plain: ExplainOptions = {
  format: 'text',
  analyze: false,
  buffers: false,
  generic: false,
  isIndexed: false,
  timeoutMs: null,
}

function named(name: string): ManifestQuery {
  const query = queries.find((each) => each.name === name)
  if (query === undefined) throw new Error(name)
  return query
}

function entryOf(statement: string, parameterTypes = {}, isRead = true): ManifestQuery {
  const { name, file, ir } = queryOf(statement)
  return { name, file, isRead, tables: { read: [], written: [] }, parameterTypes, columns: [], ir }
}

t.test('explainQuery', async (t) => {
  const db = await connectTestDatabase(t)
  const lines = async (query: ManifestQuery, params: object, options: Partial<ExplainOptions> = {}) =>
    ((await explainQuery(db, query, params as never, { ...plain, ...options })).plan as string[]).join('\n')

  t.test('gives the plan of the variant that the parameters make, as text', async (t) => {
    const params = { limit: 5, order: 'name', category: "it's" }
    const { query, statement, plan } = await explainQuery(db, named('listTemplates'), params, plain)
    t.equal(query, 'listTemplates')
    t.match(statement, /category = \$1[\s\S]*LIMIT \$2$/)
    t.notMatch(statement, 'tags &&')
    t.match((plan as string[]).join('\n'), /^Limit {2}\(cost=.*category = 'it''s'::text/s)
  })

  t.test('gives it as JSON', async (t) => {
    const { plan } = await explainQuery(db, named('listTemplates'), { limit: 5 }, { ...plain, format: 'json' })
    t.match(plan, [{ Plan: { 'Node Type': 'Limit' } }])
  })

  t.test('executes nothing', async (t) => {
    t.match(await lines(entryOf('SELECT 1 / :a::int AS x', { a: 'int4' }), { a: 1 }), 'Result')
    const params = { owner: 'ada', name: 'calendar', status: 'active', techStack: [], metrics: {} }
    const query = named('createProjectContext')
    const given = Object.fromEntries(Object.keys(query.parameterTypes).map((name) => [name, null]))
    t.match(await lines(query, { ...given, ...params }), 'Insert on project_context')
    t.match(await lines(entryOf('SELECT pg_sleep(3600) AS x'), {}, { timeoutMs: 1_000 }), 'Result')
    t.same(await db.query('SELECT FROM agent.project_context'), [])
  })

  t.test('needs no values for a generic plan, which shows places instead', async (t) => {
    const query = named('listTemplates')
    const generic = await lines(query, { category: null }, { generic: true })
    t.match(generic, 'category = $1')
    t.match(await lines(entryOf('SELECT 1 AS x'), {}, { generic: true }), 'Result')
    t.match(await lines(query, { category: null }, { generic: true }), 'category = $1')
  })

  t.test('avoids sequential scans when told, and only then', async (t) => {
    const query = named('findTemplate')
    const params = { templateId: '018f3f3e-0000-7000-8000-000000000000' }
    t.match(await lines(query, params, { isIndexed: true }), 'template_pkey')
    t.same(await db.query('SHOW enable_seqscan'), [{ enableSeqscan: 'on' }])
  })

  t.test('tells of buffers, when nothing is run of those of planning', async (t) => {
    t.match(await lines(named('listTemplates'), { limit: 1 }, { buffers: true, analyze: true }), /Buffers: shared/)
    t.notMatch(await lines(named('listTemplates'), { limit: 1 }, { analyze: true }), 'Buffers')
  })

  t.test('runs a write when told, and rolls it back with all that its triggers did', async (t) => {
    const query = entryOf(
      'INSERT INTO core.operation (operation_id, query, fingerprint) VALUES (:id, :id, :f)',
      {},
      false,
    )
    const before = await db.query('SELECT count(*) AS n FROM core.operation')
    const plan = await lines(query, { id: 'x', f: Buffer.alloc(32) }, { analyze: true })
    t.match(plan, /Insert on operation .*actual/)
    t.same(await db.query('SELECT count(*) AS n FROM core.operation'), before)
  })

  t.test('runs what is marked as a read in a transaction that cannot write', async (t) => {
    const query = entryOf("INSERT INTO core.operation (operation_id, query, fingerprint) VALUES ('x', 'x', '')")
    await t.rejects(lines(query, {}, { analyze: true }), { name: 'QueryError', sqlState: '25006' })
  })

  t.test('ends what takes too long', async (t) => {
    const query = entryOf('SELECT pg_sleep(3600) AS x')
    await t.rejects(lines(query, {}, { analyze: true, timeoutMs: 100 }), { name: 'TimeoutError' })
  })

  t.test('shows no value in an error', async (t) => {
    const error = await lines(entryOf('SELECT :a::text::int AS x', { a: 'text' }), { a: 'canary' }).catch((e) => e)
    t.equal(error.name, 'QueryError')
    t.notMatch(String(error.stack), 'canary')
    await t.rejects(lines(named('listTemplates'), {}), { name: 'ValidationError', message: /limit/ })
  })
})

t.test('on a server of before GENERIC_PLAN', async (t) => {
  const server = await startDebianServer(t)
  if (server === null) return t.pass('none is installed')
  const { port } = server
  const login = { host: '127.0.0.1', port, user: 'ashlar', password: 'unused', database: 'postgres' }
  const db = await connect({ ...login, pool: { min: 0, max: 1 } })
  t.teardown(() => db.close())
  const query = entryOf('SELECT oid FROM pg_class WHERE relname = :name AND oid > :oid', { name: 'name', oid: 'oid' })
  const { plan } = await explainQuery(db, query, {}, { ...plain, generic: true, buffers: true, isIndexed: true })
  t.match((plan as string[]).join('\n'), /relname = \$1/)
  const { plan: run } = await explainQuery(db, query, { name: 'a', oid: '1' }, { ...plain, analyze: true })
  t.match((run as string[]).join('\n'), /actual time/)
  return undefined
})
