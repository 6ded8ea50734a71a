import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { findFreePort } from '../../src/embedded/free-port.js'
import { testServer } from '../fixtures/database.js'
import { roleName } from '../fixtures/role.js'
import { withAdmin } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'
import { run, start, urlOf } from './fixtures/command.js'

const server = await testServer(t)
const admin = { host: '127.0.0.1', ...server, database: 'postgres' }
const user = await roleName(t)
const target = { ...admin, user, password: 'canary 4711/@', database: `test_${randomBytes(6).toString('hex')}` }
t.teardown(() => withAdmin(server, (client) => client.query(`DROP DATABASE IF EXISTS ${target.database}`)))

t.test('init', async (t) => {
  t.test('says that an administrator is needed, and exits 1', async (t) => {
    const { code, stdout } = await run(t, ['init', '--url', urlOf(target)])
    t.equal(code, 1)
    t.match(stdout, /^ {2}FAIL role {8}password authentication failed/m)
    t.match(stdout, /^what to do: if the role does not exist yet, give --admin-url/m)
  })

  t.test('takes the host of the administrator, of several', async (t) => {
    const role = await roleName(t)
    const other = { ...target, user: role, database: `test_${randomBytes(6).toString('hex')}` }
    t.teardown(() => withAdmin(server, (client) => client.query(`DROP DATABASE IF EXISTS ${other.database}`)))
    const url = urlOf(other).replace('@127.0.0.1:', `@127.0.0.1:${await findFreePort(0)},127.0.0.1:`)
    const { code, stdout } = await run(t, ['init', '--url', url, '--admin-url', urlOf(admin)])
    t.equal(code, 0)
    t.match(stdout, `ok   server      host 127.0.0.1, port ${server.port}`)
    const migrated = await run(t, ['migrate', 'up', '--url', url])
    t.same([migrated.code, migrated.stdout], [0, 'nothing to apply\n'])
  })

  t.test('says of each step what it did', async (t) => {
    const { code, stdout, stderr } = await run(t, ['init', '--admin-url', urlOf(admin)], {
      env: { DATABASE_URL: urlOf(target) },
    })
    t.equal(code, 0)
    t.match(stderr, 'up 0001_core\n')
    const expected = [
      /^ {2}ok {3}server {6}host 127\.0\.0\.1, port \d+ \(/,
      /^ {2}ok {3}role {8}created, role test_role_\w+ \(/,
      /^ {2}ok {3}database {4}created, database test_\w+, owner test_role_\w+ \(/,
      /^ {2}ok {3}schema {6}created, migrations \d+, applied \d+ \(/,
      /^ {2}ok {3}rights {6}schemas .*agent core/,
    ]
    const lines = stdout.trimEnd().split('\n')
    t.equal(lines.length, expected.length)
    for (const [index, pattern] of expected.entries()) t.match(lines[index], pattern)
    t.notMatch(stdout + stderr, 'canary')
  })

  t.test('finds everything the second time; ASHLAR_ADMIN_URL names the administrator too', async (t) => {
    const { code, stdout, stderr } = await run(t, ['init', '--json'], {
      env: { ...variablesOf(target), ASHLAR_ADMIN_URL: urlOf(admin) },
    })
    t.same([code, stderr], [0, ''])
    const { ok, steps } = JSON.parse(stdout)
    t.equal(ok, true)
    t.same(
      steps.map(({ name, outcome }: Record<string, string>) => [name, outcome]),
      [
        ['server', 'ok'],
        ['role', 'exists'],
        ['database', 'exists'],
        ['schema', 'exists'],
        ['rights', 'ok'],
      ],
    )
  })

  t.test("the application's password is not read as the administrator's", async (t) => {
    const adminUrl = `postgres://${admin.user}@${admin.host}:${admin.port}/postgres`
    const { code, stdout } = await run(t, ['init'], {
      env: { ...variablesOf(target), PGPASSWORD: admin.password, ASHLAR_ADMIN_URL: adminUrl },
    })
    t.equal(code, 1)
    t.match(stdout, /^ {2}FAIL role {8}connecting by --admin-url: the server asks for a password, and none was given/m)
    t.match(stdout, /^what to do: correct user and password of --admin-url/m)
  })

  t.test('shows each step as it ends', async (t) => {
    const holder = new Client({ ...admin, database: target.database })
    await holder.connect()
    t.teardown(() => holder.end())
    await holder.query('BEGIN')
    await holder.query('LOCK TABLE pgmigrations')
    const command = start(t, ['init', '--admin-url', urlOf(admin)], { env: { DATABASE_URL: urlOf(target) } })
    await until(() => command.output().includes('  ok   database'))
    t.notMatch(command.output(), 'schema')
    await holder.query('ROLLBACK')
    t.equal((await command.ended).code, 0)
  })

  t.test('ASHLAR_ADMIN_URL does not trouble other commands', async (t) => {
    const { code } = await run(t, ['check'], {
      env: { DATABASE_URL: urlOf(target), ASHLAR_ADMIN_URL: urlOf(admin) },
    })
    t.equal(code, 0)
  })

  t.test('says which of the two URLs cannot be used', async (t) => {
    for (const [args, env, says] of [
      [['--admin-url', 'mysql://a@b/c'], {}, 'error --admin-url is of scheme mysql:'],
      [[], { ASHLAR_ADMIN_URL: 'postgres://a@b/c?ssl=1' }, 'error ASHLAR_ADMIN_URL parameter ssl is unknown'],
      [['--admin-url', 'postgres://a@b,c/d'], {}, 'error --admin-url is a list of 2 hosts'],
      [['--admin-url', 'embedded:./x'], {}, 'error --admin-url is an embedded server'],
    ] as const) {
      const { code, stdout, stderr } = await run(t, ['init', '--url', urlOf(target), ...args], { env })
      t.same([code, stdout], [1, ''])
      t.match(stderr, says)
    }
  })
})

t.test('init of an embedded server', async (t) => {
  t.test('starts it, migrates it, and says that the data stays', async (t) => {
    const folder = join(t.testdir({}), 'server')
    for (const outcome of ['created', 'exists']) {
      const { code, stdout, stderr } = await run(t, ['init', '--url', `embedded:${folder}`])
      t.equal(code, 0)
      t.match(stdout, new RegExp(`^ {2}ok {3}schema {6}${outcome}, `, 'm'))
      t.match(stderr, `The data stays in ${folder}`)
    }
  })

  t.test('refuses one that does not stay, and an administrator', async (t) => {
    const temp = await run(t, ['init', '--url', 'embedded:temp'])
    t.equal(temp.code, 1)
    t.match(temp.stderr, 'url is embedded:temp, but must be a database that stays')
    const managed = await run(t, ['init', '--url', 'embedded:./x', '--admin-url', urlOf(admin)])
    t.equal(managed.code, 1)
    t.match(managed.stderr, '--admin-url is given, but must be left out')
  })
})

function variablesOf({ host, port, user: role, password, database }: typeof target): Record<string, string> {
  return { PGHOST: host, PGPORT: String(port), PGUSER: role, PGPASSWORD: password, PGDATABASE: database }
}
