import { Client } from 'pg'
import t from 'tap'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { ownSchemas } from '../../src/migrate/files.js'
import { Secret } from '../../src/secret.js'
import { createTestDatabase, type DatabaseAccess, testServer } from '../fixtures/database.js'
import { startDebianServer } from '../fixtures/debian-server.js'
import { createRole } from '../fixtures/role.js'
import { withAdmin } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'
import { check, failedStep, outcomes } from './fixtures/check.js'
import { isSslRequest, startDyingNetwork, startImpostor, startRefusingServer, startServer } from './fixtures/servers.js'

const access = await createTestDatabase(t)
const empty = await createTestDatabase(t, null)

function targetOf(at: DatabaseAccess, changes: { readonly user?: string; readonly password?: string } = {}) {
  const { password, ...rest } = { ...at, ...changes }
  return { ...rest, password: new Secret(password), tls: 'disable' as const }
}

/** Runs one statement as the superuser in a database. */
async function inDatabase(at: DatabaseAccess, sql: string): Promise<void> {
  const client = new Client(at)
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

const upToSession = { name: 'ok', port: 'ok', protocol: 'ok', TLS: 'skipped' }
const upToDatabase = { ...upToSession, session: 'ok', password: 'ok', database: 'ok' }

t.test('a database that is ready', async (t) => {
  t.test('passes every step', async (t) => {
    const report = await check(t, targetOf(access))
    t.equal(report.ok, true)
    t.same(outcomes(report), { ...upToDatabase, version: 'ok', rights: 'ok', migrations: 'ok' })
    const details = Object.fromEntries(report.steps.map(({ name, details: found }) => [name, found]))
    t.match(details, {
      name: { host: '127.0.0.1', addresses: ['127.0.0.1'] },
      port: { port: access.port, address: '127.0.0.1' },
      protocol: { offersTls: false },
      password: { role: access.user },
      database: { database: access.database },
      version: { server: /^18\./, latencyMs: Number, isStandby: false },
      rights: { schemas: [...(await ownSchemas())] },
      migrations: { pending: 0, unknown: 0 },
    })
  })

  t.test('passes for a role that has what it needs and owns nothing', async (t) => {
    const role = await createRole(t)
    const { steps } = await check(t, targetOf(access, role))
    const { advice = '' } = steps.find(({ name }) => name === 'rights') ?? {}
    const [, statements = ''] = /`(.*)`/.exec(advice ?? '') ?? []
    await inDatabase(access, statements)
    t.teardown(() => inDatabase(access, `DROP OWNED BY ${role.user}`))
    t.equal((await check(t, targetOf(access, role))).ok, true, 'after the GRANTs of the advice')
  })
})

t.test('session', async (t) => {
  t.test('fails when the server starts up', async (t) => {
    const port = await startRefusingServer(t, '57P03', 'the database system is starting up')
    const step = await failedStep(t, targetOf({ ...access, port }))
    t.match(step, { name: 'session', reason: 'the database system is starting up', advice: /^wait, and try again/ })
  })

  t.test('fails when the server has no connection left', async (t) => {
    const full = await startEmbeddedServer({
      folder: 'temp',
      settings: { max_connections: '4', superuser_reserved_connections: '0', max_wal_senders: '0' },
    })
    t.teardown(() => full.close())
    const { host, port, user, password, database } = full
    const clients = [1, 2, 3, 4].map(() => new Client({ host, port, user, password, database }))
    for (const client of clients) await client.connect()
    t.teardown(() => Promise.all(clients.map((client) => client.end())))
    const step = await failedStep(t, targetOf({ host, port, user, password, database }))
    t.match(step, { name: 'session', reason: /too many clients/, advice: /max_connections/ })
  })

  t.test('fails when the role has no connection left', async (t) => {
    const role = await createRole(t, 'LOGIN CONNECTION LIMIT 0')
    const step = await failedStep(t, targetOf(access, role))
    t.match(step, { name: 'session', reason: /too many connections for role/ })
    t.match(step.advice, `ALTER ROLE "${role.user}" CONNECTION LIMIT`)
  })

  t.test('fails when the database has no connection left', async (t) => {
    await inDatabase(empty, `ALTER DATABASE ${empty.database} CONNECTION LIMIT 0`)
    t.teardown(() => inDatabase(empty, `ALTER DATABASE ${empty.database} CONNECTION LIMIT -1`))
    const step = await failedStep(t, targetOf(empty, await createRole(t)))
    t.match(step, { name: 'session', reason: /too many connections for database/ })
    t.match(step.advice, `ALTER DATABASE "${empty.database}" CONNECTION LIMIT`)
  })

  t.test('fails in time when the server opens none', async (t) => {
    const port = await startServer(t, (socket) => {
      socket.on('data', (bytes) => {
        if (isSslRequest(bytes)) socket.write('N')
      })
    })
    const step = await failedStep(t, targetOf({ ...access, port }), 100)
    t.match(step, { name: 'session', reason: 'the server opens no session within the time limit' })
  })
})

t.test('password', async (t) => {
  t.test('fails when it is wrong', async (t) => {
    const step = await failedStep(t, targetOf(access, { password: 'canary-4711' }))
    t.match(step, {
      name: 'password',
      reason: `password authentication failed for user "${access.user}"`,
      details: { role: access.user },
    })
  })

  t.test('fails when the role does not exist, which the server does not tell', async (t) => {
    const step = await failedStep(t, targetOf(access, { user: 'no_such_role' }))
    t.match(step, { name: 'password', reason: 'password authentication failed for user "no_such_role"' })
    t.match(step.advice, 'The server does not tell whether the role exists')
  })

  t.test('fails when none was given', async (t) => {
    const step = await failedStep(t, { ...targetOf(access), password: null })
    t.match(step, { name: 'password', reason: /asks for a password, and none was given/, advice: /PGPASSWORD/ })
  })

  t.test('fails when the role may not log in', async (t) => {
    const role = await createRole(t, 'NOLOGIN')
    const step = await failedStep(t, targetOf(access, role))
    t.match(step, { name: 'password', reason: /is not permitted to log in/ })
    t.match(step.advice, `ALTER ROLE "${role.user}" LOGIN`)
  })

  t.test('fails when a server that asks for none does not know the role', async (t) => {
    const debian = await startDebianServer(t)
    if (debian === null) {
      t.comment('no PostgreSQL of the operating system')
      return
    }
    const known = { host: '127.0.0.1', port: debian.port, user: 'ashlar', password: 'unused-1', database: 'postgres' }
    const step = await failedStep(t, targetOf(known, { user: 'nobody_here' }))
    t.match(step, { name: 'password', reason: 'role "nobody_here" does not exist', advice: /ashlar init --admin-url/ })
  })
})

t.test('pg_hba.conf', async (t) => {
  t.test('fails at the password where a server without TLS has no line for the database', async (t) => {
    const message = 'no pg_hba.conf entry for host "127.0.0.1", user "app", database "all", no encryption'
    const port = await startRefusingServer(t, '28000', message)
    const step = await failedStep(t, targetOf({ ...access, port, user: 'app', database: 'all' }))
    t.match(step, { name: 'password', reason: message })
    t.match(step.advice, '`host "all" app ADDRESS/32 scram-sha-256`, then `SELECT pg_reload_conf()`')
    t.notMatch(step.advice, 'sslmode')
  })
})

t.test('a server that does not know the password', async (t) => {
  t.test('may be an impostor', async (t) => {
    const port = await startImpostor(t)
    const step = await failedStep(t, targetOf({ ...access, port }))
    t.match(step, {
      name: 'password',
      reason: /may be an impostor \(SASL: .*server signature/,
      advice: /^do not connect/,
    })
  })
})

t.test('database', async (t) => {
  t.test('fails when it does not exist', async (t) => {
    const step = await failedStep(t, targetOf({ ...access, database: 'No such' }))
    t.match(step, { name: 'database', reason: 'database "No such" does not exist', details: { database: 'No such' } })
    t.match(step.advice, `CREATE DATABASE "No such" OWNER "${access.user}"`)
  })

  t.test('fails without the right to connect', async (t) => {
    const role = await createRole(t)
    await inDatabase(empty, `REVOKE CONNECT ON DATABASE ${empty.database} FROM PUBLIC`)
    t.teardown(() => inDatabase(empty, `GRANT CONNECT ON DATABASE ${empty.database} TO PUBLIC`))
    const step = await failedStep(t, targetOf(empty, role))
    t.match(step, { name: 'database', reason: `permission denied for database "${empty.database}"` })
    t.match(step.advice, `GRANT CONNECT ON DATABASE "${empty.database}" TO "${role.user}"`)
  })

  t.test('fails when it is closed', async (t) => {
    const server = await testServer(t)
    const alter = (allow: boolean): Promise<unknown> =>
      withAdmin(server, (admin) => admin.query(`ALTER DATABASE ${empty.database} ALLOW_CONNECTIONS ${allow}`))
    await alter(false)
    t.teardown(() => alter(true))
    const step = await failedStep(t, targetOf(empty))
    t.match(step, {
      name: 'database',
      reason: /is not currently accepting connections/,
      advice: /ALLOW_CONNECTIONS true/,
    })
  })
})

t.test('rights', async (t) => {
  t.test('looks at every schema that the migrations create', async (t) => {
    const client = new Client(access)
    await client.connect()
    const { rows } = await client
      .query(
        "SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^(pg_|public$|ashlar_ledger$|information_schema$)' ORDER BY 1",
      )
      .finally(() => client.end())
    t.same(
      await ownSchemas(),
      rows.map(({ name }) => name),
    )
  })

  t.test('fails for a role without any on the schemas', async (t) => {
    const role = await createRole(t)
    const step = await failedStep(t, targetOf(access, role))
    t.equal(step.name, 'rights')
    t.match(step.reason, new RegExp(`^role "${role.user}" lacks USAGE on schema .*agent.*core`))
    t.match(step.reason, 'SELECT, INSERT, UPDATE, DELETE on agent.')
    t.match(step.advice, 'GRANT USAGE ON SCHEMA')
  })

  t.test('names each right that is missing, and looks at the ledger too', async (t) => {
    const own = await createTestDatabase(t)
    const role = await createRole(t)
    t.teardown(() => inDatabase(own, `DROP OWNED BY ${role.user}`))
    const { advice } = await failedStep(t, targetOf(own, role))
    const [, statements = ''] = /`(.*)`/.exec(advice ?? '') ?? []
    await inDatabase(own, statements)
    for (const [revoked, reason] of [
      [`DELETE ON agent.template FROM ${role.user}`, 'DELETE on agent.template'],
      [`SELECT ON pgmigrations FROM ${role.user}`, 'SELECT on public.pgmigrations'],
      [`USAGE ON SCHEMA public FROM PUBLIC, ${role.user}`, 'USAGE on schema public'],
    ] as const) {
      await inDatabase(own, `REVOKE ${revoked}`)
      const step = await failedStep(t, targetOf(own, role))
      t.match(step, { name: 'rights', reason: `role "${role.user}" lacks ${reason}` })
      t.match(step.advice, 'GRANT SELECT ON public.pgmigrations TO')
      await inDatabase(own, statements)
    }
  })

  t.test('looks at a partitioned table, and not at its partitions', async (t) => {
    const own = await createTestDatabase(t)
    const role = await createRole(t)
    t.teardown(() => inDatabase(own, `DROP OWNED BY ${role.user}`))
    const { advice } = await failedStep(t, targetOf(own, role))
    const [, statements = ''] = /`(.*)`/.exec(advice ?? '') ?? []
    await inDatabase(own, statements)
    await inDatabase(
      own,
      'CREATE TABLE agent.log (id int) PARTITION BY LIST (id); CREATE TABLE agent.log_1 PARTITION OF agent.log DEFAULT',
    )
    const reason = `role "${role.user}" lacks SELECT, INSERT, UPDATE, DELETE on agent.log`
    t.equal((await failedStep(t, targetOf(own, role))).reason, reason)
  })

  t.test('takes a role that may write to a ledger that is there', async (t) => {
    const own = await createTestDatabase(t, null)
    const role = await createRole(t)
    t.teardown(() => inDatabase(own, `DROP OWNED BY ${role.user}`))
    await inDatabase(own, 'CREATE TABLE pgmigrations (id serial PRIMARY KEY, name varchar(255), run_on timestamp)')
    await inDatabase(
      own,
      `GRANT CREATE ON DATABASE ${own.database} TO ${role.user}; GRANT SELECT ON pgmigrations TO ${role.user}`,
    )
    const step = await failedStep(t, targetOf(own, role))
    t.match(step, { name: 'rights', reason: /may not write to public\.pgmigrations$/ })
    await inDatabase(own, `GRANT INSERT ON pgmigrations TO ${role.user}`)
    t.match(await failedStep(t, targetOf(own, role)), { name: 'migrations' })
  })

  t.test('fails where nothing is migrated and the role may not migrate', async (t) => {
    const role = await createRole(t)
    const step = await failedStep(t, targetOf(empty, role))
    t.match(step, { name: 'rights', reason: /may not create schemas in database/ })
    await inDatabase(empty, `GRANT CREATE ON DATABASE ${empty.database} TO ${role.user}`)
    t.teardown(() => inDatabase(empty, `DROP OWNED BY ${role.user}`))
    const ledger = await failedStep(t, targetOf(empty, role))
    t.match(ledger, { name: 'rights', reason: /may not create tables in schema public/ })
    const [, statements = ''] = /`(GRANT .*?)`/.exec(ledger.advice ?? '') ?? []
    await inDatabase(empty, statements)
    t.match(await failedStep(t, targetOf(empty, role)), { name: 'migrations' }, 'after the GRANTs of the advice')
  })
})

t.test('migrations', async (t) => {
  t.test('fails when none is applied', async (t) => {
    const step = await failedStep(t, targetOf(empty))
    t.match(step, {
      name: 'migrations',
      reason: 'the database is not migrated yet',
      advice: '`ashlar migrate up`',
      details: { applied: 0 },
    })
  })

  t.test('warns of those that this version does not know', async (t) => {
    const newer = await createTestDatabase(t)
    await inDatabase(newer, "INSERT INTO pgmigrations (name, run_on) VALUES ('9999_later', now())")
    const { ok, steps } = await check(t, targetOf(newer))
    t.equal(ok, true)
    t.match(steps.at(-1), {
      outcome: 'warning',
      reason: /9999_later$/,
      advice: /update ashlar/,
      details: { unknown: 1 },
    })
  })

  t.test('does not advise `up` where it would refuse', async (t) => {
    const mixed = await createTestDatabase(t)
    await inDatabase(
      mixed,
      "DELETE FROM pgmigrations WHERE id = (SELECT max(id) FROM pgmigrations); INSERT INTO pgmigrations (name, run_on) VALUES ('0000_gone', now())",
    )
    t.match(await failedStep(t, targetOf(mixed)), {
      name: 'migrations',
      reason: /^pending: .*; and `ashlar migrate up` would refuse: 0000_gone is applied, and there is no such file$/,
      advice: /^0000_gone: bring 0000_gone\.sql back .*; then `ashlar migrate up`$/,
    })
  })

  t.test('fails on those that are pending', async (t) => {
    const older = await createTestDatabase(t)
    await inDatabase(older, "DELETE FROM pgmigrations WHERE name LIKE '0002%'")
    t.match(await failedStep(t, targetOf(older)), { name: 'migrations', reason: /^pending: 0002_project_context; and/ })
    const role = await createRole(t)
    t.teardown(() => inDatabase(older, `DROP OWNED BY ${role.user}`))
    const { advice } = await failedStep(t, targetOf(older, role))
    const [, statements = ''] = /`(.*)`/.exec(advice ?? '') ?? []
    await inDatabase(older, statements)
    t.match(await failedStep(t, targetOf(older, role)), {
      name: 'migrations',
      reason: `pending: 0002_project_context, and role "${role.user}" may not apply them`,
      advice: `another role has to: \`ashlar migrate up\` with the URL of role "${older.user}", which applied those before`,
    })
  })
})

t.test('version', async (t) => {
  t.test('fails in time when the network dies after the login', async (t) => {
    const port = await startDyingNetwork(t, access.port)
    const step = await failedStep(t, targetOf({ ...access, port }), 1_000)
    t.match(step, { name: 'version', reason: 'no answer within 1000 ms' })
  })
})

t.test('leaves no connection behind', async (t) => {
  await check(t, targetOf(access))
  const server = await testServer(t)
  await until(() =>
    withAdmin(server, async (admin) => {
      const { rowCount } = await admin.query('SELECT FROM pg_stat_activity WHERE datname = $1', [access.database])
      return rowCount === 0
    }),
  )
})
