import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import type { ServerTarget } from '../../src/config.js'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { type ProvisionReport, provision } from '../../src/provision/provision.js'
import { Secret } from '../../src/secret.js'
import { startProxy } from '../check/fixtures/servers.js'
import { testServer } from '../fixtures/database.js'
import { startDebianServer } from '../fixtures/debian-server.js'
import { createRole, roleName } from '../fixtures/role.js'
import { type ServerAccess, target, withAdmin } from '../fixtures/template.js'

const server = await testServer(t)
const admin = target(server, 'postgres')
const limits = { connectTimeoutMs: 5_000, answerTimeoutMs: 5_000, commandTimeoutMs: 60_000 }

/** Names a database that is dropped at the end of `t`. */
function databaseName(t: Test, access: ServerAccess = server): string {
  const database = `test_${randomBytes(6).toString('hex')}`
  t.teardown(() => withAdmin(access, (client) => client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)))
  return database
}

/** What an application would use: a role and a database that are not there yet. */
async function newTarget(t: Test): Promise<ServerTarget> {
  // The role first: what it owns is then gone when it is dropped.
  const user = await roleName(t)
  return { ...admin, user, password: new Secret(`canary-${user}`), database: databaseName(t) }
}

async function init(t: Test, to: ServerTarget, by: ServerTarget | null): Promise<ProvisionReport> {
  const report = await provision(to, { admin: by, limits, onMigration: () => {} })
  for (const secret of [to, by].flatMap((each) => each?.password?.reveal() ?? [])) {
    t.notOk(inspect(report, { depth: null }).includes(secret), 'shows no password')
  }
  return report
}

function outcomes({ steps }: ProvisionReport): Readonly<Record<string, string>> {
  return Object.fromEntries(steps.map(({ name, outcome }) => [name, outcome]))
}

/** Gives the one row of a query, in the target's database as the superuser. */
async function ask(to: ServerTarget, sql: string, access: ServerAccess = server): Promise<Record<string, unknown>> {
  const client = new Client({ ...access, host: '127.0.0.1', database: to.database })
  await client.connect()
  const { rows } = await client.query(sql).finally(() => client.end())
  return rows[0]
}

const done = { server: 'ok', role: 'created', database: 'created', schema: 'created', rights: 'ok' }
const existing = { server: 'ok', role: 'exists', database: 'exists', schema: 'exists', rights: 'ok' }

t.test('with an administrator', async (t) => {
  t.test('makes role, database and schema, and finds them at the second time', async (t) => {
    const to = await newTarget(t)
    t.same(outcomes(await init(t, to, admin)), done)
    t.same(outcomes(await init(t, to, admin)), existing)
    t.same(outcomes(await init(t, to, null)), existing, 'without the administrator too')
    const facts = await ask(
      to,
      `SELECT pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding,
         (SELECT tableowner FROM pg_tables WHERE schemaname = 'agent' AND tablename = 'project_context') AS table_owner,
         (SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = '${to.user}') AS is_mighty
       FROM pg_database WHERE datname = current_database()`,
    )
    t.same(facts, { owner: to.user, encoding: 'UTF8', table_owner: to.user, is_mighty: false })
  })

  t.test('takes names that have to be quoted', async (t) => {
    const plain = await newTarget(t)
    const to = { ...plain, user: `${plain.user} "O'Neil"; --`, database: `${plain.database} "x' y` }
    t.teardown(() =>
      withAdmin(server, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(to.database)}`)
        await client.query(`DROP ROLE IF EXISTS ${client.escapeIdentifier(to.user)}`)
      }),
    )
    t.same(outcomes(await init(t, to, admin)), done)
    t.same(outcomes(await init(t, to, admin)), existing)
  })

  t.test('ends well when two do it at once', async (t) => {
    const to = await newTarget(t)
    const reports = await Promise.all([1, 2, 3].map(() => init(t, to, admin)))
    t.same(
      reports.map(({ ok }) => ok),
      [true, true, true],
      inspect(reports, { depth: 4 }),
    )
    for (const name of ['role', 'database', 'schema']) {
      const made = reports.flatMap(({ steps }) => steps).filter((step) => step.name === name)
      t.equal(made.filter(({ outcome }) => outcome === 'created').length, 1, name)
    }
  })

  t.test('grants what the role lacks on the database of another', async (t) => {
    const to = await newTarget(t)
    await withAdmin(server, async (client) => {
      await client.query(`CREATE DATABASE ${to.database}`)
      await client.query(`REVOKE CONNECT ON DATABASE ${to.database} FROM PUBLIC`)
    })
    const report = await init(t, to, admin)
    t.same(outcomes(report), { ...done, database: 'granted' })
    t.match(report.steps[2], { details: { owner: server.user, rights: 'CONNECT, CREATE, CREATE on public' } })
    t.same(outcomes(await init(t, to, admin)), existing)
  })

  t.test('grants the use of a database that another role migrated', async (t) => {
    const first = await newTarget(t)
    await init(t, first, admin)
    const second = { ...(await newTarget(t)), database: first.database }
    const report = await init(t, second, admin)
    t.same(outcomes(report), { ...existing, role: 'created', database: 'granted' })
    t.match(report.steps[2]?.details.rights, /^USAGE ON SCHEMA .*"agent".*, SELECT, INSERT, .*, SELECT ON public\.pgmi/)
    t.same(outcomes(await init(t, second, admin)), existing)
    const { may_create } = await ask(
      second,
      `SELECT has_database_privilege('${second.user}', current_database(), 'CREATE') AS may_create`,
    )
    t.equal(may_create, false, 'and no more than that')
    await ask(first, `DROP OWNED BY ${second.user}`)
  })

  t.test('leaves what is pending on the database of another to that one', async (t) => {
    const first = await newTarget(t)
    await init(t, first, admin)
    await ask(first, "DELETE FROM pgmigrations WHERE name LIKE '0002%'")
    const second = { ...(await newTarget(t)), database: first.database }
    const { steps } = await init(t, second, admin)
    t.match(steps[3], {
      name: 'schema',
      outcome: 'failed',
      reason: `pending: 0002_project_context, and role "${second.user}" may not apply them`,
    })
    t.match(steps[3]?.advice, `\`ashlar migrate up\` with the URL of role "${first.user}"`)
    await ask(first, `DROP OWNED BY ${second.user}`)
  })

  t.test('grants on the schema public where it is not of the owner of the database', async (t) => {
    const to = await newTarget(t)
    await withAdmin(server, async (client) => {
      await client.query(`CREATE ROLE ${to.user} LOGIN PASSWORD '${to.password?.reveal()}'`)
      await client.query(`CREATE DATABASE ${to.database} OWNER ${to.user}`)
    })
    await ask(to, `ALTER SCHEMA public OWNER TO ${server.user}`)
    const report = await init(t, to, admin)
    t.same(outcomes(report), { ...done, role: 'exists', database: 'granted' })
    t.match(report.steps[2]?.details, { owner: to.user, rights: 'CREATE on public' })
  })

  t.test('ends well when two grant at once', async (t) => {
    const to = await newTarget(t)
    await withAdmin(server, (client) => client.query(`CREATE DATABASE ${to.database}`))
    const reports = await Promise.all([1, 2, 3].map(() => init(t, to, admin)))
    t.same(
      reports.map(({ ok }) => ok),
      [true, true, true],
      inspect(reports, { depth: 4 }),
    )
  })

  t.test('keeps the password of a role that exists, and says so', async (t) => {
    const to = await newTarget(t)
    await init(t, to, admin)
    const report = await init(t, { ...to, password: new Secret('another-canary') }, admin)
    t.match(report.steps[3], { name: 'schema', outcome: 'failed', reason: /exists, and cannot log in with the given/ })
    t.match(report.steps[3]?.advice, `\`\\password ${to.user}\` in psql`)
    t.same(outcomes(await init(t, to, admin)), existing)
  })

  t.test('does not open a role that may not log in', async (t) => {
    const { user, password } = await createRole(t, 'NOLOGIN')
    const to = { ...admin, user, password: new Secret(password), database: databaseName(t) }
    t.match((await init(t, to, admin)).steps[1], {
      outcome: 'failed',
      reason: /may not log in$/,
      advice: new RegExp(`ALTER ROLE "${user}" LOGIN`),
    })
  })

  t.test('asks for the password that a new role shall have', async (t) => {
    const to = { ...(await newTarget(t)), password: null }
    t.match((await init(t, to, admin)).steps[1], { outcome: 'failed', reason: /no password was given to create it/ })
  })

  t.test('says what the administrator lacks', async (t) => {
    const to = await newTarget(t)
    const weak = await createRole(t)
    const by = { ...admin, user: weak.user, password: new Secret(weak.password) }
    t.match((await init(t, to, by)).steps[1], {
      outcome: 'failed',
      reason: 'the role of --admin-url may not create roles',
    })
    await withAdmin(server, (client) => client.query(`CREATE ROLE ${to.user} LOGIN`))
    t.match((await init(t, to, by)).steps[2], { outcome: 'failed', reason: /may not create databases$/ })
    await withAdmin(server, (client) => client.query(`CREATE DATABASE ${to.database}`))
    const report = await init(t, to, by)
    t.match(report.steps[2], {
      outcome: 'failed',
      reason: 'the role of --admin-url may not grant CREATE, CREATE on public',
    })
    t.match(report.steps[2]?.advice, `as "${server.user}", the database's owner`)
  })

  t.test('says when the administrator cannot connect', async (t) => {
    const to = await newTarget(t)
    const report = await init(t, to, { ...admin, password: new Secret('canary-4711') })
    t.match(report.steps[1], {
      outcome: 'failed',
      reason: /^connecting by --admin-url: password authentication failed/,
      advice: /^correct user and password of --admin-url/,
    })
    const nowhere = await init(t, to, { ...admin, database: 'no such' })
    t.match(nowhere.steps[1], {
      outcome: 'failed',
      reason: 'connecting by --admin-url: database "no such" does not exist',
      advice: /^name a database in --admin-url that exists/,
    })
  })

  t.test("says when the administrator's server cannot be reached", async (t) => {
    const to = await newTarget(t)
    for (const [changes, reason] of [
      [{ port: 1 }, /^--admin-url: port: nothing listens on 127\.0\.0\.1 port 1 /],
      [{ host: 'no-such-host.invalid' }, /^--admin-url: name: .*no-such-host\.invalid/],
    ] as const) {
      const { steps } = await init(t, to, { ...admin, ...changes })
      t.match(steps[0], { name: 'server', outcome: 'failed', reason, advice: /^correct --admin-url, which must name / })
    }
  })

  t.test('does nothing on another server than the one of the target', async (t) => {
    const to = await newTarget(t)
    const another = await startEmbeddedServer({ folder: 'temp' })
    t.teardown(() => another.close())
    const { steps } = await init(t, to, target(another, 'postgres'))
    t.match(steps[0], {
      name: 'server',
      outcome: 'failed',
      reason: `--admin-url and --url are of different servers (127.0.0.1 port ${another.port}, 127.0.0.1 port ${server.port})`,
    })
  })

  t.test('takes two ways to one server, once the role can log in', async (t) => {
    const to = await newTarget(t)
    await init(t, to, admin)
    const port = await startProxy(t, server.port)
    t.same(outcomes(await init(t, to, { ...admin, port })), existing)
    t.same(outcomes(await init(t, { ...to, host: 'localhost' }, admin)), existing)
  })

  t.test('says what `check` says when the server cannot be reached', async (t) => {
    const report = await init(t, { ...(await newTarget(t)), port: 1 }, { ...admin, port: 1 })
    t.match(report.steps[0], { outcome: 'failed', reason: /^port: nothing listens on 127\.0\.0\.1 port 1/ })
    t.ok(report.steps.slice(1).every(({ outcome }) => outcome === 'skipped'))
  })
})

t.test('with an administrator who is no superuser', async (t) => {
  t.test('makes the role the owner, and does not stay its member', async (t) => {
    const to = await newTarget(t)
    const { user, password } = await createRole(t, 'LOGIN CREATEROLE CREATEDB')
    const by = { ...admin, user, password: new Secret(password) }
    t.same(outcomes(await init(t, to, by)), done)
    t.same(outcomes(await init(t, to, by)), existing)
    const { may_set } = await ask(to, `SELECT pg_has_role('${user}', '${to.user}', 'SET') AS may_set`)
    t.equal(may_set, false)
  })

  t.test('ends well when two do it at once', async (t) => {
    const to = await newTarget(t)
    const { user, password } = await createRole(t, 'LOGIN CREATEROLE CREATEDB')
    const by = { ...admin, user, password: new Secret(password) }
    const reports = await Promise.all([1, 2, 3].map(() => init(t, to, by)))
    t.same(
      reports.map(({ ok }) => ok),
      [true, true, true],
      inspect(reports, { depth: 4 }),
    )
  })

  t.test('says what it lacks on a role that it did not create', async (t) => {
    const to = await newTarget(t)
    await withAdmin(server, (client) => client.query(`CREATE ROLE ${to.user} LOGIN`))
    const { user, password } = await createRole(t, 'LOGIN CREATEROLE CREATEDB')
    const { steps } = await init(t, to, { ...admin, user, password: new Secret(password) })
    t.match(steps[2], { name: 'database', outcome: 'failed', reason: /which it did not create: permission denied to/ })
    t.match(steps[2]?.advice, `\`GRANT "${to.user}" TO "${user}" WITH ADMIN OPTION\``)
  })

  t.test('does so on PostgreSQL 15 too', async (t) => {
    const debian = await startDebianServer(t)
    if (debian === null) {
      t.comment('no PostgreSQL of the operating system')
      return
    }
    const access = { port: debian.port, user: 'ashlar', password: 'unused-1' }
    await withAdmin(access, (client) => client.query('CREATE ROLE manager LOGIN CREATEROLE CREATEDB'))
    const by = { ...target(access, 'postgres'), user: 'manager' }
    const to = { ...by, user: 'app', database: 'shop' }
    t.same(outcomes(await init(t, to, by)), done)
    t.same(outcomes(await init(t, to, by)), existing)
    const { is_member } = await ask(to, "SELECT pg_has_role('manager', 'app', 'MEMBER') AS is_member", access)
    t.equal(is_member, false)
  })
})

t.test('without an administrator', async (t) => {
  t.test('creates the database when the role may', async (t) => {
    const { user, password } = await createRole(t, 'LOGIN CREATEDB')
    const to = { ...admin, user, password: new Secret(password), database: databaseName(t) }
    t.same(outcomes(await init(t, to, null)), { ...done, role: 'exists' })
    t.same(outcomes(await init(t, to, null)), existing)
  })

  t.test('asks for one when the role may not', async (t) => {
    const { user, password } = await createRole(t)
    const to = { ...admin, user, password: new Secret(password), database: databaseName(t) }
    t.match((await init(t, to, null)).steps[2], {
      outcome: 'failed',
      reason: /does not exist, and the role may not create databases$/,
      advice: /--admin-url/,
    })
  })

  t.test('asks for one when the role cannot log in', async (t) => {
    const report = await init(t, await newTarget(t), null)
    t.match(report.steps[1], { outcome: 'failed', advice: /^if the role does not exist yet, give --admin-url/ })
  })

  t.test('names the GRANTs when the role may not migrate', async (t) => {
    const { user, password } = await createRole(t)
    const database = databaseName(t)
    await withAdmin(server, (client) => client.query(`CREATE DATABASE ${database}`))
    const report = await init(t, { ...admin, user, password: new Secret(password), database }, null)
    t.match(report.steps[3], { name: 'schema', outcome: 'failed', advice: /GRANT CONNECT, CREATE ON DATABASE/ })
  })
})

t.test('the new database', async (t) => {
  t.test("is UTF8 and empty, whatever the server's templates are", async (t) => {
    const odd = await startEmbeddedServer({ folder: 'temp' })
    t.teardown(() => odd.close())
    const access = { port: odd.port, user: odd.user, password: odd.password }
    const by = target(access, 'postgres')
    await ask({ ...by, database: 'template1' }, 'CREATE TABLE left_over ()', access)
    await ask(by, "UPDATE pg_database SET encoding = 0 WHERE datname = 'template0'", access)
    const to = { ...by, user: 'app', password: new Secret('canary-4711'), database: 'shop' }
    t.same(outcomes(await init(t, to, by)), done)
    const facts = await ask(
      to,
      `SELECT pg_encoding_to_char(encoding) AS encoding, to_regclass('left_over') AS left_over
       FROM pg_database WHERE datname = current_database()`,
      access,
    )
    t.same(facts, { encoding: 'UTF8', left_over: null })
  })
})

t.test('the log of the server', async (t) => {
  t.test('never has the password', async (t) => {
    const logging = await startEmbeddedServer({ folder: 'temp', settings: { log_statement: 'all' } })
    t.teardown(() => logging.close())
    const { port, user, password, folder } = logging
    const by = target({ port, user, password }, 'postgres')
    const to = { ...by, user: 'app', password: new Secret('canary-4711'), database: 'shop' }
    t.same(outcomes(await init(t, to, by)), done)
    const log = readFileSync(join(folder, 'server.log'), 'utf8')
    t.match(log, 'CREATE ROLE "app" LOGIN')
    t.notMatch(log, 'canary-4711')
  })
})
